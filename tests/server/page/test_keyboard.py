"""Everything without a pointer."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(visit, memory):
    """A tab on the film."""
    page = visit.open(f"/?memory={memory['id']}")
    expect(page.locator("#film-facts")).to_contain_text("kept as")
    return page


def test_a_film_is_found_asked_and_jumped_in_by_keys_alone(visit, memory):
    """From the start page: search, open, ask, go to a moment, without a pointer."""
    page = visit.open()
    expect(page.locator(".entry").first).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("harbour")
    expect(page.locator("#library-note")).to_contain_text("1 video,")
    page.keyboard.press("Tab")
    expect(page.locator(".entry-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("What picture was inserted?")
    page.keyboard.press("Enter")
    expect(page.locator(".exchange").last.locator(".moment").first).to_be_visible()
    page.get_by_label("Ask about the video").blur()
    page.keyboard.press("n")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", re.compile("4[89]|5"))


def test_single_keys_move_the_player(page):
    """j and l go ten seconds, the brackets an interval, k plays and stops."""
    slider = page.get_by_role("slider")
    for key, seconds in [("l", 10), ("l", 20), ("j", 10), ("]", 16), ("[", 8)]:
        page.keyboard.press(key)
        expect(slider).to_have_attribute("aria-valuenow", f"{seconds:.1f}")
    page.keyboard.press("k")
    expect(page.locator("video")).to_have_js_property("paused", False)
    page.keyboard.press("k")
    expect(page.locator("video")).to_have_js_property("paused", True)


def test_help_lists_the_keys_and_can_switch_them_off(page):
    """? opens the help; without single keys none of them does anything, and a reload remembers it."""
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Keyboard shortcuts and help")).to_have_count(1)
    page.reload()
    expect(page.locator("#film-facts")).to_contain_text("kept as")
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts and help").click()
    expect(dialog.get_by_label("Single keys are shortcuts")).not_to_be_checked()


def test_letters_that_are_typed_are_no_shortcuts(page):
    """In a field every key writes."""
    box = page.get_by_label("Ask about the video")
    box.focus()
    page.keyboard.type("jack's /?")
    expect(box).to_have_value("jack's /?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_menu_is_gone_through_by_arrows_and_left_by_escape(page):
    """Arrows move in a menu, Escape closes it and the focus is where it was."""
    button = page.get_by_role("button", name="Recipes")
    button.focus()
    page.keyboard.press("Enter")
    choices = page.locator("#recipes .menu-panel button")
    expect(choices.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(choices.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(choices.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#recipes .menu-panel")).to_be_hidden()
    expect(button).to_be_focused()


def test_the_first_tab_leads_past_the_library(page):
    """The skip link takes the focus to the film."""
    page.get_by_role("heading", level=1).evaluate("(heading) => heading.blur()")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
