"""Published raw answers, scored: every total is exactly what their authors' scripts give."""

import csv
import json
from pathlib import Path

import pytest

from videoxl.evaluation.registry import find_task

DATA = Path(__file__).parents[1] / "data" / "scoring"
FOUR = ("one", "two", "three", "four")


@pytest.fixture(scope="module")
def videomme(make_item, make_record):
    """900 answers about Video-MME's short films."""
    lines = [json.loads(line) for line in (DATA / "videomme_short_responses.jsonl").read_text().splitlines()]
    axes = ("duration", "domain", "sub_category", "task_type")
    items = [
        make_item(
            line["question_id"],
            video=line["question_id"].split("-")[0],
            answer=line["answer"],
            options=FOUR,
            categories={axis: line[axis] for axis in axes},
        )
        for line in lines
    ]
    records = [make_record(each, line["response"]) for each, line in zip(items, lines, strict=True)]
    return items, records, json.loads((DATA / "videomme_short_expected.json").read_text())


@pytest.fixture(scope="module")
def vnbench(make_item, make_record):
    """5400 tries at VNBench's 1350 questions."""
    items, records = [], []
    with (DATA / "vnbench_llava_ov_responses.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for number, (answer, raw) in enumerate(zip(row["gt"].split(), row["pred"].split(), strict=True)):
                tried = make_item(
                    f"{row['video']}_{number}",
                    video=row["video"],
                    group=row["video"],
                    answer=answer,
                    options=FOUR,
                    categories={"type": row["type"]},
                )
                items.append(tried)
                records.append(make_record(tried, raw))
    return items, records, json.loads((DATA / "vnbench_llava_ov_expected.json").read_text())


@pytest.mark.parametrize("parser", ["strict", "official"])
def test_videomme_totals_are_the_published_ones(videomme, parser):
    """The 900 published answers give the published percentage and, category by category, the published counts."""
    items, records, expected = videomme
    results = find_task("videomme").score(items, records, parser=parser)
    assert round(results.overall.percent, 4) == expected["overall_percent"]
    assert (results.num_items, results.num_missing, results.num_unparsed) == (900, 0, 0)
    found = {
        f"{each.axis}:{each.category}": {"correct": each.score.points, "total": each.score.num}
        for each in results.by
        if each.axis in ("domain", "task_type")
    }
    assert found == expected["by"]


@pytest.mark.parametrize("parser", ["strict", "official"])
def test_vnbench_totals_are_the_published_ones(vnbench, parser):
    """The 5400 published tries give, type by type and overall, what the authors' two scripts count."""
    items, records, expected = vnbench
    results = find_task("vnbench").score(items, records, parser=parser)
    assert results.overall.value == pytest.approx(expected["overall"], abs=1e-15)
    by = {axis: {each.category: each.score for each in results.by if each.axis == axis} for axis in ("type", "ability")}
    assert {kind: {"correct": s.points, "total": s.num} for kind, s in by["type"].items()} == expected["type"]
    assert {name: s.value for name, s in by["ability"].items()} == pytest.approx(expected["ability"], abs=1e-15)


def test_the_order_of_records_does_not_matter(videomme):
    """Records are joined to items by id, so that a resumed or shuffled log gives the same results."""
    items, records, _ = videomme
    task = find_task("videomme")
    assert task.score(items, records[::-1]) == task.score(items, records)
