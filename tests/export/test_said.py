"""Answers as moments."""

from dataclasses import dataclass

import pytest

from videoxl.engine import Evidence
from videoxl.export import Document, Video
from videoxl.export.said import is_nothing

VIDEOS = (Video("film.mp4", 100.0, 25.0),)


@dataclass(frozen=True)
class Stored:
    """An answer as a library keeps it."""

    question: str
    text: str
    evidence: tuple[Evidence, ...] = ()


def test_an_answer_stands_at_its_best_moment():
    """The best evidence makes the marker; the others are counted, or kept where that is asked for."""
    answer = Stored("What?", "a drum", (Evidence(0, 8, 0.2), Evidence(16, 24, 0.8)))
    document = Document.from_answers([answer], videos=VIDEOS, title="answers")
    (marker,) = document.markers
    assert (marker.start_seconds, marker.text, marker.label, marker.score) == (16.0, "a drum", "What?", 0.8)
    assert document.notes == ("left out: 1 further moment of lower score",)
    both = Document.from_answers([answer], videos=VIDEOS, title="answers", every_moment=True)
    assert [marker.start_seconds for marker in both.markers] == [0.0, 16.0]
    assert not both.notes


def test_what_rests_on_no_moment_is_a_remark():
    """An answer without evidence, and one that says that there is nothing, has no time."""
    answers = [Stored("Who?", "a man"), Stored("Is it there?", "No.", (Evidence(0, 8, 1.0),)), Stored("What?", "")]
    document = Document.from_answers(answers, videos=VIDEOS, title="answers")
    assert not document.markers
    assert [(remark.label, remark.text) for remark in document.remarks] == [
        ("Who?", "a man"), ("Is it there?", "No."), ("What?", "(no words)"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["no", "No.", "nothing", "Nothing unusual.", "never", "None", "There is nothing unusual here.", "No, it does not.",
     "Nothing happens in this part.", "nothing\nelse"],
)  # fmt: skip
def test_nothing_is_recognised(text):
    """Ways to say that there is nothing."""
    assert is_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "a drum",
        "yes",
        "nobody-knows festival",
        "northern lights",
        "no entry sign",
        "",
        "none of your business, he says",
    ],
)
def test_something_is_not_taken_for_nothing(text):
    """Words that only begin like it."""
    assert not is_nothing(text)
