"""Answers about films whose facts are known: right is what says just what the facts say."""

import pytest

from videoxl.evaluation.film_answers import FilmAnswers


@pytest.mark.parametrize(
    ("kind", "answer", "raw", "is_right"),
    [
        ("what", "soccer ball", "A soccer ball.", True),
        ("what", "soccer ball", "ball", False),
        ("what", "ball", "soccer ball", False),
        ("what", "drum", "", False),
        ("what", "drum", "The film shows a drum", False),
        ("is_there", "no", "No, it is not there", True),
        ("is_there", "no", "not", False),
        ("is_there", "yes", "", False),
        ("count", "three", "3 pictures", True),
        ("count", "three", "thirteen", False),
        ("list", "drum, ball", "drum, then ball", False),
        ("list", "drum, ball", "1. A drum\n2. A ball", True),
        ("list", "drum, ball", "drum", False),
        ("list", "drum, ball", "ball, drum", False),
    ],
)
def test_an_answer_is_right_as_a_whole_or_not(make_item, make_record, kind, answer, raw, is_right):
    """A part of the right answer, more than it, another order and silence are wrong."""
    details = {"kind": kind, "seconds": 16.0, "shown": ["drum", "ball"]}
    item = make_item(options=(), answer=answer, categories={"kind": kind}, details=details)
    [mark] = FilmAnswers([item], [make_record(item, raw)], interval_seconds=8).marks
    assert mark.points == is_right
    assert mark.num_unparsed == (mark.read == "-")


@pytest.mark.parametrize(("first_shows", "share"), [(True, 1.0), (False, 0.0)])
def test_only_the_first_evidence_counts(make_item, make_record, first_shows, share):
    """A range that shows it counts where it stands first, and is as good as none where it stands second."""
    shows, misses = (0.0, 8.0, 0.6), (8.0, 16.0, 0.4)
    details = {"kind": "what", "seconds": 16.0, "shown": ["drum"]}
    item = make_item(options=(), answer="drum", spans=((2.0, 3.0),), categories={"kind": "what"}, details=details)
    record = make_record(item, "drum", evidence=(shows, misses) if first_shows else (misses, shows))
    results = FilmAnswers([item], [record], interval_seconds=8).results(
        task="niah", metric="accuracy", parser="strict", mean_over=None
    )
    assert results.extra["evidence"]["score"]["value"] == share
    assert results.score_of("evidence", "shows it").value == share
    assert results.extra["time_error_seconds"]["evidence"]["median"] == (1.0 if first_shows else 9.0)
