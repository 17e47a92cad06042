"""Runs scored from their folders: both parsers, nothing lost, the same numbers again."""

import json

import pytest

from videoxl.errors import EvaluationError
from videoxl.evaluation.rescoring import score_run, write_results


@pytest.fixture
def run(make_item, write_run):
    """Four items of two films: right, wrong, unreadable, and not answered."""
    items = [make_item(str(number), video=f"film{number // 2}") for number in range(4)]
    return write_run(items, {"0": "(B)", "1": "ANSWER: B", "2": "no idea", "3": None})


def test_both_parsers_are_reported(run):
    """Strict and official are both counted, and differ where the authors' script misreads."""
    scored = score_run(run)
    strict, official = scored.by_parser["strict"], scored.by_parser["official"]
    assert [mark.points for mark in strict.marks] == [1, 1, 0]
    assert [mark.read for mark in official.marks] == ["B", "A"]


def test_what_is_missing_and_unread_is_counted(run):
    """Every item is in a score, or counted as missing, and unread answers are said."""
    results = score_run(run).by_parser["strict"]
    assert (results.num_items, results.num_missing, results.num_unparsed, results.overall.num) == (4, 1, 1, 3)
    assert "1 of 4 items have no answer" in results.notes[0]


def test_scoring_again_gives_the_same_bytes(run):
    """What a run wrote of its scores and what scoring it again says are the same document."""
    write_results(run)
    written = (run / "results.json").read_bytes()
    write_results(run)
    assert (run / "results.json").read_bytes() == written
    assert json.loads(written) == json.loads(json.dumps(score_run(run).to_json(with_marks=True)))


def test_scoring_reads_the_run_alone(run, tmp_path):
    """A run folder that was moved elsewhere scores the same: nothing outside it is read."""
    before = score_run(run).to_json(with_marks=True)
    moved = run.rename(tmp_path / "elsewhere")
    assert score_run(moved).to_json(with_marks=True) == before


def test_a_run_in_part_counts_the_rest_as_missing(make_item, write_run):
    """Of a run that was not finished, what is not answered is missing and in no score."""
    items = [make_item(str(number)) for number in range(4)]
    run = write_run(items, {"0": "B"})
    results = score_run(run, partial=True).by_parser["strict"]
    assert (results.num_missing, results.overall.num) == (3, 1)


def test_a_run_without_answers_has_no_score(make_item, write_run):
    """Where nothing was answered there is no number, not a zero."""
    run = write_run([make_item()], {"q1": None})
    assert score_run(run).by_parser["strict"].overall is None


def test_a_run_of_strange_items_is_one_sentence(make_item, write_run):
    """Items whose details are none of the task's are refused as such; nothing is half scored."""
    for details in ({}, {"kind": "what"}, {"kind": "when", "seconds": "long"}, {"kind": ["what"]}):
        item = make_item("q", options=(), answer="drum", spans=((0.0, 1.0),), details=details)
        run = write_run([item], {"q": "0:01"}, name=f"run{len(str(details))}", task="niah")
        with pytest.raises(EvaluationError, match="cannot be scored: its items or answers are not those of niah"):
            write_results(run)
        assert not (run / "results.json").exists()
