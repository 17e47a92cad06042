"""What `videoxl data check` says of a file is what a run would meet in it."""

import json
import sys

import pytest

from videoxl.training.data.check import DataChecker, kind_of
from videoxl.training.data.dataset import open_examples
from videoxl.training.data.media import MediaLimits
from videoxl.training.data.shards import write_shards


@pytest.fixture
def records(ask):
    """One of each kind, all good."""
    return [
        ask("t", "what ?"), ask("i", "wide.png", "what ?"), ask("is", "wide.png", "tall.jpg", "?"),
        ask("v", "film.mp4", "what ?"), ask("vs", "film.mp4", {"type": "video", "path": "levels.mp4", "start": 3}, "?"),
        ask("m", "levels.mp4", "wide.png", "?", questions="apart"),
    ]  # fmt: skip


@pytest.fixture
def videoxl(monkeypatch, capsys):
    """Runs a command in this process; gives its exit code and what it printed."""
    from videoxl.cli import main

    monkeypatch.delenv("VIDEOXL_LOG", raising=False)

    def run(*arguments):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["videoxl", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main(list(map(str, arguments)))
        return end.value.code, *capsys.readouterr()

    return run


def test_good_data_is_counted(write_lines, records, processor):
    """Kinds, questions, durations, frames and tokens of a file without a fault."""
    checker = DataChecker(processor=processor, limits=MediaLimits(max_frames=6), max_text_tokens=100)
    source = open_examples(write_lines(*records))
    assert [kind_of(source[index]) for index in range(6)] == ["text", "image", "images", "video", "videos", "mixed"]
    report = checker.check(source)
    assert (report.num_examples, report.num_bad, report.num_media_missing) == (6, 0, 0)
    assert report.kinds == dict.fromkeys(("text", "image", "images", "video", "videos", "mixed"), 1)
    assert (report.num_questions, report.num_apart) == (6, 1)
    assert report.video_seconds.total == pytest.approx(8 + 8 + 2 + 5, abs=0.2)
    assert report.num_videos_capped == 2
    assert report.num_video_frames == 6 + 3 + 2 + 5
    assert report.answer_tokens.total == 6 * 2


def test_what_is_bad_is_what_a_run_would_refuse(write_lines, records, ask, processor):
    """Every kind of fault is found with its place and reason, and each bad example counts once."""
    bad = [
        ask("gone", "a.mp4", "b.png", "?"), ask("broken", "broken.mp4", "?"),
        ask("late", {"type": "video", "path": "levels.mp4", "start": 60}, "?"), ask("long", "what " * 200),
        ask("unsaid", "?", answer="zyxwv"), "{", ask("header", {"type": "image", "path": "broken.mp4"}, "?"),
    ]  # fmt: skip
    report = DataChecker(processor=processor, max_text_tokens=100).check(open_examples(write_lines(*records, *bad)))
    assert (report.num_bad, report.num_media_missing) == (len(bad), 2)
    assert [(fault.place, fault.example_id) for fault in report.bad] == [
        (f"data.jsonl line {7 + number}", record["id"] if record != "{" else "") for number, record in enumerate(bad)
    ]
    said = ("a.mp4 does not exist", "broken.mp4", "past the end", "max_text_tokens", "does not know", "JSON", "picture")
    for fault, words in zip(report.bad, said, strict=True):
        assert words in fault.reason
    assert "1 more of its files" in report.bad[0].reason


def test_shards_are_checked_as_files_are(write_lines, records, tmp_path):
    """Packing changes nothing in what is found."""
    source = open_examples(write_lines(*records))
    write_shards(source, tmp_path / "shards")
    plain, packed = (DataChecker().check(each) for each in (source, open_examples(tmp_path / "shards")))
    assert plain.video_seconds == packed.video_seconds
    assert (plain.kinds, plain.num_video_frames) == (packed.kinds, packed.num_video_frames)


def test_the_command_prints_a_report(videoxl, write_lines, records):
    """Good data: exit 0, and a page for people on stdout."""
    code, out, err = videoxl("data", "check", write_lines(*records), "--model", "nano")
    assert (code, err) == (0, "")
    assert "  answer tokens  12 in all; least 2, median 2, most 2" in out  # a word and the end
    code, out, err = videoxl("data", "check", write_lines(*records))
    assert (code, err) == (0, "")
    for line in ("examples   6, 0 bad", "image 1, images 1, mixed 1, text 1, video 1, videos 1", "apart in 1 examples"):
        assert line in out


def test_the_command_lists_what_is_bad(videoxl, write_lines, ask):
    """Bad data: exit 1, each line with place, id and reason, and one sentence on stderr; --json has it all too."""
    path = write_lines(ask("1", "gone.mp4", "?"), ask("2", "what ?"), ask("2", "what ?"))
    code, out, err = videoxl("data", "check", path)
    assert (code, err) == (1, "videoxl: 1 of 3 examples are bad: mend them or take them out.\n")
    assert "  bad: data.jsonl line 1 (id 1): gone.mp4 does not exist: check the path." in out
    assert "repeated ids  1" in out
    code, out, err = videoxl("data", "check", path, "--json")
    (report,) = json.loads(out)
    assert (code, report["num_bad"], report["bad"][0]["example_id"]) == (1, 1, "1")


def test_the_command_looks_at_less_when_asked(videoxl, write_lines, ask):
    """Without media, missing files are not looked for; with a limit, later examples are not read."""
    path = write_lines(ask("1", "gone.mp4", "?"), "{")
    code, out, _ = videoxl("data", "check", path, "--no-media", "--limit", 1)
    assert code == 0
    assert "2, 1 looked at, 0 bad" in out
    assert "not opened" in out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--limit", 0), 2, "--limit is 0"),
        (("--max-text-tokens", 5), 2, "no --model"),
        (("--max-frames", 0), 2, "max_frames is 0"),
        (("--model", "no/such/model"), 1, "no/such/model"),
    ],
)
def test_misuse_is_said(videoxl, write_lines, ask, options, code, said):
    """Options that make no sense are named with their values."""
    result = videoxl("data", "check", write_lines(ask("1", "what ?")), *options)
    assert result[0] == code
    assert said in result[2]


def test_files_of_another_kind_are_said(videoxl, tmp_path):
    """What is no data is refused in one line."""
    (tmp_path / "a.txt").write_text("hello")
    code, _, err = videoxl("data", "check", tmp_path / "a.txt")
    assert code == 1
    assert err.count("\n") == 1
    assert "expected JSONL" in err
