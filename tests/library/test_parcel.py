"""A memory as one file: there and back, and whatever a stranger may put into such a file."""

import hashlib
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from videoxl.errors import CapacityError, MemoryFormatError, UsageError, VideoXLError
from videoxl.library import Library
from videoxl.library.worker import work_on

from .conftest import SECONDS, files_of
from .conftest import settings as watch_settings


@pytest.fixture(scope="session")
def origin(vxl, make_film, tmp_path_factory):
    """A library with a film, and that film as a file; tests read both and change neither."""
    folder = tmp_path_factory.mktemp("origin")
    library = Library(folder / "library")
    library.add(make_film(25), watch_settings(), model_name=vxl.name, model_fingerprint=vxl.fingerprint, title="A film")
    entry = work_on(library.lease("worker", SECONDS), library, vxl)
    yield library, entry, library.export_file(entry.id, folder / "film")
    library.close()


@pytest.fixture
def library(origin):
    return origin[0]


@pytest.fixture
def entry(origin):
    return origin[1]


@pytest.fixture
def parcel(origin, tmp_path):
    """A copy of the film as a file."""
    return Path(shutil.copy(origin[2], tmp_path))


@pytest.fixture
def elsewhere(open_library, tmp_path):
    """Another library."""
    return open_library(tmp_path / "elsewhere")


def contents(parcel):
    """Every file in it."""
    with zipfile.ZipFile(parcel) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def written(path, files, *, index=None, **options):
    """A file with such files in it; its index says what they really are, unless another is given."""
    index = {} if index is None else index
    files = {name: content for name, content in files.items() if name != "parcel.json"}
    about = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    said = {"format": "videoxl-parcel", "version": 1, "title": "t", "num_vectors": 3, "files": about, **index}
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in {**files, "parcel.json": json.dumps(said).encode()}.items():
            archive.writestr(name, data)
    return path


def assert_refused(library: Library, path, match="."):
    """It is refused in one sentence, and nothing of it is left anywhere."""
    before = files_of(library.folder)
    with pytest.raises(MemoryFormatError, match=match) as refusal:
        library.import_file(path)
    assert "\n" not in str(refusal.value)
    assert library.entries() == []
    ours = {name for name in files_of(library.folder) if not name.startswith("catalogue")}
    assert ours <= set(before)
    assert list((library.folder / "incoming").iterdir()) == []


def test_there_and_back_is_the_same(library, entry, parcel, elsewhere):
    """Another library has the same memory byte for byte, its title, intervals, thumbnails and what is searched by."""
    taken = elsewhere.import_file(parcel)
    same = ("id", "title", "source_sha256", "source_name", "settings", "num_rows", "num_frames", "num_bytes", "ratio")
    assert [getattr(taken, name) for name in same] == [getattr(entry, name) for name in same]
    assert (taken.state, taken.source_path) == ("ready", None)
    with library.reading(entry.id) as ours, elsewhere.reading(entry.id) as theirs:
        assert files_of(ours) == files_of(theirs)
    assert elsewhere.intervals(entry.id) == library.intervals(entry.id)
    for index in range(entry.num_intervals):
        with Image.open(elsewhere.thumbnail(entry.id, index)) as picture:
            assert picture.size == (64, 48)
    again = elsewhere.export_file(entry.id, parcel.with_name("again"))
    one, other = contents(parcel), contents(again)
    assert one["vectors.bin"] == other["vectors.bin"]
    assert elsewhere.import_file(parcel) == taken


def test_the_same_memory_is_the_same_file(library, entry, parcel, tmp_path):
    """Exporting twice gives equal bytes; a file that is there is replaced only when that was said."""
    assert library.export_file(entry.id, tmp_path / "again.vxlz").read_bytes() == parcel.read_bytes()
    with pytest.raises(UsageError, match="there already"):
        library.export_file(entry.id, parcel)
    assert library.export_file(entry.id, parcel, overwrite=True) == parcel
    assert [path.name for path in sorted(tmp_path.glob("*.vxlz*"))] == ["again.vxlz", "film.vxlz"]


