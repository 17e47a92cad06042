"""MLVU: dev and test never taken for each other, M-avg over task types, and free answers judged."""

import pytest

from videoxl.errors import AnnotationError, EvaluationError, UsageError
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.tasks.mlvu import DEV_FILES

FOUR, SIX = ["red", "blue", "green", "black"], ["red", "blue", "green", "black", "white", "grey"]
CHOICE_TYPES = tuple(kind for kind in DEV_FILES if kind not in ("subPlot", "summary"))


def choice(kind, options=FOUR, **fields):
    given = {"video": f"{kind}_1.mp4", "duration": 300, "question": "Which colour?", "candidates": options}
    return {**given, "answer": "blue", "question_type": kind, **fields}


def dev_files(num_of=None):
    """A whole dev set: so many questions of each type, one if not said."""
    files = {f"json/{DEV_FILES[kind]}.json": [choice(kind)] * (num_of or {}).get(kind, 1) for kind in CHOICE_TYPES}
    free = {
        "video": "p.mp4",
        "duration": 9,
        "question": "Describe it.",
        "answer": "It rains.",
        "question_type": "subPlot",
    }
    return files | {
        "json/8_sub_scene.json": [free | {"scoring_points": "rain"}],
        "json/9_summary.json": [free | {"question_type": "summary"}],
    }


def answered(**rows):
    return {f"test-ground-truth/{name}.json": content for name, content in rows.items()}


def test_dev_is_seven_files(lay_out):
    """Each type's file gives its items, numbered, with videos in the folder of the same name."""
    folder = lay_out(dev_files(), videos=["video/2_needle/findNeedle_1.mp4"])
    loaded = find_task("mlvu-dev").load(folder)
    assert [each.categories["task_type"] for each in loaded.items] == list(CHOICE_TYPES)
    needle = loaded.items[1]
    assert (needle.id, needle.answer) == ("findNeedle-0", "B")
    assert needle.path == str(folder / "video/2_needle/findNeedle_1.mp4")
    assert len(loaded.missing) == 6


def test_a_right_text_that_stands_twice_is_the_last(lay_out):
    """Where the authors' options repeat the right text, the letter is the one that their script takes: the last."""
    files = dev_files() | {"json/3_ego.json": [choice("ego", ["blue", "red", "blue", "black"])]}
    ego = next(each for each in find_task("mlvu-dev").load(lay_out(files)).items if each.id == "ego-0")
    assert ego.answer == "C"


def test_a_file_of_dev_that_lacks_is_named(lay_out):
    """A mean over types needs all of them: a file that is not there is a fault, not a smaller mean."""
    files = dev_files()
    del files["json/5_order.json"]
    with pytest.raises(AnnotationError, match=r"json/5_order\.json"):
        find_task("mlvu-dev").load(lay_out(files))


def test_dev_and_test_refuse_each_other(lay_out):
    """Six options are no dev set, four are no test set, and a name that could be either is asked back."""
    mixed = dev_files() | {"json/3_ego.json": [choice("ego", SIX)]}
    with pytest.raises(AnnotationError, match=r"no dev set\. Try mlvu-test"):
        find_task("mlvu-dev").load(lay_out(mixed))
    with pytest.raises(AnnotationError, match=r"no test set\. Try mlvu-dev"):
        find_task("mlvu-test").load(lay_out(answered(test_mcq_gt=[choice("ego")])))
    with pytest.raises(AnnotationError, match=r"holds none of .*test_mcq_gt"):
        find_task("mlvu-test").load(lay_out({}, videos=["json/none"]) / "json")
    with pytest.raises(UsageError, match="Did you mean mlvu-dev or mlvu-test"):
        find_task("mlvu")


def test_test_keeps_the_authors_ids(lay_out):
    """The test set's own question ids are kept, and two alike are a fault."""
    rows = [choice("sportsQA", SIX, question_id="SQA_0"), choice("ego", SIX, question_id="ER_0")]
    items = find_task("mlvu-test").load(lay_out(answered(test_mcq_gt=rows))).items
    assert [each.id for each in items] == ["SQA_0", "ER_0"]
    with pytest.raises(AnnotationError, match="id ER_0: stands 2 times"):
        find_task("mlvu-test").load(lay_out(answered(test_mcq_gt=[rows[1], rows[1]])))


