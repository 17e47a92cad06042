"""Folders that are damaged, cut, or made to hurt: each is refused by one sentence, or harmless."""

import json
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videoxl.errors import MemoryFormatError, VideoXLError
from videoxl.memory import inspect, open_memory, save
from videoxl.memory.manifest import ShardEntry, self_hash

NUM_SAMPLES = 60  # positions tried in each file
NESTED = b"[" * 100_000


@pytest.fixture
def folder(make_memory, tmp_path):
    """A memory of three shards."""
    save(make_memory(), tmp_path / "film.vxl", shard_rows=8)
    return tmp_path / "film.vxl"


def opened_or_refusal(folder, *, verify=True):
    """The memory, or the one sentence, with its next step, that refuses it."""
    try:
        return open_memory(folder, verify=verify)
    except VideoXLError as error:
        refusal = str(error)
    assert str(folder) in refusal
    assert len(re.findall(r"\. [A-Z]", refusal)) == 1, refusal
    return refusal


def refuse_or_equal(folder, memory):
    """Open in every way; whatever is accepted is the memory itself."""
    for verify in (True, False):
        opened = opened_or_refusal(folder, verify=verify)
        if not isinstance(opened, str):
            # Without the hashes a changed row cannot be told, but the manifest still holds together.
            assert opened.segments == memory.segments
            assert opened.about == memory.about
            assert not verify or opened.same_rows(memory)


def rewrite(folder, change):
    """Change the manifest as someone would who knows how its hash is made."""
    document = json.loads((folder / "manifest.json").read_text())
    document = change(document) or document
    document.pop("sha256", None)
    (folder / "manifest.json").write_text(json.dumps(document | {"sha256": self_hash(document)}))


def test_a_changed_byte_anywhere_is_refused_or_harmless(folder, make_memory):
    """Flip one bit at any sampled place of any file: the memory is refused, or opens as it was."""
    memory = make_memory()
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        for sample in range(NUM_SAMPLES):
            position = sample * (len(data) - 1) // (NUM_SAMPLES - 1)
            flipped = bytearray(data)
            flipped[position] ^= 1 << sample % 8
            path.write_bytes(flipped)
            refuse_or_equal(folder, memory)
        path.write_bytes(data)
    assert open_memory(folder).same_rows(memory)


