"""Data files of every form are read example by example, and what they are is seen from their content."""

import io
import json
import pickle
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

from videoxl.errors import ExampleError
from videoxl.training.data.dataset import open_examples
from videoxl.training.data.shards import write_shards
from videoxl.training.data.source import parse_record

LLAVA = {"id": "l", "image": "wide.png", "conversations": [{"from": "human", "value": "<image>\nW?"}]}
LLAVA["conversations"].append({"from": "gpt", "value": "Cat."})


def write_tar(path, *members):
    """A tar of (name, content) or whole TarInfo."""
    with tarfile.open(path, "w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


def test_json_lines_are_read_in_any_order(write_lines, ask):
    """Each line is its own example; blank lines, CRLF and a byte order mark do not count."""
    path = write_lines(*(ask(f"{n}", f"what {n} ?") for n in range(5)))
    lines = path.read_text().splitlines()
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join([*lines, " \t", LLAVA_LINE]).encode())
    source = open_examples(path)
    assert len(source) == 6
    assert [source[index].id for index in (4, 0, 2, 5)] == ["4", "0", "2", "l"]
    assert (source.where(4), source.where(5)) == ("data.jsonl line 9", "data.jsonl line 13")
    assert source[0].source == "data.jsonl"


LLAVA_LINE = json.dumps(LLAVA)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("words", ["what ?", "\u00e9\u4e2d\U0001f600 ?"])
def test_a_json_list_is_read_by_places(tmp_path, ask, indent, words):
    """Entries of a list are found again in the file, whatever its letters and its layout."""
    records = [ask(f"{n}", words * n, answer=words) for n in range(1, 5)] + [LLAVA]
    path = tmp_path / "llava.json"
    path.write_text(json.dumps(records, indent=indent, ensure_ascii=False), encoding="utf-8")
    source = open_examples(path)
    assert [source.record(index) for index in range(len(source))] == records
    assert source.where(1) == "llava.json entry 2"


def test_a_bad_line_is_bad_alone(write_lines, ask):
    """A line that is no JSON, no object or no example says so, and the others are read."""
    source = open_examples(write_lines(ask("0", "a ?"), "{", "[1]", '{"id": "3"}', "[" * 100_000, ask("4", "b ?")))
    assert (source[0].id, source[5].id) == ("0", "4")
    for index, said in ((1, "not JSON"), (2, "JSON object"), (3, "no key 'messages'"), (4, "not JSON")):
        with pytest.raises(ExampleError, match=said):
            source[index]