def test_the_authors_own_impossible_rows_are_kept_and_wrong(lay_out, make_record):
    """Two published questions have no right option: they load, count as wrong as with the authors, and are said."""
    told = choice("findNeedle", video="needle_4.mp4", answer="Catching a flying drone quadcopter")
    files = dev_files() | {"json/2_needle.json": [told]}
    task = find_task("mlvu-dev")
    items = task.load(lay_out(files)).items
    results = task.score(items, [make_record(each, "(B)") for each in items])
    assert results.score_of("task_type", "findNeedle").value == 0
    assert any("no right option" in note for note in results.notes)
    with pytest.raises(AnnotationError, match="none of the options"):
        task.load(lay_out(files | {"json/3_ego.json": [choice("ego", answer="pink")]}))


def test_m_avg_is_a_mean_over_types(lay_out, make_record):
    """Every type counts the same, however many questions it has; a plain mean over questions would differ."""
    task = find_task("mlvu-dev")
    items = task.load(lay_out(dev_files({"plotQA": 9}))).items
    records = [make_record(each, "(B)" if each.categories["task_type"] == "plotQA" else "(A)") for each in items]
    assert task.score(items, records).overall.value == pytest.approx(1 / 7)
    assert task.score(items, records, parser="official").overall.value == pytest.approx(1 / 7)


def test_a_mean_over_fewer_types_is_said(lay_out, make_record):
    """Where a type has no answers, M-avg says over how many it is."""
    task = find_task("mlvu-dev")
    items = task.load(lay_out(dev_files())).items
    records = [make_record(each, "(B)" if each.categories["task_type"] != "ego" else None) for each in items]
    assert any("6 of 7 task types" in note for note in task.score(items, records).notes)


def test_the_prompt_opens_a_bracket(lay_out):
    """Letters are asked for as MLVU asks, with an opened bracket; free answers as the question stands, and longer."""
    task = find_task("mlvu-dev", {"parts": "all"})
    items = task.load(lay_out(dev_files())).items
    assert task.prompt(items[0]).endswith("(D) black\nBest option: (")
    assert task.prompt(items[-1]) == "Describe it."
    assert items[0].max_new_tokens is None
    assert items[-1].max_new_tokens > task.max_new_tokens


def judged(item, raw="It rains", **marks):
    return Judgement(item=item.id, raw=raw, marks=marks, judge="a person")


def test_g_avg_is_the_mean_of_two_sums(lay_out, make_record):
    """The two aspects of a task add up to ten at most, and G-avg is the mean of the two tasks."""
    task = find_task("mlvu-dev", {"parts": "generation"})
    scene, summary = task.load(lay_out(dev_files())).items
    judgements = {
        scene.id: judged(scene, accuracy=3, relevance=4),
        summary.id: judged(summary, completeness=2, reliability=1),
    }
    results = task.score([scene, summary], [make_record(each, "It rains") for each in (scene, summary)],
                         judgements=judgements)  # fmt: skip
    assert results.overall is None
    assert [results.score_of("judged", name).value for name in ("subPlot", "summary", "G-avg")] == [7, 3, 5]
    assert "a person" in " ".join(results.notes)


def test_answers_that_are_not_judged_are_counted(lay_out, make_record):
    """Without a judgement, or with one of other words, a free answer is in no score, and this is said."""
    task = find_task("mlvu-dev", {"parts": "generation"})
    items = task.load(lay_out(dev_files())).items
    records = [make_record(each, "It rains") for each in items]
    stale = {items[0].id: judged(items[0], raw="It snows", accuracy=5, relevance=5)}
    for judgements in ({}, stale):
        results = task.score(items, records, judgements=judgements)
        assert not results.by
        assert "2 of 2 free answers have no judgement" in results.notes[0]


def test_marks_off_the_scale_are_refused(lay_out, make_record):
    """A judge's mark outside 1 to 5, or a missing aspect, is named."""
    task = find_task("mlvu-dev", {"parts": "generation"})
    items = task.load(lay_out(dev_files())).items
    records = [make_record(each, "It rains") for each in items]
    with pytest.raises(EvaluationError, match="relevance None: expected 1 to 5"):
        task.score(items, records, judgements={items[0].id: judged(items[0], accuracy=3)})
