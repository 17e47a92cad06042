"""What one takes along: answers and what recipes find, in every format."""

import json

import pytest
from playwright.sync_api import expect

FORMATS = ["srt", "vtt", "csv", "json", "md", "edl", "otio"]


@pytest.fixture
def page(visit, memory):
    """A tab on the film, of which something was asked."""
    visit.api("POST", f"/v1/memories/{memory['id']}/ask", question="What picture was inserted?")
    page = visit.open(f"/?memory={memory['id']}")
    expect(page.locator(".exchange").first).to_be_visible()
    return page


def text_of(download):
    return download.path().read_text(encoding="utf-8")


def test_answers_are_exported_in_every_format(page):
    """The answers come as a file of the chosen format, named for it."""
    for name in FORMATS:
        page.get_by_role("button", name="Export answers").click()
        with page.expect_download() as download:
            page.locator("#export").get_by_role("button", name=name.upper(), exact=True).click()
            if name == "edl":  # whose timecode needs a rate; the film's 10 frames a second are none
                page.get_by_role("dialog").get_by_label("Frames a second").press("Enter")
        assert download.value.suggested_filename.endswith(f".{name}")
        assert "blowfish" in text_of(download.value)


def test_a_recipe_finds_chapters_to_jump_to_and_to_save(page):
    """Chapters stand among the answers and on the timeline; they can be saved, outlive a reload, and be closed."""
    page.get_by_role("button", name="Recipes").click()
    page.locator("#recipes").get_by_role("button", name="Chapters").click()
    chapters = page.locator(".exchange", has_text="Chapters")
    expect(chapters.locator(".marker").nth(1)).to_be_visible()
    count = chapters.locator(".marker").count()
    expect(page.locator(".mark")).to_have_count(count)
    chapters.locator(".marker").nth(1).click()
    assert page.evaluate("() => document.querySelector('video').currentTime") > 0
    with page.expect_download() as download:
        chapters.get_by_role("button", name="Save Chapters as json").click()
    assert len(json.loads(text_of(download.value))["markers"]) == count
    page.reload()
    expect(chapters.locator(".marker")).to_have_count(count)
    chapters.get_by_role("button", name="Close Chapters").click()
    expect(chapters).to_have_count(0)
    page.reload()
    expect(page.locator(".exchange").first).to_be_visible()
    expect(chapters).to_have_count(0)


def test_a_recipe_that_looks_for_something_asks_what(page):
    """Highlights ask what to look for; what they find is headed by it."""
    page.get_by_role("button", name="Recipes").click()
    page.locator("#recipes").get_by_role("button", name="Highlights").click()
    page.get_by_role("dialog").get_by_label("What to look for").fill("blowfish")
    page.keyboard.press("Enter")
    found = page.locator(".exchange", has_text="Highlights: blowfish")
    expect(found.locator(".marker, .reply-note").first).to_be_visible()
