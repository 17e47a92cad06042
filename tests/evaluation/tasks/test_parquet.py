"""Annotations as parquet, in the columns in which the authors publish them, read as the same rows in JSON are."""

import json
from pathlib import Path

import pytest

from videoxl.errors import AnnotationError
from videoxl.evaluation.registry import find_task

VIDEOMME, LONGVIDEOBENCH = "videomme/test-00000-of-00001.parquet", "validation-00000-of-00001.parquet"
FILMS = [
    {"video_id": f"{number:03d}", "duration": duration, "domain": "Knowledge", "sub_category": "Humanity & History",
     "url": "https://www.youtube.com/watch?v=x", "videoID": f"film{number}", "question_id": f"{number:03d}-{turn}",
     "task_type": "Counting Problem", "question": "How many?",
     "options": ["A. One.", "B. Two.", "C. Three.", "D. Four."], "answer": "ABCD"[turn]}
    for number, duration in enumerate(("short", "medium", "long"), start=1) for turn in range(1, 4)
]  # fmt: skip
QUESTION = {
    "video_id": "v", "question": "What?", "question_wo_referring_query": "What?", "correct_choice": 1, "id": "v_0",
    "topic_category": "NP-News-Programs", "question_category": "TOS", "level": "L2-Relation", "video_path": "v.mp4",
    "subtitle_path": "v_en.json", "duration_group": 600, "starting_timestamp_for_subtitles": 0.0, "duration": 190.16,
    "view_count": 259852, "option0": "a", "option1": "b", "option2": "c", "option3": "N/A", "option4": "N/A",
}  # fmt: skip


@pytest.fixture
def lay_out_parquet(tmp_path):
    """Writes rows as a parquet file; gives the folder that holds it."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def write(name: str, rows: list[dict], *, below: str = "benchmark") -> Path:
        path = tmp_path / below / name
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        return tmp_path / below

    return write


def test_videomme_is_the_same_in_parquet(lay_out_parquet, tmp_path):
    """The authors' table gives the very items of the same rows as JSON."""
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "videomme.json").write_text(json.dumps(FILMS))
    loaded = find_task("videomme").load(lay_out_parquet(VIDEOMME, FILMS))
    assert len(loaded.items) == 9
    assert loaded.items == find_task("videomme").load(tmp_path / "json").items


@pytest.mark.parametrize("unused", ["N/A", None])
def test_longvideobench_is_read_in_its_columns(lay_out_parquet, unused):
    """Options stand in columns of their own, and those that a question does not have are none of its options."""
    rows = [QUESTION | {"option3": unused, "option4": unused}]
    [item] = find_task("longvideobench").load(lay_out_parquet(LONGVIDEOBENCH, rows)).items
    assert (item.options, item.answer, item.video) == (("a", "b", "c"), "B", "v")
    assert item.categories["duration_group"] == "600"


def test_folders_above_are_no_columns(lay_out_parquet):
    """A folder that is named like a partition says nothing about the rows."""
    folder = lay_out_parquet(VIDEOMME, FILMS, below="duration=none")
    assert {item.categories["duration"] for item in find_task("videomme").load(folder).items} == {
        "short", "medium", "long",
    }  # fmt: skip


def test_a_damaged_table_is_one_sentence(lay_out_parquet):
    """Cut, emptied, overwritten or of another kind: each is a fault of that file, not a crash."""
    folder = lay_out_parquet(LONGVIDEOBENCH, [QUESTION])
    path = folder / LONGVIDEOBENCH
    whole = path.read_bytes()
    flipped = bytes(byte ^ 255 for byte in whole[100:300])
    damaged = [whole[: len(whole) // 2], b"", b"no table", b"PAR1" + b"\xff" * 99 + b"PAR1"]
    for content in [*damaged, whole[:100] + flipped + whole[300:]]:
        path.write_bytes(content)
        with pytest.raises(AnnotationError, match=r"validation-00000-of-00001\.parquet: does not read as PARQUET"):
            find_task("longvideobench").load(folder)
