"""On a phone, at twice the size, in the dark, without motion: nothing is cut off, all can be read and reached."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

SHAPES = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "small phone": {"viewport": {"width": 320, "height": 568}, "is_mobile": True, "has_touch": True},
    "200 %": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},  # of a window of 1280 x 800
    "tablet": {"viewport": {"width": 820, "height": 1180}},
}


def opened(visit, memory, *, compare=None):
    """A tab on the film with an answer."""
    page = visit.open(f"/?memory={memory['id']}" + (f"&compare={compare}" if compare else ""))
    page.get_by_label("Ask about the video").fill("What picture was inserted?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".exchange").last.locator(".moment").first).to_be_visible()
    return page


def overflow(page):
    """How many pixels one would have to scroll sideways."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


def check_access(page):
    """axe-core finds nothing wrong."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_cut_off(make_visit, page_server, memory, shape):
    """At every size the start page and a film fit in width, and the controls lie inside the window."""
    visit = make_visit(page_server.url, **SHAPES[shape])
    page = visit.open()
    expect(page.locator(".entry").first).to_be_attached()
    assert overflow(page) <= 0
    page = opened(visit, memory)
    assert overflow(page) <= 0
    width = SHAPES[shape]["viewport"]["width"]
    for name in ("Compare", "Recipes", "Export answers", "Ask"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_on_a_phone_the_player_stays_in_sight(make_visit, page_server, memory):
    """Far down among the answers a moment is chosen, and the jump can be seen."""
    visit = make_visit(page_server.url, **SHAPES["phone"])
    page = opened(visit, memory)
    moment = page.locator(".exchange").last.locator(".moment").first
    moment.tap()
    moment.scroll_into_view_if_needed()  # earlier questions may have come in above it meanwhile
    expect(moment).to_be_in_viewport()
    expect(page.locator("video")).to_be_in_viewport(ratio=0.9)


def test_text_at_twice_the_size_fits(visit, memory):
    """With the browser's letters twice as large nothing has to be scrolled sideways."""
    page = opened(visit, memory)
    page.evaluate("() => document.documentElement.style.fontSize = '200%'")
    assert overflow(page) <= 0


@pytest.mark.parametrize(("shape", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_axe_finds_nothing(make_visit, page_server, memory, shape, scheme):
    """Contrast, names, roles, landmarks and order hold on the start page, a film, its menus and its dialogs."""
    visit = make_visit(page_server.url, color_scheme=scheme, **SHAPES[shape])
    page = visit.open()
    page.get_by_text("How it is watched").click()
    expect(page.locator(".entry").first).to_be_attached()
    check_access(page)
    page = opened(visit, memory)
    page.get_by_role("button", name="Recipes").click()
    check_access(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keyboard shortcuts and help").click()
    check_access(page)


def test_axe_finds_nothing_while_watching_comparing_and_failing(visit, watch, long_film):
    """The same holds for two memories side by side, one of them watched, with an error on the page."""
    memory, other = watch(start=40, end=64), watch(long_film, waits=False, fps=10, ratio=16)
    page = opened(visit, memory, compare=other["id"])
    page.route("**/ask", lambda route: route.fulfill(status=429, json={"error": {"message": "Too many questions."}}))
    page.get_by_label("Ask about the video").fill("Why?")
    page.keyboard.press("Enter")
    expect(page.locator(".exchange").last.locator(".reply-error")).to_have_count(2)
    check_access(page)


def test_the_appearance_can_be_chosen(make_visit, page_server):
    """The system's is taken until one chooses; a choice outlives a reload and is drawn from the first moment on."""
    page = make_visit(page_server.url, color_scheme="dark").open()
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Appearance: as the system has it").click()
    light = page.evaluate(paper)
    assert sum(map(int, dark[4:-1].split(","))) < 128 < sum(map(int, light[4:-1].split(",")))
    page.reload()
    assert page.evaluate(paper) == light
    expect(page.get_by_role("button", name="Appearance: light")).to_be_visible()


def test_without_motion_nothing_moves_by_itself(make_visit, page_server, memory):
    """Who asked for less motion gets no animation, and a moment is gone to without being played."""
    visit = make_visit(page_server.url, reduced_motion="reduce")
    page = opened(visit, memory)
    page.locator(".exchange").last.locator(".moment").first.click()
    expect(page.locator("video")).to_have_js_property("currentTime", 48)
    expect(page.locator("video")).to_have_js_property("paused", True)
    assert page.evaluate("() => document.getAnimations().length") == 0