def test_no_line_is_read_beyond_a_bound(write_lines, ask, monkeypatch):
    """A line longer than an example can be is refused without being held."""
    monkeypatch.setattr("videoxl.training.data.source.MAX_RECORD_BYTES", 200)
    source = open_examples(write_lines(ask("0", "a ?"), ask("1", "b" * 300)))
    with pytest.raises(ExampleError, match="expected at most 200"):
        source[1]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b"\n \n", "is empty"),
        ("a.json", b"[]", "no example"),
        ("a.json", b"[1, 2", "not a whole JSON list"),
        ("a.json", b"[1 2]", "not a whole JSON list"),
        ("a.json", b"[1] x", "nothing behind"),
        ("a.json", b'{\n"id": 1,\n"messages": []\n}', "not JSONL"),
        ("a.jsonl", b"\x1f\x8b123", "gzip"),
        ("a.jsonl", b"PK\x03\x04", "zip"),
        ("a.jsonl", "\ufeff{}".encode("utf-16-le"), "UTF-16"),
        ("a.csv", b"id,text", "begins with b'id,text'"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, said):
    """A file of another kind is named for what it is."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExampleError, match=said):
        open_examples(tmp_path / name)


def test_missing_files_are_refused(tmp_path):
    """A path, a pattern and a folder with nothing to read are told apart."""
    for path, said in (("no.jsonl", "does not exist"), ("*.tar", "no file is called like"), (".", "without shards")):
        with pytest.raises(ExampleError, match=said):
            open_examples(tmp_path / path)


def test_media_lie_beside_the_data_or_where_one_says(write_lines, ask, media, tmp_path):
    """Paths are relative to the data file, or to the folder of media; a URL is no path."""
    path = write_lines(ask("0", "wide.png", "?"))
    for folder, expected in ((None, tmp_path), (media, media)):
        with open_examples(path, media_folder=folder).media(0) as locate:
            assert locate("wide.png") == expected / "wide.png"
            with pytest.raises(ExampleError, match="URL"):
                locate("http://x/a.png")


def test_shards_hold_what_was_packed(write_lines, ask, media, tmp_path):
    """Examples packed into shards are the same examples, with the same bytes of media, in any order."""
    source = open_examples(
        write_lines(
            ask("0", "what ?"), ask("1", "levels.mp4", "wide.png", "wide.png", "?", questions="apart"),
            ask("2", "tall.jpg", "?"),
        )
    )  # fmt: skip
    paths = write_shards(source, tmp_path / "shards", shard_bytes=4096)
    assert [path.name for path in paths] == ["shard-000000.tar", "shard-000001.tar"]
    packed = open_examples(tmp_path / "shards")
    assert [packed[index].id for index in (2, 0, 1)] == ["2", "0", "1"]
    assert packed[1].apart
    with packed.media(1) as locate:
        found = [locate(part.path) for part in packed[1].media]
        assert [path.read_bytes() for path in found] == [
            (media / name).read_bytes() for name in ("levels.mp4", "wide.png", "wide.png")
        ]
    assert not found[0].exists()


def test_shards_are_webdatasets(write_lines, ask, media, tmp_path):
    """What we pack webdataset reads, and what webdataset writes we read."""
    webdataset = pytest.importorskip("webdataset")
    from webdataset.tariterators import group_by_keys, tar_file_expander

    with webdataset.TarWriter(str(tmp_path / "theirs.tar")) as writer:
        for key in ("a/b.c", "a/d"):
            photo = (media / "tall.jpg").read_bytes()
            writer.write({"__key__": key, "json": ask(key, "0.jpg", "?"), "0.jpg": photo})
    theirs = open_examples(tmp_path / "theirs.tar")
    assert theirs.where(1) == "theirs.tar key a/d"
    with theirs.media(1) as locate:
        assert locate("0.jpg").read_bytes() == locate("d.0.jpg").read_bytes() == (media / "tall.jpg").read_bytes()
    (ours,) = write_shards(open_examples(write_lines(ask("x", "wide.png", "?"))), tmp_path / "ours")
    with ours.open("rb") as file:
        (read,) = group_by_keys(tar_file_expander([{"url": str(ours), "stream": file}]))
    assert json.loads(read["json"])["id"] == "x"
    assert read["0.png"] == (media / "wide.png").read_bytes()


def test_packing_is_deterministic_and_whole(write_lines, ask, tmp_path):
    """The same examples give the same bytes, and a bad one leaves no unfinished shard."""
    path = write_lines(ask("0", "wide.png", "?"))
    first, second = (write_shards(open_examples(path), tmp_path / name)[0].read_bytes() for name in "ab")
    assert first == second
    bad = write_lines(ask("0", "wide.png", "?"), ask("1", "gone.png", "?"))
    with pytest.raises(ExampleError, match=r"gone\.png"):
        write_shards(open_examples(bad), tmp_path / "c")
    assert not list((tmp_path / "c").iterdir())


def test_nothing_hostile_leaves_a_shard(tmp_path, ask):
    """Links, devices and names that climb out of the folder pick nothing on this machine."""
    link = tarfile.TarInfo("link.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    climbing = json.dumps(ask("up", "png", "?")).encode()
    path = write_tar(
        tmp_path / "x.tar", ("../../up.json", climbing), ("../../up.png", b"picture"), ("link.json", climbing), link,
        ("lonely.png", b"picture"), ("ok.json", json.dumps(ask("ok", "/etc/passwd", "?")).encode()),
    )  # fmt: skip
    source = open_examples(path)
    assert len(source) == 4
    with source.media(0) as locate:
        assert locate("png").read_bytes() == b"picture"
        assert locate("png").parent != tmp_path
    with pytest.raises(ExampleError, match=r"link\.png is no plain file"):
        source[1]
    with pytest.raises(ExampleError, match=r"expected a member lonely\.json"):
        source[2]
    with source.media(3) as locate, pytest.raises(ExampleError, match="no member '/etc/passwd'"):
        locate("/etc/passwd")


def test_a_shard_that_is_cut_off_is_said(tmp_path, ask):
    """A copy that stopped midway is refused when it is opened, not in the middle of a run."""
    path = write_tar(tmp_path / "x.tar", ("a.json", json.dumps(ask("a", "?")).encode()), ("a.png", bytes(50_000)))
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(ExampleError, match="cut off"):
        open_examples(path)


def test_a_source_goes_to_another_process(write_lines, ask, tmp_path):
    """Workers that are spawned get sources by copy, and those read the same."""
    write_shards(open_examples(write_lines(ask("0", "wide.png", "?"))), tmp_path / "shards")
    for path in (tmp_path / "data.jsonl", tmp_path / "shards"):
        assert pickle.loads(pickle.dumps(open_examples(path)))[0].id == "0"


def test_an_index_of_lines_is_right_at_block_ends(tmp_path, monkeypatch, ask):
    """Where a line stands does not depend on the blocks in which a file is looked through."""
    records = [ask(f"{n}", "x" * n) for n in range(1, 30)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    for block_bytes in np.random.default_rng(0).integers(1, 200, 5).tolist():
        monkeypatch.setattr("videoxl.training.data.records.BLOCK_BYTES", block_bytes)
        source = open_examples(tmp_path / "a.jsonl")
        assert [source.record(index) for index in range(len(source))] == records


def test_the_records_on_the_page_are_examples():
    """What docs/howto/training-data.md shows as JSON is read without complaint."""
    page = Path(__file__).parents[3] / "docs" / "howto" / "training-data.md"
    blocks = re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    examples = [parse_record(json.loads(block), source="page", default_id="") for block in blocks]
    assert [(example.id, example.apart) for example in examples] == [("goal-7", True), ("7", False)]