def test_a_file_cut_or_grown_anywhere_is_refused_or_harmless(folder, make_memory):
    """Cut a file short at any sampled place, or add to it: the memory is refused, or opens as it was."""
    memory = make_memory()
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        for sample in range(30):
            path.write_bytes(data[: sample * len(data) // 30])
            refuse_or_equal(folder, memory)
        for more in (b" ", b"x", data):
            path.write_bytes(data + more)
            refuse_or_equal(folder, memory)
        path.write_bytes(data)


def test_a_missing_shard_is_named(folder):
    """Opening and inspecting a folder that lacks a shard name the shard."""
    shard = sorted(folder.glob("rows-*"))[1]
    shard.unlink()
    for look in (open_memory, inspect):
        with pytest.raises(MemoryFormatError, match=f"{shard.name} is missing"):
            look(folder)


def test_a_damaged_shard_is_named(folder):
    """A changed row is found by its hash when opening and verifying, and the shard is named."""
    shard = sorted(folder.glob("rows-*"))[1]
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(MemoryFormatError, match=f"{shard.name} is damaged"):
        open_memory(folder)
    with pytest.raises(MemoryFormatError, match=f"{shard.name} is damaged"):
        inspect(folder, verify=True)


def test_a_newer_format_says_upgrade(folder):
    """A manifest of another format version is refused by both numbers, with the way out."""
    rewrite(folder, lambda document: document.update(version=3))
    with pytest.raises(MemoryFormatError, match=r"has memory format 3, and this videoxl reads 1\. Upgrade"):
        open_memory(folder)


def put(*keys, value):
    """A change that puts a value deep into the manifest."""

    def change(document):
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value

    return change


def promise_rows(document):
    """Let the last shard claim a thousand million rows, with all else in keeping."""
    segment, shard = document["segments"][-1], document["shards"][-1]
    shard["num_rows"] += 10**9 - segment["num_rows"]
    segment["num_rows"] = 10**9
    entry = ShardEntry(**{name: value for name, value in shard.items() if name != "name"})
    shard["name"] = entry.name


HOSTILE = {
    "shard up": put("shards", 0, "name", value="../../etc/passwd"),
    "shard absolute": put("shards", 0, "name", value="/etc/passwd"),
    "shard device": put("shards", 0, "name", value="/dev/zero"),
    "shard hash not hexadecimal": put("shards", 0, "sha256", value="../" * 21 + "x"),
    "shard hash in capitals": put("shards", 0, "sha256", value="AB" * 32),
    "shard hash a number": put("shards", 0, "sha256", value=7),
    "shard of no bytes": put("shards", 0, "num_bytes", value=0),
    "shard of many bytes": put("shards", 0, "num_bytes", value=10**15),
    "shard starts below zero": put("shards", 0, "first_row", value=-1),
    "shard starts elsewhere": put("shards", 1, "first_row", value=1),
    "shards a text": put("shards", value="rows"),
    "no shards": put("shards", value=[]),
    "shard left out": lambda document: document["shards"].pop(1) and None,
    "shards turned": lambda document: document["shards"].reverse(),
    "many rows": put("segments", 1, "num_rows", value=10**15),
    "rows that no file holds": promise_rows,
    "huge rows": put("segments", 1, "num_rows", value=10**400),
    "one row more": put("segments", 1, "num_rows", value=9),
    "no rows": put("segments", 1, "num_rows", value=0),
    "rows true": put("segments", 1, "num_rows", value=True),
    "rows with a point": put("segments", 1, "num_rows", value=2.0),
    "segment left out": lambda document: document["segments"].pop() and None,
    "segments null": put("segments", value=None),
    "segment a list": put("segments", 0, value=[]),
    "unknown kind": put("segments", 1, "kind", value="gap"),
    "unknown segment field": put("segments", 1, "__class__", value="x"),
    "huge token": put("segments", 0, "token_ids", value=[1, 10**400]),
    "token a text": put("segments", 0, "token_ids", value=["a", "b"]),
    "times a text": put("segments", 1, "frame_seconds", value="12"),
    "huge time": put("segments", 1, "start_seconds", value=10**400),
    "times backward": put("segments", 1, "start_seconds", value=1e9),
    "source beyond": put("segments", 1, "source", value=1),
    "unknown number type": put("rows", "dtype", value="object"),
    "narrower number type": put("rows", "dtype", value="float16"),
    "wider number type": put("rows", "dtype", value="float64"),
    "number type of the same size": lambda document: document["rows"].update(dtype="bfloat16", head_dim=8),
    "no layers": put("rows", "num_layers", value=0),
    "many layers": put("rows", "num_layers", value=10**15),
    "fewer layers": put("rows", "num_layers", value=1),
    "no geometry": put("rows", value=None),
    "shard length 0": put("shard_rows", value=0),
    "other shard length": put("shard_rows", value=5),
    "complete a number": put("complete", value=1),
    "about a list": put("about", value=[]),
    "sources an object": put("about", "sources", value={}),
    "plan null": put("about", "plan", value=None),
    "fingerprint a number": put("about", "model_fingerprint", value=5),
    "unknown field": put("extra", value=1),
    "field left out": lambda document: document.pop("complete") and None,
    "version a text": put("version", value="1"),
    "version true": put("version", value=True),
    "other format": put("format", value="zip"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_manifest_made_to_hurt_is_refused(folder, change):
    """A manifest with a matching hash and senseless content is refused by a sentence before a row is read."""
    rewrite(folder, change)
    for look in (open_memory, lambda path: open_memory(path, verify=False)):
        with pytest.raises(MemoryFormatError, match=re.escape(str(folder))) as refusal:
            look(folder)
        assert len(str(refusal.value)) < 800


def test_rows_are_not_made_room_for_before_they_are_found(folder):
    """A manifest that promises more rows than its files can hold is refused by their size, without reading them."""
    last = sorted(folder.glob("rows-*"))[-1]
    rewrite(folder, promise_rows)
    promised = json.loads((folder / "manifest.json").read_text())["shards"][-1]["name"]
    last.rename(folder / promised)
    for look in (open_memory, inspect):
        with pytest.raises(MemoryFormatError, match="too small"):
            look(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format":',
        NESTED,
        b"1" * 5000,
        b'{"format":"videoxl-memory"}',
        b'{"version":1e999}',
    ],
)
def test_a_manifest_that_is_none_is_refused(folder, content):
    """Whatever stands in manifest.json instead of a manifest is refused by one sentence."""
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(MemoryFormatError, match=r"manifest\.json is damaged"):
        open_memory(folder)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(value=JSON_VALUES, place=st.integers(0, 10_000))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_any_place_is_refused_or_opens(folder, value, place):
    """Put any JSON anywhere into the manifest, with the right hash: it is refused, or a valid memory."""
    original = (folder / "manifest.json").read_bytes()

    def change(document):
        places = []

        def walk(node):
            for key in node if isinstance(node, dict) else range(len(node)):
                places.append((node, key))
                if isinstance(node[key], dict | list):
                    walk(node[key])

        walk(document)
        node, key = places[place % len(places)]
        node[key] = value

    rewrite(folder, change)
    opened_or_refusal(folder)
    (folder / "manifest.json").write_bytes(original)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["manifest.json", "rows-"])
def test_a_pipe_instead_of_a_file_does_not_hold_us_up(folder, name):
    """A named pipe where a file should be is refused at once; reading it would wait for ever."""
    path = next(path for path in sorted(folder.iterdir()) if path.name.startswith(name))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(MemoryFormatError, match="not a regular file"):
        open_memory(folder)


def test_a_link_left_by_a_stranger_is_not_followed(folder, tmp_path, make_memory):
    """Links under the names of temporary or lock files do not lead our writing out of the folder."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (folder / "manifest.json.part").symlink_to(victim)
    save(make_memory(3), folder, overwrite=True)
    (folder / "writer.lock").symlink_to(victim)
    with pytest.raises(VideoXLError, match=r"writer\.lock cannot be written"):
        save(make_memory(3), folder, overwrite=True)
    assert victim.read_text() == "mine"
