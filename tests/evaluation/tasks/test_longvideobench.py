"""LongVideoBench's files: both forms of options, subtitles of two kinds, and its guessing script."""

import random

import pytest

from videoxl.errors import AnnotationError
from videoxl.evaluation.registry import find_task


def row(identity="v1_0", **fields):
    given = {
        "video_id": "v1", "id": identity, "video_path": "v1.mp4", "subtitle_path": "v1_en.json", "duration": 60.0,
        "question": "Who speaks?", "candidates": ["Ann", "Ben", "Cy"], "correct_choice": 2, "duration_group": 60,
        "question_category": "T2E", "topic_category": "NP-News", "starting_timestamp_for_subtitles": 100.0,
    }  # fmt: skip
    return {**given, **fields}


def test_rows_are_items(lay_out):
    """The number of the right choice becomes its letter, and groups become categories."""
    folder = lay_out({"lvb_val.json": [row()]}, videos=["videos/v1.mp4"])
    (item,) = find_task("longvideobench").load(folder).items
    assert (item.answer, item.answer_text, item.path) == ("C", "Cy", str(folder / "videos/v1.mp4"))
    assert item.categories == {"duration_group": "60", "question_category": "T2E", "topic_category": "NP-News"}


def test_numbered_options_are_the_same_items(lay_out):
    """The table's option0 to option4, the unused ones N/A, are the same options."""
    numbered = row()
    names = [*numbered.pop("candidates"), "N/A", "N/A"]
    numbered |= {f"option{number}": name for number, name in enumerate(names)}
    found = [find_task("longvideobench").load(lay_out({"lvb_val.json": [each]})).items for each in (row(), numbered)]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "entry",
    [
        {"timestamp": [110.0, 112.0], "text": "I am Cy"},
        {"start": "00:01:50.000", "end": "00:01:52.000", "line": "I am Cy"},
    ],
)
def test_subtitles_begin_when_the_video_does(lay_out, entry):
    """Both kinds of subtitles are shown at their time in the video, not on the clock they were cut from."""
    folder = lay_out({"lvb_val.json": [row()], "subtitles/v1_en.json": [entry]})
    task = find_task("longvideobench", {"subtitles": True})
    (item,) = task.load(folder).items
    assert "I am Cy" in task.prompt(item, frame_seconds=[11.0])
    assert "I am Cy" not in task.prompt(item, frame_seconds=[110.5])


def test_a_line_without_end_lasts_to_the_end(lay_out):
    """A subtitle whose end is not said is shown until the video ends."""
    folder = lay_out({"lvb_val.json": [row()], "subtitles/v1_en.json": [{"timestamp": [110.0, None], "text": "on"}]})
    task = find_task("longvideobench", {"subtitles": True})
    assert "on\n" in task.prompt(task.load(folder).items[0], frame_seconds=[59.0])


def test_answers_outside_and_the_test_set_are_refused(lay_out):
    """A choice beyond the options is a fault; a file without choices, as the test set's, is of another schema."""
    with pytest.raises(AnnotationError, match="correct_choice is 3, expected 0 to 2"):
        find_task("longvideobench").load(lay_out({"lvb_val.json": [row(correct_choice=3)]}))
    without = {name: value for name, value in row().items() if name != "correct_choice"}
    with pytest.raises(AnnotationError, match="no row has correct_choice"):
        find_task("longvideobench").load(lay_out({"lvb_val.json": [without]}))


def test_official_guesses_are_seeded(make_item, make_record):
    """Unreadable answers are guessed by the official parser, the same for the same seed and as python guesses."""
    items = [make_item(str(number)) for number in range(40)]
    records = [make_record(each, "no idea") for each in items]
    task = find_task("longvideobench")
    first, again, other = (task.score(items, records, parser="official", seed=seed) for seed in (0, 0, 1))
    guesses = random.Random(0)
    assert [mark.read for mark in first.marks] == [guesses.choice("ABCD") for _ in items]
    assert first == again != other
    assert task.score(items, records).overall.value == 0
