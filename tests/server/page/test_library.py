"""The library: searched, renamed, deleted; the same in every tab."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def short(watch):
    """A memory of eight seconds, to be changed."""
    return watch(title="eight seconds", start=40, end=48)


def entry(page, title):
    return page.locator(".entry", has_text=title)


def do(page, title, action):
    """Choose from what can be done with an entry."""
    page.get_by_role("button", name=f"What to do with {title}").click()
    page.locator(".menu-panel").get_by_text(action, exact=True).click()


def test_a_memory_is_renamed_in_every_tab(visit, short):
    """A new title stands in the library and over the film, here and in another tab."""
    page, other = visit.open(), visit.open(f"/?memory={short['id']}")
    expect(other.get_by_role("heading", level=1)).to_have_text("eight seconds")
    do(page, "eight seconds", "Rename")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_have_value("eight seconds")
    dialog.get_by_label("Title").fill("the harbour wall")
    dialog.get_by_label("Title").press("Enter")
    expect(entry(page, "the harbour wall")).to_be_visible()
    expect(other.get_by_role("heading", level=1)).to_have_text("the harbour wall")
    expect(entry(other, "the harbour wall")).to_be_visible()


def test_a_film_has_a_picture_as_soon_as_an_interval_is_kept(visit, watch, long_film):
    """While frames are watched and no interval is kept, no picture is asked for; then there is one, and it is shown."""
    page = visit.open()
    missing = []
    page.on("response", lambda response: response.status == 404 and missing.append(response.url))

    def keep_nothing(route):
        listed = route.fetch().json()
        for memory in listed["data"]:
            memory.update(state="watching", num_intervals=0, progress={"frames": 600, "total": 60000})
        route.fulfill(json=listed)

    page.route("**/v1/memories?*", keep_nothing)
    watch(long_film, title="harbours", waits=False, fps=10)
    row = entry(page, "harbours")
    expect(row.locator(".entry-facts")).to_have_text("1 % watched")
    expect(row.locator("img")).not_to_have_attribute("src", re.compile("."))
    page.unroute("**/v1/memories?*")
    expect(row.locator("img")).to_have_attribute("src", re.compile(r"thumbnails/0\.jpg"))
    page.wait_for_function("image => image.naturalWidth > 0", arg=row.locator("img").element_handle())
    assert missing == []


def test_a_memory_is_deleted_only_when_one_is_sure(visit, short):
    """Deleting asks first; Escape keeps it; confirmed, it is gone, and a tab that shows it says so."""
    page, other = visit.open(), visit.open(f"/?memory={short['id']}")
    expect(other.get_by_role("heading", level=1)).to_have_text("eight seconds")
    do(page, "eight seconds", "Delete")
    page.keyboard.press("Escape")
    expect(entry(page, "eight seconds")).to_be_visible()
    do(page, "eight seconds", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(entry(page, "eight seconds")).to_have_count(0)
    expect(other.get_by_role("alert")).to_contain_text("There is no such memory any more")
    expect(other.get_by_role("heading", level=1, name="Watch once.")).to_be_visible()


def test_search_finds_titles_and_answers(visit, memory, short):
    """Words find titles, and moments whose question or answer has them; one of those opens the film there."""
    visit.api("POST", f"/v1/memories/{memory['id']}/ask", question="What picture was inserted?")
    page = visit.open()
    search = page.get_by_role("searchbox")
    search.fill("eight")
    expect(entry(page, "eight seconds")).to_be_visible()
    expect(entry(page, "harbour")).to_have_count(0)
    search.fill("blowfish")
    hit = page.locator(".hit", has_text="0:48").first
    hit.click()
    expect(page).to_have_url(re.compile(f"memory={memory['id']}&t=4"))
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", re.compile("4[89]|5"))
    search.fill("no such word at all")
    expect(page.locator("#library-note")).to_contain_text(re.compile("Nothing fits|0 videos"))


def test_back_and_forward_go_from_film_to_film(visit, memory, short):
    """The address says what is shown: the browser's own buttons work, and so does a link in a new tab."""
    page = visit.open()
    entry(page, "eight seconds").locator(".entry-link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("eight seconds")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(entry(page, "eight seconds").locator("a")).to_have_attribute("aria-current", "page")
    entry(page, "harbour").locator(".entry-link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("harbour.mp4")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("eight seconds")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("harbour.mp4")
    with visit.context.expect_page() as opened:
        entry(page, "eight seconds").locator(".entry-link").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("eight seconds")


def test_a_memory_without_its_video_shows_pictures(visit, short):
    """Where the video cannot be had any more, the pictures of the intervals stand in for it, and jumping works."""
    page = visit.open(f"/?memory={short['id']}")
    gone = {**short, "has_video": False, "sources": [{**short["sources"][0], "has_video": False}]}
    page.route(f"**/v1/memories/{short['id']}", lambda route: route.fulfill(json=gone))
    page.reload()
    expect(page.locator(".player-note")).to_have_text(
        "The video itself is not kept here. Pictures of its intervals are shown."
    )
    still = page.locator(".player-still")
    expect(still).to_have_js_property("complete", True)
    assert still.evaluate("(image) => image.naturalWidth") > 0
    page.get_by_role("slider").press("Home")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "0.0")
