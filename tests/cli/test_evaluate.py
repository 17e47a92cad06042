"""`videoxl evaluate`: list, score and compare, from run folders alone."""

import errno
import json
import os
from pathlib import Path

import pytest

from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Record, RunHeader
from videoxl.evaluation.run_folder import ANSWERS, HEADER, ITEMS, file_sha256, write_documents, write_json

FOUR = ("one", "two", "three", "four")


@pytest.fixture
def write_run(tmp_path: Path):
    """Writes a run of as many items as raw answers, B being right."""

    def write(name: str, answers: str, *, task: str = "videomme") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        items = [
            Item(id=f"q{n}", video=f"f{n}", question="?", answer="B", options=FOUR, categories={"domain": "Sports"})
            for n in range(len(answers))
        ]
        write_documents(folder / ITEMS, items)
        records = [
            Record(item=each.id, video=each.video, prompt="?", raw=raw)
            for each, raw in zip(items, answers, strict=True)
        ]
        write_documents(folder / ANSWERS, records)
        header = RunHeader(
            task=task, task_options={}, model="nano", fingerprint="", settings={}, num_items=len(items),
            items_sha256=file_sha256(folder / ITEMS), versions={},
        )  # fmt: skip
        write_json(folder / HEADER, header.to_json())
        return folder

    return write


def test_list_names_every_task(videoxl):
    """Every task is listed with its metric and what its folder has to hold, for people and for programs."""
    told, document = videoxl("evaluate", "list"), videoxl("evaluate", "list", "--json")
    tasks = json.loads(document.out)
    assert {"videomme", "mlvu-dev", "mlvu-test", "longvideobench", "lvbench", "vnbench"} <= {
        each["name"] for each in tasks
    }
    assert all(each["name"] in told.out and each["metric"] in told.out for each in tasks)
    assert (told.code, document.code) == (0, 0)


def test_score_says_both_parsers(videoxl, write_run):
    """The one number is said by both parsers, with counts, and categories by the chosen one."""
    result = videoxl("evaluate", "score", write_run("run", "BBAx"))
    assert result.code == 0, result.err
    assert "strict    50.00 %" in result.out
    assert "official  66.67 %" in result.out
    assert "4 items, 0 missing, 1 unparsed" in result.out
    assert "domain  Sports" in result.out


def test_score_as_json_is_one_document(videoxl, write_run):
    """--json prints results of both parsers; --marks adds every question's."""
    run = write_run("run", "BBAx")
    document = json.loads(videoxl("evaluate", "score", run, "--json", "--marks").out)
    assert document["results"]["strict"]["overall"]["points"] == 2
    assert [mark["read"] for mark in document["results"]["official"]["marks"]] == ["B", "B", "A"]
    assert "marks" not in json.loads(videoxl("evaluate", "score", run, "--json").out)["results"]["strict"]


def test_compare_shows_what_flipped(videoxl, write_run):
    """Two runs of a task are compared by category, and the items that flipped are named."""
    result = videoxl("evaluate", "compare", write_run("one", "ABBB"), write_run("other", "BBBA"))
    assert result.code == 0, result.err
    assert "gained: q0: A -> B, right is B" in result.out
    assert "lost: q3: B -> A, right is B" in result.out
    assert "domain  Sports" in result.out


def test_compare_as_json_is_one_document(videoxl, write_run):
    """--json prints the whole comparison, with intervals and all flips."""
    result = videoxl("evaluate", "compare", write_run("one", "ABBB"), write_run("other", "BBBB"), "--json")
    document = json.loads(result.out)
    assert document["overall"]["value"] == 0.25
    assert document["overall"]["low"] <= 0.25 <= document["overall"]["high"]
    assert [flip["id"] for flip in document["flips"]] == ["q0"]


def test_a_published_log_is_scored_and_compared(videoxl, tmp_path):
    """A file of answers is scored where its task is named, and two such files are compared."""
    logs = []
    for name, answers in (("one", "BA"), ("other", "BB")):
        rows = [{"question_id": str(n), "answer": "B", "response": raw} for n, raw in enumerate(answers)]
        logs.append(tmp_path / f"{name}.jsonl")
        logs[-1].write_text("\n".join(map(json.dumps, rows)))
    assert "strict    50.00 %" in videoxl("evaluate", "score", logs[0], "--task", "videomme").out
    compared = videoxl("evaluate", "compare", *logs, "--task", "videomme")
    assert "gained: 1: A -> B, right is B" in compared.out
    refused = videoxl("evaluate", "score", logs[0])
    assert refused.code == 2
    assert "say with --task whose answers it holds" in refused.complaints[0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("score", "."), 1, "is no run of `videoxl evaluate`"),
        (("score", "run", "--parser", "kind"), 2, "--parser is 'kind', expected strict or official"),
        (("compare", "run", "other"), 2, "give two runs of one task"),
    ],
)
def test_misuse_is_said_in_one_line(videoxl, write_run, arguments, code, said):
    """What is no run, no parser or no pair of runs is refused in one line, with the exit code of its kind."""
    write_run("run", "B")
    write_run("other", "B", task="lvbench")
    result = videoxl("evaluate", *arguments)
    assert result.code == code
    assert len(result.complaints) == 1
    assert said in result.complaints[0]


def test_words_of_strangers_do_not_steer_the_terminal(videoxl, tmp_path):
    """What an id or a category holds is shown and never obeyed, and half a character does not end the command."""
    hostile = "\x1b[2J\ud83d\r\nB"
    logs = []
    for name, raw in (("one", "A"), ("other", "B")):
        rows = [{"question_id": f"q{hostile}", "answer": "B", "response": raw, "domain": hostile}]
        logs.append(tmp_path / f"{name}.json")
        logs[-1].write_text(json.dumps(rows))
    for words in (("score", logs[0]), ("compare", *logs)):
        result = videoxl("evaluate", *words, "--task", "videomme")
        assert result.code == 0, result.err
        assert "\x1b" not in result.out
        assert r"\x1b[2J\ud83d\r\nB" in result.out


def test_a_full_disk_is_one_sentence(videoxl, write_run, monkeypatch, tmp_path):
    """Where a report does not fit on the disk, that is said with the file's name, and no part of it is left."""
    run = write_run("run", "B")

    def full(*args, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    result = videoxl("evaluate", "report", run, "-o", "r.md")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "the disk is full (r.md). Free some space and run the same command again." in result.complaints[0]
    assert sorted(path.name for path in tmp_path.iterdir() if "r.md" in path.name) == []


def test_the_installed_command_scores_a_run(start_videoxl, write_run):
    """The command as installed scores a run in a process of its own."""
    process = start_videoxl("evaluate", "score", write_run("run", "BBAx"), "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["results"]["strict"]["overall"]["num"] == 4
