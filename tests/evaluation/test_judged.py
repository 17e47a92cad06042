"""Judges: any callable marks what is not marked yet, and judgements made elsewhere are taken in."""

import pytest

from videoxl.errors import EvaluationError
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.judged import import_judgements, judge_run
from videoxl.evaluation.rescoring import score_run
from videoxl.evaluation.run_folder import write_documents


@pytest.fixture
def run(make_item, write_run):
    """Two free answers and a letter."""
    free = {"options": (), "answer": "rain"}
    items = [
        make_item("s", categories={"task_type": "subPlot"}, **free),
        make_item("v", categories={"task_type": "summary"}, **free),
        make_item("c", categories={"task_type": "ego"}),
    ]
    answers = {"s": "It rains", "v": "Rain falls", "c": "(B)"}
    return write_run(items, answers, task="mlvu-dev", options={"parts": "all"})


def kind_judge(item, raw):
    names = ("accuracy", "relevance") if item.id == "s" else ("completeness", "reliability")
    return Judgement(item=item.id, raw=raw, marks=dict.fromkeys(names, 4.0), judge="kind")


def test_a_judge_marks_free_answers_once(run):
    """Only free answers are judged, each once; the marks are kept, so that scoring again needs no judge."""
    assert (judge_run(run, kind_judge), judge_run(run, kind_judge)) == (2, 0)
    results = score_run(run).by_parser["strict"]
    assert results.score_of("judged", "G-avg").value == 8
    assert results.overall.value == 1


def test_a_judge_that_fails_loses_nothing(run):
    """What was judged before a failure stays, and the next time goes on from there."""

    def failing(item, raw):
        if item.id == "v":
            raise RuntimeError("no connection")
        return kind_judge(item, raw)

    with pytest.raises(RuntimeError):
        judge_run(run, failing)
    assert judge_run(run, kind_judge) == 1


def test_judgements_made_elsewhere_are_taken_in(run, tmp_path):
    """A file of judgements is added; a later one of the same answer replaces the earlier."""
    judge_run(run, kind_judge)
    strict = Judgement(item="s", raw="It rains", marks={"accuracy": 1.0, "relevance": 1.0}, judge="strict")
    write_documents(tmp_path / "marks.jsonl", [strict])
    assert import_judgements(run, tmp_path / "marks.jsonl") == 1
    assert score_run(run).by_parser["strict"].score_of("judged", "subPlot").value == 2


def test_judgements_of_other_items_are_refused(run, tmp_path):
    """A judgement of an item that the run does not have is named, and nothing is taken."""
    write_documents(tmp_path / "marks.jsonl", [Judgement(item="z", raw="", marks={}, judge="x")])
    with pytest.raises(EvaluationError, match="judges 'z'"):
        import_judgements(run, tmp_path / "marks.jsonl")
