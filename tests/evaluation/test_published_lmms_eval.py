"""Samples that lmms-eval wrote and others published: read as they were logged, counted as the harness did."""

import csv
import json
from pathlib import Path

import pytest

from videoxl.errors import EvaluationError
from videoxl.evaluation.rescoring import score_log

DATA = Path(__file__).parents[1] / "data" / "scoring"
EXPECTED = json.loads((DATA / "lmms_eval_expected.json").read_text())
SETTINGS = ("uniform", "aks", "dbfp")
VIDEOMME, LONGVIDEOBENCH = EXPECTED["videomme"], EXPECTED["longvideobench"]


def rows(name):
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def logged(path, samples):
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    return path


@pytest.fixture(scope="module")
def videomme():
    """2700 answers in each of three settings; one setting has two answers without any letter, one has one."""
    return rows("lmms_eval_videomme.tsv")


@pytest.fixture(scope="module")
def longvideobench():
    """189 answers about the shortest films; in one there is no letter, and the harness drew one."""
    return rows("lmms_eval_longvideobench.tsv")


def videomme_samples(found, setting):
    """As lmms-eval writes them: no questions, replies in a list, the harness's reading beside."""
    for number, row in enumerate(found):
        video = int(row["question_id"].split("-")[0])
        duration = ("short", "medium", "long")[(video - 1) // 300]
        reading = {"question_id": row["question_id"], "duration": duration, "answer": row["answer"]}
        yield {"doc_id": number, "target": row["answer"], "filtered_resps": [row[setting]], "doc_hash": "0",
               "videomme_perception_score": reading, "input": "?"}  # fmt: skip


def longvideobench_samples(found):
    """As a later lmms-eval writes them: a reply is no list any more, and the target is the place of the option."""
    for number, row in enumerate(found):
        reading = {"id": row["id"], "duration_group": 15, "question_category": row["question_category"],
                   "answer": row["answer"], "parsed_pred": row["parsed_pred"]}  # fmt: skip
        yield {"doc_id": number, "target": str("ABCDE".index(row["answer"])), "filtered_resps": row["response"],
               "lvb_acc": reading, "submission": {row["id"]: row["response"]}, "input": "?"}  # fmt: skip


def counts(results, axis):
    return {
        each.category: {"correct": each.score.points, "total": each.score.num}
        for each in results.by
        if each.axis == axis
    }


@pytest.mark.parametrize("setting", SETTINGS)
def test_videomme_is_the_harnesss_to_the_last_digit(tmp_path, videomme, setting):
    """The harness counts what it cannot read as wrong, as `strict` does: the very same number, and by duration."""
    log = logged(tmp_path / "samples.jsonl", videomme_samples(videomme, setting))
    results = score_log(log, task="videomme").by_parser["strict"]
    assert results.overall.percent == VIDEOMME["accuracy"][setting]
    assert counts(results, "duration") == VIDEOMME["duration"][setting]
    assert results.num_unparsed == {"uniform": 2, "aks": 1, "dbfp": 0}[setting]


def test_the_authors_script_leaves_out_what_the_harness_counts(tmp_path, videomme):
    """By the authors' own script the two answers without a letter are in no denominator, and that is said."""
    log = logged(tmp_path / "samples.jsonl", videomme_samples(videomme, "uniform"))
    results = score_log(log, task="videomme").by_parser["official"]
    assert (results.overall.points, results.overall.num) == (1605, 2698)
    assert "2 answers that read as no letter are left out, as the authors' script does." in results.notes


def test_longvideobench_is_read_answer_by_answer(tmp_path, longvideobench):
    """Each letter that the harness found is the one that both parsers find; where it drew one, ours says none."""
    by_parser = score_log(
        logged(tmp_path / "samples.jsonl", longvideobench_samples(longvideobench)), task="longvideobench"
    ).by_parser
    theirs = {row["id"]: row["parsed_pred"] for row in longvideobench}
    for results in by_parser.values():
        differing = [mark.id for mark in results.marks if mark.read != theirs[mark.id]]
        assert set(differing) <= set(LONGVIDEOBENCH["guessed"])
    assert [mark.id for mark in by_parser["strict"].marks if mark.read == "-"] == LONGVIDEOBENCH["guessed"]


def test_longvideobench_totals_are_the_harnesss(tmp_path, longvideobench):
    """With the seed that draws what the harness drew, every category and the total are the harness's own."""
    log = logged(tmp_path / "samples.jsonl", longvideobench_samples(longvideobench))
    [guessed] = LONGVIDEOBENCH["guessed"]
    theirs = next(row["parsed_pred"] for row in longvideobench if row["id"] == guessed)

    def scored(seed):
        return score_log(log, task="longvideobench", seed=seed).by_parser["official"]

    def drawn(results):
        return next(mark.read for mark in results.marks if mark.id == guessed)

    alike = next(results for results in map(scored, range(50)) if drawn(results) == theirs)
    assert alike.overall.points == LONGVIDEOBENCH["correct"]
    assert alike.overall.num == LONGVIDEOBENCH["total"]
    assert counts(alike, "question_category") == LONGVIDEOBENCH["question_category"]
    assert counts(alike, "duration_group") == {"15": {"correct": 136, "total": 189}}


@pytest.mark.parametrize(
    "said", ["[LMMS_EVAL_REQUEST_FAILED after 5 retries] Error 400: A", "[LMMS_EVAL_BUDGET_EXCEEDED]"]
)
def test_what_lmms_eval_wrote_for_a_failed_request_is_no_answer(tmp_path, videomme, said):
    """Where a server gave no answer, lmms-eval logs a sentence of its own: it is missing, never wrong or right."""
    samples = list(videomme_samples(videomme[:4], "dbfp"))
    samples[0]["filtered_resps"] = [said]
    samples[1]["filtered_resps"] = said
    whole = score_log(logged(tmp_path / "whole.jsonl", videomme_samples(videomme[2:4], "dbfp")), task="videomme")
    found = score_log(logged(tmp_path / "samples.jsonl", samples), task="videomme")
    for parser, results in found.by_parser.items():
        assert (results.num_items, results.num_missing, results.num_unparsed) == (4, 2, 0)
        assert results.overall == whole.by_parser[parser].overall


OURS = {"task": "vnbench", "folder": "/elsewhere", "options": "", "id": "a_0", "raw": "B"}
ITEM = {"id": "a_0", "video": "a", "question": "?", "answer": "B", "options": ["x", "y"], "categories": {"type": "cnt"}}


@pytest.mark.parametrize(
    ("reading", "task", "said"),
    [
        ({**OURS, "item": json.dumps(ITEM)}, "videomme", "to 'vnbench', expected one to 'videomme'"),
        ({**OURS, "item": "{"}, "vnbench", "row 1 holds an item that does not read"),
        ({**OURS, "item": json.dumps({**ITEM, "answer": 1})}, "vnbench", "the answer of a Item cannot be 1"),
        ({**OURS, "item": None}, "vnbench", "row 1 holds an item that does not read"),
        ({**OURS, "item": json.dumps({**ITEM, "categories": {}})}, "vnbench", "no type of 1 of 1 .* --data FOLDER"),
        ({"id": "a_0", "answer": "B"}, "vnbench", "no type of 1 of 1 .* --data FOLDER"),
    ],
)
def test_samples_that_do_not_tell_their_question_are_refused(tmp_path, reading, task, said):
    """Another task's, a damaged item's, and one of no category, which would be in no mean and seen by nobody."""
    log = logged(tmp_path / "samples.jsonl", [{"doc_id": 0, "filtered_resps": "B", "target": "B", "vnbench": reading}])
    with pytest.raises(EvaluationError, match=said):
        score_log(log, task=task)
