"""The page: strangers' text is only text, nothing is fetched, and every number leads to its answers."""

import base64
import hashlib
import json
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from videoxl.evaluation.report.page import SCRIPT, page
from videoxl.evaluation.report.reported_run import read_runs
from videoxl.evaluation.report.thumbnails import Thumbnails

HOSTILE = "</pre></script><script>alert('1')</script><img src=x onerror=alert(2)>\"' onclick=\"x\u202e\ud800 &amp;"


class Elements(HTMLParser):
    """Elements with their attributes, and all text outside of script and style."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self._within = [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._within = tag

    def handle_endtag(self, tag):
        self._within = ""

    def handle_data(self, data):
        if self._within not in ("script", "style"):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def hostile_page(write_niah, items):
    """A page whose every text from outside is an attack."""
    bad = [
        replace(item, question=HOSTILE, categories={**item.categories, "kind": HOSTILE}, path=HOSTILE) for item in items
    ]
    path = write_niah(says=lambda item: HOSTILE, model=HOSTILE, asked=bad, settings={HOSTILE: HOSTILE})
    return page(read_runs([path]), Thumbnails(failures={HOSTILE: HOSTILE}))


def test_text_of_strangers_is_only_text(hostile_page):
    """Whatever questions, answers, models and settings say, they make no element, no handler and no address."""
    found = Elements(hostile_page)
    assert len(found.all("script")) == 1
    assert not found.all("img")
    assert not [key for _, attributes in found.elements for key in attributes if key.startswith("on")]
    assert all(attributes["href"].startswith("#") for attributes in found.all("a"))
    shown = HOSTILE.replace("\ud800", "?")
    assert found.text.count(shown) > 2 * 12
    assert hostile_page.encode("utf-8")


def test_nothing_is_fetched_and_only_our_script_runs(write_niah):
    """No address leads out of the page, and its policy allows the one script that is in it."""
    text = page(read_runs([write_niah()]), Thumbnails())
    found = Elements(text)
    assert not found.all("link")
    assert not [attributes for tag, attributes in found.elements if "src" in attributes]
    assert "http://" not in text
    assert "https://" not in text
    (policy,) = [each["content"] for each in found.all("meta") if "http-equiv" in each]
    digest = base64.b64encode(hashlib.sha256(SCRIPT.read_bytes()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy
    assert f"<script>{SCRIPT.read_text()}</script>" in text


def test_every_number_leads_to_its_answers(write_niah):
    """A score's link chooses exactly as many answers as the score counts, in tables and in heat maps."""
    path = write_niah(says=lambda item: item.answer if item.categories["depth"] == "0 %" else "no")
    (run,) = read_runs([path])
    found = Elements(page([run], Thumbnails()))
    answers = [(each["data-run"], json.loads(each["data-in"])) for each in found.all("details") if "data-in" in each]
    assert len(answers) == 12
    linked = {}
    for link in found.all("a"):
        if link["href"].startswith("#answers/"):
            _, number, *choices = link["href"].split("/")
            wanted = {unquote(choice) for choice in choices}
            linked[frozenset(wanted)] = sum(number == of and wanted <= set(within) for of, within in answers)
            if "title" in link:
                assert link["title"] == f"n {linked[frozenset(wanted)]}"
    for each in run.results.by:
        if each.axis in run.axes:
            assert linked[frozenset([f"{each.axis}={each.category}"])] == each.score.num
    assert linked[frozenset()] == 12
    assert sum(len(choices) == 3 for choices in linked) == 2 * 2 * 2  # kind, depth, frames


def test_everything_is_shown_word_for_word(write_niah, items):
    """Raw answers, right answers, where they stand, the trivial level and what is missing are on the page."""
    path = write_niah(says=lambda item: None if item is items[1] else f"it is <b>{item.answer}</b>!")
    text = Elements(page(read_runs([path]), Thumbnails())).text
    assert f"it is <b>{items[0].answer}</b>!" in text
    assert "run/answers.jsonl, line 1" in text
    assert "it is gone" in text
    assert "1 of 12 items have no answer" in text
    assert "no looking" in text


def test_a_run_that_was_not_finished_says_so(write_niah):
    """Items that were not asked yet are listed as such."""
    (run,) = read_runs([write_niah(answered=5)], partial=True)
    assert "not asked yet" in Elements(page([run], Thumbnails())).text
    assert run.results.num_missing == 7
