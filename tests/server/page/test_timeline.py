"""The line under the player: a slider with pictures, densities and evidence."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(visit, memory):
    """A tab on the film."""
    page = visit.open(f"/?memory={memory['id']}")
    expect(page.locator("#film-facts")).to_contain_text("kept as")
    return page


@pytest.fixture
def slider(page):
    return page.get_by_role("slider", name="Timeline")


def test_keys_move_the_player(page, slider):
    """Arrows go 5 seconds, with Shift 1, page keys an interval, Home and End to the ends; the value is spoken."""
    slider.focus()
    for key, seconds in [
        ("ArrowRight", 5), ("Shift+ArrowRight", 6), ("PageUp", 8), ("PageUp", 16), ("PageDown", 8), ("ArrowLeft", 3),
        ("End", 120), ("Home", 0),
    ]:  # fmt: skip
        slider.press(key)
        expect(slider).to_have_attribute("aria-valuenow", f"{seconds:.1f}")
    slider.press("PageUp")
    expect(slider).to_have_attribute("aria-valuetext", "8 seconds, 4 rows of 32 tokens, 8:1")
    expect(page.locator("video")).to_have_js_property("currentTime", 8)


def test_a_click_moves_the_player(page, slider):
    """The player goes to where the line is clicked, and follows the pointer that drags."""
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    expect(slider).to_have_attribute("aria-valuenow", re.compile(r"(59|60)\.\d"))
    page.mouse.move(box["x"] + box["width"] / 4, middle)
    expect(slider).to_have_attribute("aria-valuenow", re.compile(r"(29|30)\.\d"))
    page.mouse.up()


@pytest.mark.parametrize("way", ["hover", "focus"])
def test_a_picture_shows_what_is_there(page, slider, way):
    """Pointed at or reached by Tab, the line shows the picture of the interval, its time and what is kept of it."""
    preview = page.locator(".preview")
    if way == "hover":
        box = slider.bounding_box()
        slider.hover(position={"x": box["width"] * 50 / 120, "y": 10})
    else:
        page.locator("video").focus()
        page.keyboard.press("Tab")
        slider.press("PageUp")
    expect(preview).to_contain_text(re.compile(r"in 0:(48.0:56|08.0:16)"))
    expect(preview).to_contain_text("4 rows of 32 tokens, 8:1")
    image = preview.locator("img")
    expect(image).to_have_attribute("src", re.compile(r"/thumbnails/(6|1)\.jpg$"))
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("(image) => image.naturalWidth") > 0


def test_pictures_fill_the_strip(page, slider):
    """The strip shows pictures from all along the film, each of them loaded."""
    pictures = slider.locator(".strip-cell img")
    expect(pictures.last).to_have_js_property("complete", True)
    sources = [picture.get_attribute("src") for picture in pictures.all()]
    assert len(set(sources)) == len(sources) > 4


def test_bars_are_as_high_as_a_part_is_densely_kept(visit, watch):
    """Where twice as much is kept of a second, the bar is twice as high."""
    memory = watch(title="dense", start=32, end=48)
    page = visit.open(f"/?memory={memory['id']}")
    intervals = [
        {"index": 0, "start": 0.0, "stop": 40.0, "rows": 40, "tokens": 160, "ratio": 4, "source": 0},
        {"index": 1, "start": 40.0, "stop": 120.0, "rows": 40, "tokens": 320, "ratio": 8, "source": 0},
    ]
    page.route(f"**/v1/memories/{memory['id']}", lambda route: route.fulfill(json={**memory, "intervals": intervals}))
    page.reload()
    expect(page.locator("#film-facts")).to_contain_text("480 tokens kept as")
    path = page.locator(".density-rows").get_attribute("d")
    tops = [100 - float(top) for top in re.findall(r"V([\d.]+)H", path)]
    assert tops == pytest.approx([88, 44], abs=0.2)
