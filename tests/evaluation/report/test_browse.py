"""The page's script in a real browser: numbers lead to their answers, and answers can be chosen among."""

import re

import pytest

from videoxl.evaluation.report.page import page
from videoxl.evaluation.report.reported_run import read_runs
from videoxl.evaluation.report.thumbnails import Thumbnails

SHOWN = "#list > details:not([hidden])"


@pytest.fixture
def opened(browser, write_niah, items, tmp_path):
    """The report of a run whose first two answers are wrong, without a network, as a person would open the file."""
    wrong = {item.id for item in items[:2]}
    run = write_niah(says=lambda item: "a zebra" if item.id in wrong else item.answer)
    file = tmp_path / "report.html"
    file.write_text(page(read_runs([run]), Thumbnails()), encoding="utf-8")
    context = browser.new_context(offline=True)
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(file.as_uri())
    yield tab
    context.close()
    assert not complaints


def test_wrong_answers_and_words_choose(opened, items) -> None:
    """All are there at first; a tick leaves the wrong ones, and words leave those that hold them."""
    assert opened.locator(SHOWN).count() == len(items)
    opened.locator("#wrong").check()
    assert opened.locator(SHOWN).count() == 2
    opened.locator("#wrong").uncheck()
    opened.locator("#words").fill("zebra")
    assert opened.locator(SHOWN).count() == 2
    assert opened.locator("#shown").inner_text().startswith(f"2 of {len(items)} answers")


def test_a_number_leads_to_its_answers(opened) -> None:
    """A cell of the heat map says how many answers it counts, and following it leaves just those."""
    cell = opened.locator("table.heat td a").first
    number = int(re.search(r"n (\d+)", cell.get_attribute("title")).group(1))
    cell.click()
    assert opened.locator(SHOWN).count() == number
    address = opened.url
    opened.reload()
    assert opened.url == address
    assert opened.locator(SHOWN).count() == number


def test_a_phone_shows_the_chart_whole(browser, write_niah, tmp_path) -> None:
    """On a phone the chart's words are large enough to be read, and none of them is cut off at its edge."""
    runs = read_runs([write_niah(f"run-{ratio}", ratio=ratio) for ratio in (2, 16)])
    file = tmp_path / "report.html"
    file.write_text(page(runs, Thumbnails()), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    try:
        tab = context.new_page()
        tab.goto(file.as_uri())
        boxes = tab.locator("svg.chart text").evaluate_all("texts => texts.map(text => text.getBoundingClientRect())")
        chart = tab.locator("svg.chart").bounding_box()
        assert boxes
        assert min(box["height"] for box in boxes) >= 11
        assert min(box["left"] for box in boxes) >= chart["x"]
        assert max(box["right"] for box in boxes) <= chart["x"] + chart["width"]
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        context.close()