def test_an_unwatched_video_cannot_be_exported(elsewhere, add, tmp_path):
    """There is nothing to put into a file yet, and no file is left."""
    with pytest.raises(MemoryFormatError, match="queued"):
        elsewhere.export_file(add(to=elsewhere).id, tmp_path / "film")
    assert not (tmp_path / "film.vxlz").exists()


def test_a_removed_memory_comes_back(elsewhere, entry, parcel):
    """What was taken in and removed is whole again after it was taken in once more."""
    elsewhere.import_file(parcel)
    elsewhere.remove(entry.id)
    assert elsewhere.import_file(parcel).num_rows == entry.num_rows


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "/etc/evil", "memory/../../evil", "memory/evil.txt", "memory/sub/manifest.json", "C:\\evil",
        "thumbnails/../0.jpg", "thumbnails/0.png", "memory/", "thumbnails/1234567.jpg", "memory\\manifest.json",
        "memory/rows-00000000-00000001-0000000000000000.safetensors.part", "memory/writer.lock",
    ],
)  # fmt: skip
def test_no_other_names_are_taken(parcel, elsewhere, tmp_path, name):
    """A file that we would not have written is refused by its name, wherever it points."""
    assert_refused(
        elsewhere, written(tmp_path / "evil.vxlz", {**contents(parcel), name: b"evil"}), "holds a file named"
    )
    assert not list(tmp_path.rglob("evil"))


def test_a_name_twice_is_refused(parcel, elsewhere, tmp_path):
    """Two files of one name leave open which one is meant."""
    files = contents(parcel)
    path = written(tmp_path / "evil.vxlz", files)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("memory/manifest.json", files["memory/manifest.json"])
    assert_refused(elsewhere, path, "twice")


def test_a_bomb_is_refused(parcel, elsewhere, tmp_path):
    """Nothing compressed is unpacked, so nothing unpacks to more than was sent."""
    files = {**contents(parcel), "vectors.bin": b"\0" * (1 << 22)}
    path = written(tmp_path / "bomb.vxlz", files, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    assert_refused(elsewhere, path, "compressed")


def test_files_that_share_their_bytes_are_refused(parcel, elsewhere, tmp_path):
    """Entries that all point at one place promise more bytes than the file has."""
    files = contents(parcel)
    path = written(tmp_path / "bomb.vxlz", files)
    content = bytearray(path.read_bytes())
    # Every entry of the table of contents says the size of the largest and begins at the first byte.
    place, most = content.find(b"PK\x01\x02"), max(map(len, files.values()))
    while place >= 0:
        content[place + 20 : place + 28] = struct.pack("<II", most, most)
        content[place + 42 : place + 46] = struct.pack("<I", 0)
        place = content.find(b"PK\x01\x02", place + 1)
    path.write_bytes(content)
    assert_refused(elsewhere, path)


def test_a_table_of_contents_of_gigabytes_is_not_read(elsewhere, tmp_path):
    """What is announced at the end of the file does not decide how much memory is taken."""
    path = tmp_path / "bomb.vxlz"
    size = 1 << 31
    with path.open("wb") as file:
        file.truncate(size)  # takes no room on disk
        file.seek(size)
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 40_000, 40_000, size - 100, 50, 0))
    assert_refused(elsewhere, path, "larger than")


@pytest.mark.parametrize("version", [0, 2, 1.5, "1", None])
def test_another_format_is_refused(parcel, elsewhere, tmp_path, version):
    """A file of a later videoxl is not guessed at."""
    assert_refused(
        elsewhere, written(tmp_path / "new.vxlz", contents(parcel), index={"version": version}), "version|format"
    )


@pytest.mark.parametrize(
    ("index", "match"),
    [
        ({"format": "zip"}, "format should be"), ({"title": 5}, "title"), ({"num_vectors": 10**9}, "vectors"),
        ({"num_vectors": 0}, "num_vectors"), ({"num_vectors": 7}, "vectors"), ({"files": {}}, "names"),
        ({"files": []}, "files"), ({"more": 1}, "unknown field"),
    ],
)  # fmt: skip
def test_an_index_that_does_not_fit_is_refused(parcel, elsewhere, tmp_path, index, match):
    """Every field of the index is checked against what is really there."""
    assert_refused(elsewhere, written(tmp_path / "odd.vxlz", contents(parcel), index=index), match)


