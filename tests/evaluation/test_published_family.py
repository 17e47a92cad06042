"""Evaluation logs of a later family member, three settings each: our totals are those that stand beside them.

2700 questions of Video-MME and 1549 of LVBench, 12747 raw answers in all.
"""

import csv
import json
from pathlib import Path

import pytest

from videoxl.evaluation.item import SEVERAL
from videoxl.evaluation.registry import find_task

DATA = Path(__file__).parents[1] / "data" / "scoring"
EXPECTED = json.loads((DATA / "videoxl2_expected.json").read_text())
FOUR = ("one", "two", "three", "four")
SETTINGS = ("pure", "chunk", "bilevel")
BOTH = pytest.mark.parametrize("parser", ["strict", "official"])


def rows(name):
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def videomme(make_item):
    """Items, and rows with the raw answers of each setting."""
    known, found = EXPECTED["videomme"], rows("videoxl2_videomme.tsv")
    items = [
        make_item(
            row["question_id"],
            video=row["question_id"].split("-")[0],
            answer=row["answer"],
            options=FOUR,
            categories={
                "duration": ("short", "medium", "long")[(int(row["question_id"].split("-")[0]) - 1) // 300],
                "domain": known["domains"][int(row["domain"])],
                "task_type": known["task_types"][int(row["task_type"])],
            },
        )
        for row in found
    ]
    return items, found


@pytest.fixture(scope="module")
def lvbench(make_item):
    """Items, and rows with the raw answers of each setting."""
    kinds, found = EXPECTED["lvbench"]["question_types"], rows("videoxl2_lvbench.tsv")
    items = [
        make_item(
            str(number),
            video=row["video"],
            answer=row["answer"],
            options=FOUR,
            categories={
                "question_type": SEVERAL.join(kinds[int(kind)] for kind in row["question_type"].split(",")),
                "first_type": kinds[int(row["question_type"].split(",")[0])],
                "video_type": row["video_type"],
            },
        )
        for number, row in enumerate(found)
    ]
    return items, found


def scored(task, benchmark, setting, parser, make_record):
    items, found = benchmark
    records = [make_record(item, row[setting]) for item, row in zip(items, found, strict=True)]
    return find_task(task).score(items, records, parser=parser)


def counts(results, axis):
    return {
        each.category: {"correct": each.score.points, "total": each.score.num}
        for each in results.by
        if each.axis == axis
    }


@BOTH
@pytest.mark.parametrize("setting", SETTINGS)
def test_videomme_is_as_published(videomme, make_record, setting, parser):
    """All 2700 questions give the published accuracy of each setting, and by type where those are published."""
    results = scored("videomme", videomme, setting, parser, make_record)
    published = EXPECTED["videomme"]["accuracy"][setting]
    assert round(results.overall.percent, 2) == round(published, 2)
    assert results.num_unparsed == 0
    if setting == "bilevel":
        assert results.overall.percent == published
        assert counts(results, "task_type") == EXPECTED["videomme"]["bilevel_by"]["task_type"]
        for duration, accuracy in EXPECTED["videomme"]["bilevel_by"]["duration"].items():
            assert results.score_of("duration", duration).percent == accuracy


@BOTH
@pytest.mark.parametrize("setting", ["chunk", "bilevel"])
def test_lvbench_is_as_published(lvbench, make_record, setting, parser):
    """All 1549 questions give the published accuracy of each setting, and by the first type of each question."""
    results = scored("lvbench", lvbench, setting, parser, make_record)
    assert results.overall.percent == pytest.approx(EXPECTED["lvbench"]["accuracy"][setting], abs=1e-13)  # 100 * share
    if setting == "bilevel":
        assert counts(results, "first_type") == EXPECTED["lvbench"]["bilevel_by_question_type"]
    else:
        for kind, accuracy in EXPECTED["lvbench"]["chunk_by_video_type"].items():
            assert results.score_of("video_type", kind).percent == accuracy


@BOTH
def test_mlvu_published_by_type_is_both_means(make_item, make_record, parser):
    """The published counts by type give the published number as a share of all questions, and M-avg as their mean."""
    by_type = EXPECTED["mlvu"]["by_type"]
    items = [
        make_item(f"{kind}-{number}", video=f"{kind}{number}", options=FOUR, categories={"task_type": kind})
        for kind, (_, total) in by_type.items()
        for number in range(total)
    ]
    raw = ["B)" if number < right else "A)" for right, total in by_type.values() for number in range(total)]
    records = [make_record(item, each) for item, each in zip(items, raw, strict=True)]
    results = find_task("mlvu-dev").score(items, records, parser=parser)
    of_all = results.score_of("total", "all questions alike")
    assert of_all.percent == EXPECTED["mlvu"]["accuracy_of_all_questions"]
    assert results.overall.value == pytest.approx(sum(right / total for right, total in by_type.values()) / 7)
    assert results.overall.percent < of_all.percent - 1
