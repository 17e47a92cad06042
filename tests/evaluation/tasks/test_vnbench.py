"""VNBench's file and its counting: four tries, all right, and what a null does."""

import pytest

from videoxl.errors import AnnotationError
from videoxl.evaluation.registry import find_task


def tries(video="v1_cnt_edit1", kind="cnt_edit1", answer=3, **fields):
    orders = ([1, 2, 3, 4], [2, 3, 4, 1], [3, 4, 1, 2], [4, 1, 2, 3])
    return [
        {
            "video": f"./VNBench/{video}.mp4", "question": "How many?", "options": options, "gt": answer, "try": number,
            "gt_option": "ABCD"[options.index(answer)], "needle_time": [[1, 2], [5.5, 6.5]], "length": 20, "type": kind,
            **fields,
        }
        for number, options in enumerate(orders)
    ]  # fmt: skip


def test_tries_are_items_of_one_question(lay_out):
    """Four rows are four items of one group and video, with numbers read as words and the letter of each order."""
    folder = lay_out({"VNBench-main-4try.json": tries()}, videos=["VNBench_new/v1_cnt_edit1.mp4"])
    items = find_task("vnbench").load(folder).items
    assert [each.answer for each in items] == ["C", "B", "A", "D"]
    assert {(each.group, each.video, each.path) for each in items} == {
        ("v1_cnt_edit1", "v1_cnt_edit1", str(folder / "VNBench_new/v1_cnt_edit1.mp4"))
    }
    assert items[0].spans == ((1.0, 2.0), (5.5, 6.5))
    assert items[0].categories == {"type": "cnt_edit1", "ability": "counting"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (tries()[:3], "question v1_cnt_edit1: has 3 tries, expected 4"),
        (tries(gt=7), "the answer '7' is none of the options"),
        (tries(gt_option="A"), "gt_option is 'A', but gt is option C"),
        ([*tries()[:3], tries()[0]], "id v1_cnt_edit1_0: stands 2 times"),
    ],
)
def test_bad_tries_are_named(lay_out, rows, said):
    """A try too few, a right answer that is no option, and two that contradict each other are faults."""
    with pytest.raises(AnnotationError) as caught:
        find_task("vnbench").load(lay_out({"VNBench-main-4try.json": rows}))
    assert said in str(caught.value)


def test_all_four_tries_must_be_right(lay_out, make_record):
    """Three right tries are worth nothing, four are one question."""
    folder = lay_out({"VNBench-main-4try.json": [*tries("a"), *tries("b")]})
    task = find_task("vnbench")
    items = task.load(folder).items
    raw = {each.id: each.answer for each in items} | {"b_2": "D"}
    results = task.score(items, [make_record(each, raw[each.id]) for each in items])
    assert [(mark.id, mark.points, mark.read) for mark in results.marks] == [
        ("a", 1.0, "C B A D"),
        ("b", 0.0, "C B D D"),
    ]
    assert results.overall.value == 0.5


@pytest.mark.parametrize("parser", ["strict", "official"])
def test_one_null_fails_and_four_leave(lay_out, make_record, parser):
    """A question with one unanswered try is wrong; one with none answered is in no denominator, but counted."""
    folder = lay_out({"VNBench-main-4try.json": [*tries("a"), *tries("b"), *tries("c")]})
    task = find_task("vnbench")
    items = task.load(folder).items
    raw = {each.id: each.answer for each in items} | {"b_0": None} | {f"c_{number}": None for number in range(4)}
    results = task.score(items, [make_record(each, raw[each.id]) for each in items], parser=parser)
    assert (results.overall.value, len(results.marks), results.num_missing) == (0.5, 2, 5)


def test_types_count_alike(lay_out, make_record):
    """The one number is the mean of the types, however many questions each has."""
    rows = [*tries("a"), *tries("b"), *tries("c"), *tries("d", kind="ret_edit1")]
    task = find_task("vnbench")
    items = task.load(lay_out({"VNBench-main-4try.json": rows})).items
    raw = {each.id: each.answer if each.group in ("a", "d") else "none" for each in items}
    results = task.score(items, [make_record(each, raw[each.id]) for each in items])
    assert results.overall.value == pytest.approx((1 / 3 + 1) / 2)
    assert results.score_of("total", "all questions alike").value == 0.5
    assert results.score_of("ability", "retrieval").value == 1.0


def test_the_official_parser_takes_answer_for_a(make_item, make_record):
    """The authors' script finds the A of ANSWER; strict reads the letter that is announced."""
    asked = make_item("v_0", group="v", answer="C", categories={"type": "ret_edit1"})
    task, records = find_task("vnbench"), [make_record(asked, "ANSWER: C")]
    assert task.score([asked], records, parser="official").marks[0].read == "A"
    assert task.score([asked], records, parser="strict").marks[0].read == "C"
