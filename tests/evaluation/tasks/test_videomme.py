"""Video-MME's files: flat rows, the nested layout, subtitles, and all that can be wrong with them."""

import csv
import io
import json
import sys

import pytest

from videoxl.errors import AnnotationError, MissingDependencyError, UsageError
from videoxl.evaluation.registry import find_task

OPTIONS = ["A. One cat.", "B. Two cats.", "C. A dog.", "D. Nothing."]
SUBTITLES = """1
00:00:00,500 --> 00:00:02,000
<font color="white" size=".72c">Hello
there</font>

2
00:01:00,000 --> 00:01:05,000
Much later
"""


def row(identity="001-1", **fields):
    given = {
        "video_id": identity.split("-")[0], "duration": "short", "domain": "Knowledge", "sub_category": "Law",
        "url": "https://example.org", "videoID": "abc", "question_id": identity, "task_type": "Counting Problem",
        "question": "How many cats?", "options": OPTIONS, "answer": "B",
    }  # fmt: skip
    return {**given, **fields}


def test_flat_rows_are_items(lay_out):
    """A row of the authors' table is an item: letters leave the options, categories stay, the file is found."""
    folder = lay_out({"videomme.jsonl": [row(), row("001-2")]}, videos=["data/abc.mp4"])
    loaded = find_task("videomme").load(folder)
    first, second = loaded.items
    assert (first.options, first.answer) == (("One cat.", "Two cats.", "A dog.", "Nothing."), "B")
    assert first.categories["task_type"] == "Counting Problem"
    assert first.path == str(folder / "data/abc.mp4")
    assert not loaded.missing
    assert [(video, len(items)) for video, items in loaded.by_video()] == [("abc", 2)]
    assert second.id == "001-2"


def test_every_layout_gives_the_same_items(lay_out, tmp_path):
    """JSONL, CSV with lists as JSON, and questions nested in their video are the same items."""
    rows = [row(), row("001-2", answer="C")]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({**each, "options": json.dumps(each["options"])} for each in rows)
    own = ("question_id", "task_type", "question", "options", "answer")
    shared = {name: value for name, value in rows[0].items() if name not in own}
    nested = [{**shared, "questions": [{name: each[name] for name in own} for each in rows]}]
    found = []
    for name, content in (("videomme.jsonl", rows), ("videomme.csv", text.getvalue()), ("videomme.json", nested)):
        folder = lay_out({name: content})
        found.append(find_task("videomme").load(folder).items)
        (folder / name).unlink()
    assert found[0] == found[1] == found[2]


def test_durations_choose(lay_out):
    """Only the asked durations are loaded, and unknown ones are refused."""
    folder = lay_out({"videomme.jsonl": [row(), row("601-1", duration="long")]})
    assert [each.id for each in find_task("videomme", {"durations": "long"}).load(folder).items] == ["601-1"]
    with pytest.raises(UsageError, match="endless"):
        find_task("videomme", {"durations": "endless"})


def test_missing_videos_are_listed_and_kept(lay_out):
    """A video that is not there is named with the place it was looked for and its items, none of which is dropped."""
    folder = lay_out({"videomme.jsonl": [row(), row("002-1", videoID="gone"), row("002-2", videoID="gone")]},
                     videos=["data/abc.MP4"])  # fmt: skip
    loaded = find_task("videomme").load(folder)
    (missing,) = loaded.missing
    assert (missing.video, missing.num_items, loaded.num_items_missing) == ("gone", 2, 2)
    assert missing.looked_for == str(folder / "data/gone")
    assert [each.path for each in loaded.items] == [str(folder / "data/abc.MP4"), None, None]


def test_subtitles_are_those_of_the_frames(lay_out):
    """With subtitles the prompt shows the lines that are on screen at the frames looked at, without markup."""
    folder = lay_out({"videomme.jsonl": [row(), row("002-1", videoID="silent")], "subtitle/abc.srt": SUBTITLES})
    task = find_task("videomme", {"subtitles": True})
    spoken, silent = task.load(folder).items
    assert "Hello there" in task.prompt(spoken, frame_seconds=[1.0, 30.0])
    assert "Much later" not in task.prompt(spoken, frame_seconds=[1.0, 30.0])
    assert "no subtitles" in task.prompt(silent, frame_seconds=[1.0])
    assert "ubtitles" not in find_task("videomme").prompt(spoken, frame_seconds=[1.0])


def test_everything_wrong_is_in_one_report(lay_out):
    """Duplicate ids, answers outside the options, missing and unknown values are said together, and nothing loads."""
    rows = [row(), row(), row("002-1", answer="E"), row("003-1", options=None), row("004-1", duration="brief")]
    with pytest.raises(AnnotationError) as caught:
        find_task("videomme").load(lay_out({"videomme.jsonl": rows}))
    said = str(caught.value)
    assert said.startswith("videomme: 4 faults in the annotations, nothing was loaded.")
    for part in (
        "id 001-1: stands 2 times",
        "row 3: the answer 'E' is none of the options ABCD",
        "row 4: options is missing, expected a list of texts",
        "row 5: duration is 'brief'",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "does not read as JSONL: line 1"),
        ('{"rows": 1}\n[]', "expected a list of records"),
        ("", "it has no rows"),
        (
            '{"clip": "abc", "length": "short"}',
            "no row has domain, duration; it has clip, length. Another file, or a newer",
        ),
    ],
    ids=["malformed", "no records", "empty", "newer schema"],
)
def test_a_file_of_another_kind_is_named(lay_out, content, said):
    """A malformed file, an empty one and one of another schema are each refused with what was found."""
    with pytest.raises(AnnotationError, match=said.replace("[", r"\[")) as caught:
        find_task("videomme").load(lay_out({"videomme.jsonl": content}))
    assert "videomme.jsonl" in str(caught.value)


def test_a_folder_without_annotations_says_what_to_put_there(lay_out, tmp_path):
    """A folder that lacks the annotations, does not exist or is not given says which file is needed."""
    with pytest.raises(AnnotationError, match="holds none of videomme/test-00000"):
        find_task("videomme").load(lay_out({"other.json": []}))
    with pytest.raises(AnnotationError, match="does not exist"):
        find_task("videomme").load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="needs --data FOLDER"):
        find_task("videomme").load(None)


def test_parquet_without_its_reader_says_how_to_get_it(lay_out, monkeypatch):
    """Where pyarrow is not installed, parquet is refused with the line that installs it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'videoxl\[parquet\]'"):
        find_task("videomme").load(lay_out({"videomme/test-00000-of-00001.parquet": "PAR1"}))


def test_official_leaves_out_what_it_cannot_read(make_item, make_record):
    """The authors divide by the answers in which they find a letter; strict counts the others as wrong."""
    items = [make_item("1"), make_item("2")]
    records = [make_record(items[0], "B"), make_record(items[1], "no idea")]
    official, strict = (find_task("videomme").score(items, records, parser=name) for name in ("official", "strict"))
    assert (official.overall.value, official.overall.num) == (1.0, 1)
    assert (strict.overall.value, strict.overall.num) == (0.5, 2)
    assert official.num_unparsed == strict.num_unparsed == 1
    assert "left out" in official.notes[0]
