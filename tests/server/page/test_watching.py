"""A film while it is watched: how far, asked already, through a reload and a restart of the server."""

import re

import pytest
from playwright.sync_api import expect

COUNT = re.compile(r"([\d,]+) of 60,000 frames")


@pytest.fixture
def watched_page(visit, watch, long_film):
    """A tab on a film of which some is watched."""
    memory = watch(long_film, waits=False, fps=10)
    page = visit.open(f"/?memory={memory['id']}")
    expect(page.locator("#ask-note")).to_contain_text("You can ask already")
    return page


def frames(page):
    """How many frames the page says are watched."""
    line = page.locator(".watching-line")
    expect(line).to_contain_text(COUNT)
    return int(COUNT.search(line.inner_text()).group(1).replace(",", ""))


def test_progress_has_frames_rate_and_time_left(watched_page):
    """One sees the share, the frames, the frames a second and about how long it takes; they grow."""
    line = watched_page.locator(".watching-line")
    expect(line).to_contain_text(re.compile(r"Watching, \d+ %"))
    expect(line).to_contain_text(
        re.compile(r"[\d,]+ of 60,000 frames . [\d.]+ frames/s . \d+\s(s|min|h)\s(\d+\smin\s)?left")
    )
    before = frames(watched_page)
    expect(line).not_to_contain_text(f"{before:,} of")
    assert frames(watched_page) > before
    expect(watched_page.locator(".watching progress")).to_have_attribute("aria-label", re.compile("Watching"))


def test_a_film_is_asked_while_it_is_watched(watched_page):
    """An answer comes while watching goes on, and says up to which time it knows the film."""
    watched_page.get_by_label("Ask about the video").fill("What picture was inserted?")
    watched_page.keyboard.press("Enter")
    reply = watched_page.locator(".exchange").last
    expect(reply.locator(".reply-cost")).to_contain_text("rows read")
    expect(reply).to_contain_text(re.compile(r"Answered when the first \d+:\d\d were watched"))
    expect(watched_page.locator(".watching-line")).to_contain_text("frames/s")
    expect(watched_page.locator(".unwatched")).to_be_visible()


def test_a_reload_in_the_middle_shows_the_same_film(watched_page):
    """After a reload the film is there again, watched on, with the answers it has given."""
    watched_page.get_by_label("Ask about the video").fill("When is it inserted?")
    watched_page.keyboard.press("Enter")
    expect(watched_page.locator(".reply-cost")).to_have_count(1)
    before = frames(watched_page)
    watched_page.reload()
    expect(watched_page.locator(".exchange")).to_contain_text("When is it inserted?")
    expect(watched_page.locator(".watching-line")).to_contain_text("frames/s")
    assert frames(watched_page) >= before


def test_a_restart_of_the_server_is_survived(watched_page, page_server):
    """While the server is away the page says so; when it is back, watching goes on where it was, and asking works."""
    before = frames(watched_page)
    page_server.stop()
    expect(watched_page.locator("#connection")).to_contain_text("The server does not answer")
    page_server.start()
    expect(watched_page.locator("#connection")).to_be_empty()
    expect(watched_page.locator(".watching-line")).to_contain_text("frames/s")
    page_server.wait_until_ready()
    watched_page.get_by_label("Ask about the video").fill("What picture was inserted?")
    watched_page.keyboard.press("Enter")
    expect(watched_page.locator(".reply-cost")).to_have_count(1)
    assert frames(watched_page) >= before // 2


def test_a_film_that_fails_says_why(visit, watch, long_film):
    """A film that cannot be watched shows the reason in one sentence, and the way to try again."""
    memory = watch(long_film, waits=False)
    page = visit.open(f"/?memory={memory['id']}")
    page.route(
        f"**/v1/memories/{memory['id']}",
        lambda route: route.fulfill(json={**memory, "state": "failed", "why": "harbours.mp4 ends in its middle."}),
    )
    page.reload()
    expect(page.locator(".watching")).to_contain_text("harbours.mp4 ends in its middle.")
    expect(page.get_by_role("button", name="Watch it again")).to_be_visible()


def test_an_unknown_memory_is_said_and_left(visit):
    """An address of a memory that is not there leads to the start, with a sentence."""
    page = visit.open("/?memory=0123456789abcdef")
    expect(page.get_by_role("alert")).to_contain_text("There is no such memory any more")
    expect(page.get_by_role("heading", level=1, name="Watch once.")).to_be_visible()
    expect(page).to_have_url(visit.url + "/")