def test_a_changed_byte_anywhere_is_found(library, entry, parcel, elsewhere):
    """Whatever file of it is damaged on the way, nothing is taken in, or it is whole."""
    content = parcel.read_bytes()
    step = len(content) // 40
    for place in range(step // 2, len(content), step):
        parcel.write_bytes(content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :])
        assert_refused(elsewhere, parcel)


def test_a_file_cut_short_is_refused(parcel, elsewhere):
    """However much of it is missing."""
    content = parcel.read_bytes()
    for length in (0, 10, len(content) // 3, len(content) - 1):
        parcel.write_bytes(content[:length])
        assert_refused(elsewhere, parcel)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_are_refused_in_a_sentence(content, elsewhere, tmp_path):
    """Nothing but our own sentence comes out of random bytes, as they are or as an index."""
    path = tmp_path / "random.vxlz"
    path.write_bytes(content)
    assert_refused(elsewhere, path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("parcel.json", content)
    assert_refused(elsewhere, path)


def test_a_memory_that_lies_is_refused(parcel, elsewhere, tmp_path):
    """A right index over a wrong memory does not help it: the manifest is read with its own distrust."""
    files = contents(parcel)
    manifest = files["memory/manifest.json"].replace(b'"num_rows":', b'"num_rows":9')
    assert_refused(elsewhere, written(tmp_path / "lie.vxlz", {**files, "memory/manifest.json": manifest}), "damaged")
    del files["memory/manifest.json"]
    assert_refused(elsewhere, written(tmp_path / "none.vxlz", files), "no manifest")


@pytest.mark.parametrize("limit", ["MOST_INTERVALS", "MOST_MANIFEST_BYTES", "MOST_INDEX_BYTES", "MOST_VECTORS_BYTES"])
def test_more_than_any_memory_has_is_refused(parcel, elsewhere, monkeypatch, limit):
    """Counts and sizes that would keep the catalogue or the memory of this machine busy are refused."""
    from videoxl.library import parcel_reader

    monkeypatch.setattr(parcel_reader, limit, 2)
    assert_refused(elsewhere, parcel, "more than")


@pytest.mark.parametrize("kind", ["text", "png", "huge", "cut"])
def test_a_thumbnail_must_be_a_small_jpeg(parcel, elsewhere, tmp_path, kind):
    """Pictures of strangers are drawn anew, and what is no small JPEG is refused unopened."""
    buffer = io.BytesIO()
    size = (5000, 5000) if kind == "huge" else (64, 48)
    Image.new("RGB", size).save(buffer, "PNG" if kind == "png" else "JPEG")
    picture = {"text": b"<script>", "cut": buffer.getvalue()[:200]}.get(kind, buffer.getvalue())
    assert_refused(
        elsewhere, written(tmp_path / "odd.vxlz", {**contents(parcel), "thumbnails/0.jpg": picture}), "thumbnail"
    )


def test_nothing_but_the_look_of_a_thumbnail_is_kept(parcel, elsewhere, entry, tmp_path):
    """What is hidden behind a picture's pixels does not come along."""
    files = contents(parcel)
    picture = files["thumbnails/0.jpg"] + b"<script>alert(1)</script>"
    elsewhere.import_file(written(tmp_path / "odd.vxlz", {**files, "thumbnails/0.jpg": picture}))
    assert b"script" not in elsewhere.thumbnail(entry.id, 0).read_bytes()


def test_a_full_disk_is_said_and_leaves_nothing(parcel, elsewhere, monkeypatch):
    """Running out of room while unpacking is a CapacityError; what was unpacked is gone."""
    from videoxl.library import parcel_reader

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parcel_reader.os, "fsync", full)
    with pytest.raises(CapacityError, match="disk is full"):
        elsewhere.import_file(parcel)
    assert list((elsewhere.folder / "incoming").iterdir()) == []
    assert elsewhere.entries() == []


def test_what_is_no_file_is_refused(elsewhere, tmp_path):
    """A folder, a pipe and nothing at all are told from a file."""
    import os

    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(VideoXLError):
            elsewhere.import_file(path)
