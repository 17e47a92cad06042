"""The demo's judge: strict with words, fair with times."""

import pytest

from videoxl.cli.judging import is_first_moment_right, is_right
from videoxl.engine import Answer, Evidence, Timings, Usage
from videoxl.synth.questions import Question


def given(text, *moments):
    """An answer with these words and moments."""
    evidence = tuple(Evidence(start, stop, 0.5) for start, stop in moments)
    return Answer("", text, evidence, Usage(0, 0, 0, 0), Timings(0.0, 0.0))


@pytest.mark.parametrize(
    ("kind", "truth", "text", "verdict"),
    [
        ("what", "drum", "A drum.", True),
        ("what", "drum", "drum, apple", False),
        ("what", "drum", "drummer", False),
        ("first", "drum", "The drum", True),
        ("list", "apple, drum", "an apple and a drum", True),
        ("list", "apple, drum", "drum, apple", False),
        ("list", "apple, drum", "apple", False),
        ("is_there", "yes", "Yes, it does.", True),
        ("is_there", "no", "yes", False),
        ("is_there", "yes", "", False),
        ("count", "two", "Two.", True),
    ],
)
def test_words_are_judged_strictly(kind, truth, text, verdict):
    """Articles, case and full stops do not count; a missing, further or misplaced name does."""
    assert is_right(Question(kind, "?", truth, ()), given(text)) is verdict


@pytest.mark.parametrize(
    ("text", "moments", "verdict"),
    [
        ("00:00:40 to 00:00:50", [], True),
        ("0:41", [(90, 100)], True),
        ("1:30", [(40, 50)], False),
        ("then", [(40, 50)], True),
        ("then", [(50, 60)], False),
        ("then", [], False),
    ],
)
def test_a_time_is_right_where_it_meets_the_truth(text, moments, verdict):
    """The time that the words say counts; the best moment counts where they say none."""
    question = Question("when", "?", "0:41", ((41.0, 44.0),))
    assert is_right(question, given(text, *moments)) is verdict


def test_a_moment_is_judged_only_where_there_is_one_to_find():
    """The first moment counts, and nothing is expected of a question about what is not shown."""
    question = Question("what", "?", "drum", ((41.0, 44.0),))
    assert is_first_moment_right(question, given("drum", (40, 50), (0, 10))) is True
    assert is_first_moment_right(question, given("drum", (0, 10), (40, 50))) is False
    assert is_first_moment_right(question, given("drum")) is False
    assert is_first_moment_right(Question("is_there", "?", "no", ()), given("no", (0, 10))) is None
