"""Memories that were made elsewhere, taken in."""

import pytest

from videoxl.errors import MemoryFormatError, UsageError

from .conftest import SECONDS, files_of, settings


@pytest.fixture
def memory(vxl, make_film, tmp_path):
    """A memory in a folder of its own."""
    path = tmp_path / "film.vxl"
    vxl.watch(make_film(12), out=path, ratio=4, interval_frames=10)
    return path


def test_an_adopted_memory_is_the_entry_of_its_video(library, memory, add_film, make_film):
    """Copied in, it is just what adding and watching the video would have made; adding it then costs nothing."""
    before = files_of(memory)
    entry = library.adopt(memory, title="mine")
    assert (entry.state, entry.title, entry.num_frames, len(library.intervals(entry.id))) == ("ready", "mine", 12, 2)
    assert entry.settings == settings()
    assert files_of(memory) == before
    with library.reading(entry.id) as path:
        assert files_of(path) == before
    again = add_film(make_film(12))
    assert (again.id, again.state) == (entry.id, "ready")
    assert library.adopt(memory).id == entry.id


def test_a_moved_memory_leaves_its_place(library, memory):
    """Moved in, nothing remains where it lay."""
    entry = library.adopt(memory, move=True)
    assert entry.state == "ready"
    assert not memory.exists()


def test_a_memory_of_several_videos_is_known_by_its_rows(library, vxl, memory, make_film):
    """Two memories that differ only in what was appended are two entries."""
    plain = library.adopt(memory)
    film = vxl.open(memory)
    vxl.append(film, make_film(15), ratio=4)
    film.save(memory, overwrite=True)
    both = library.adopt(memory)
    assert both.id != plain.id
    assert {interval.source for interval in library.intervals(both.id)} == {0, 1}
    assert library.adopt(memory).id == both.id


@pytest.mark.parametrize("name", ["manifest.json", "*.safetensors"])
def test_a_damaged_memory_is_not_taken_in(library, memory, name):
    """A changed byte is found before anything of it is kept."""
    path = next(memory.glob(name))
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(MemoryFormatError, match="damaged"):
        library.adopt(memory)
    assert library.entries() == []
    assert files_of(library.folder / "memories") == files_of(library.folder / "incoming") == {}


def test_an_unfinished_memory_is_moved_only_and_gone_on_with(library, vxl, add_film, make_film, tmp_path):
    """Copying half a memory is refused; moved, it is a failed entry, and adding its video resumes it."""
    from videoxl.library.worker import work_on

    film, path = make_film(25), tmp_path / "half.vxl"

    def stop(memory, segment, visual):
        if len(memory.intervals) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vxl.watch(film, out=path, ratio=4, interval_frames=10, on_interval=stop)
    with pytest.raises(UsageError, match="not finished"):
        library.adopt(path)
    entry = library.adopt(path, move=True)
    assert (entry.state, "interrupted" in entry.why) == ("failed", True)
    assert add_film(film).id == entry.id
    resumed = []
    done = work_on(library.lease("worker", SECONDS), library, vxl, progress=resumed.append)
    assert (done.state, resumed[0].num_resumed) == ("ready", 20)


def test_links_are_not_followed_into_the_library(library, memory, tmp_path):
    """A shard that is a link to a file elsewhere is no part of a memory."""
    shard = next(memory.glob("*.safetensors"))
    shard.rename(tmp_path / "elsewhere")
    shard.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MemoryFormatError, match="missing"):
        library.adopt(memory)
    assert library.entries() == []
