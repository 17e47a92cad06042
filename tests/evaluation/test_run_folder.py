"""Run folders: read whole or refused, with the line that is wrong."""

import json

import pytest

from videoxl.errors import EvaluationError
from videoxl.evaluation.record import Record
from videoxl.evaluation.run_folder import (
    ANSWERS,
    HEADER,
    ITEMS,
    file_sha256,
    line_of,
    open_run,
    whole_lines,
    write_json,
)


@pytest.fixture
def run(make_item, write_run):
    """Three items, all answered."""
    items = [make_item(str(number)) for number in range(3)]
    return write_run(items, {item.id: "B" for item in items})


def test_a_whole_run_is_read(run):
    """Header, items and records come back as they were written."""
    folder = open_run(run)
    assert (folder.header.task, len(folder.items), len(folder.records)) == ("videomme", 3, 3)
    assert folder.judgements == {}
    assert folder.videos == ()


def test_a_damaged_line_is_named_by_number(run):
    """A line that does not read is refused with its file and number."""
    lines = (run / ANSWERS).read_text().splitlines(keepends=True)
    (run / ANSWERS).write_text(lines[0] + lines[1].replace('"raw"', '"row"') + lines[2])
    with pytest.raises(EvaluationError, match=r"answers\.jsonl line 2 is damaged: a Record has no row"):
        open_run(run)


def test_a_line_that_a_kill_cut_is_said_to_be(run):
    """A last line without its end says that the run can go on."""
    text = (run / ANSWERS).read_text()
    (run / ANSWERS).write_text(text[:-20])
    with pytest.raises(EvaluationError, match=r"line 3 is damaged.*cut short: go on with the run"):
        open_run(run)


def test_going_on_drops_only_what_was_cut(run):
    """Whoever goes on gets the whole lines, and the file holds exactly those."""
    text = (run / ANSWERS).read_text()
    (run / ANSWERS).write_text(text[:-20])
    records = whole_lines(run / ANSWERS, Record)
    assert [record.item for record in records] == ["0", "1"]
    assert (run / ANSWERS).read_text() == "".join(map(line_of, records))
    assert whole_lines(run / "nothing.jsonl", Record) == []


def test_half_a_character_is_kept(run, make_item):
    """What a model spelled of a character that it did not end is read back as it was, and the file is UTF-8."""
    said = "B. \ud83d half, \\ud83d spelled, \u2028 and \x00"
    record = Record("0", "film", "asked", said, details={"\udfff": ["\ud800"]})
    (run / ANSWERS).write_bytes(line_of(record).encode("utf-8"))
    [read] = open_run(run, partial=True).records
    assert read == record
    assert line_of(read) == line_of(record)
    write_json(run / "other.json", {"said": said})
    assert json.loads((run / "other.json").read_text(encoding="utf-8")) == {"said": said}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"raw": 5}, "the raw of a Record cannot be 5"),
        ({"raw": True}, "the raw of a Record cannot be True"),
        ({"prompt": None}, "the prompt of a Record cannot be None"),
        ({"evidence": [[0, 1]]}, r"the evidence of a Record cannot be \(\(0, 1\),\)"),
        ({"evidence": [[0, 1, float("nan")]]}, "the evidence of a Record cannot be"),
        ({"num_frames": 1.5}, "the num_frames of a Record cannot be 1.5"),
        ({"details": [1]}, "the details of a Record cannot be"),
    ],
)
def test_values_of_another_type_are_refused(run, change, said):
    """A field that holds what no run writes there is named, with its line, before anything is scored."""
    lines = (run / ANSWERS).read_text().splitlines(keepends=True)
    (run / ANSWERS).write_text(lines[0] + json.dumps(json.loads(lines[1]) | change) + "\n" + lines[2])
    with pytest.raises(EvaluationError, match=rf"answers\.jsonl line 2 is damaged: {said}"):
        open_run(run)


def test_a_line_without_its_fields_is_refused(run):
    """Fields that a record cannot do without are asked for by name."""
    (run / ANSWERS).write_text('{"item": "0", "raw": "B"}\n')
    with pytest.raises(EvaluationError, match="line 1 is damaged: a Record lacks fields: prompt, video"):
        open_run(run, partial=True)


@pytest.mark.parametrize("name", [HEADER, ITEMS, ANSWERS])
def test_nesting_beyond_sense_is_refused(run, name):
    """A file that is nothing but brackets is damaged, not a reason to crash."""
    (run / name).write_text("[" * 100_000)
    with pytest.raises(EvaluationError, match="it is nested too deeply"):
        open_run(run)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "Z"}, "line 2: the answer 'Z' is none of the options ABCD"),
        ({"answer": "AB"}, "line 2: the answer 'AB' is none of the options ABCD"),
        ({"id": "0"}, "line 1: 0 stands 2 times"),
        ({"options": ["x"] * 27}, "line 2: 1 has 27 options, expected 26 at most"),
    ],
)
def test_items_that_no_loader_gives_are_refused(run, change, said):
    """Items of a stranger's run are held to what loaders hold theirs to."""
    lines = (run / ITEMS).read_text().splitlines(keepends=True)
    (run / ITEMS).write_text(lines[0] + json.dumps(json.loads(lines[1]) | change) + "\n" + lines[2])
    header = json.loads((run / HEADER).read_text())
    (run / HEADER).write_text(json.dumps(header | {"items_sha256": file_sha256(run / ITEMS)}))
    with pytest.raises(EvaluationError, match=said):
        open_run(run)


def test_an_unfinished_run_is_refused_or_asked_for(run):
    """Items without an answer are not silently left out: the run is refused unless it is asked for in part."""
    lines = (run / ANSWERS).read_text().splitlines(keepends=True)
    (run / ANSWERS).write_text(lines[0])
    with pytest.raises(EvaluationError, match="not finished: 1 of 3 items are answered"):
        open_run(run)
    assert len(open_run(run, partial=True).records) == 1


def test_an_item_answered_twice_is_refused(run):
    """Two records of one item are a fault, not a vote."""
    lines = (run / ANSWERS).read_text().splitlines(keepends=True)
    (run / ANSWERS).write_text("".join([*lines, lines[0]]))
    with pytest.raises(EvaluationError, match="line 1: 0 is answered 2 times"):
        open_run(run)


def test_a_foreign_answer_is_refused(run):
    """A record of an item that this run does not have is of another run."""
    text = (run / ANSWERS).read_text()
    (run / ANSWERS).write_text(text.replace('"item": "2"', '"item": "99"'))
    with pytest.raises(EvaluationError, match="'99', which is not among"):
        open_run(run)


def test_changed_items_are_noticed(run):
    """Right answers cannot be changed under a run: its header knows the items it was asked with."""
    text = (run / ITEMS).read_text()
    (run / ITEMS).write_text(text.replace('"answer": "B"', '"answer": "A"'))
    with pytest.raises(EvaluationError, match=r"items\.jsonl is not the one"):
        open_run(run)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "is no run of"),
        ("{", "does not read as a run's"),
        ({"format": 99}, "format 99 is newer than this videoxl reads"),
        ({"colour": "red"}, "has no colour"),
    ],
)
def test_a_header_of_another_kind_is_refused(run, change, said):
    """No header, a broken one, a newer one and one with unknown fields are each told apart."""
    header = json.loads((run / HEADER).read_text())
    if change is None:
        (run / HEADER).unlink()
    else:
        (run / HEADER).write_text(change if isinstance(change, str) else json.dumps(header | change))
    with pytest.raises(EvaluationError, match=said):
        open_run(run)
