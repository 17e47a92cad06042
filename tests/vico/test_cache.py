"""Answers that are kept."""

import logging

from videoxl.vico.cache import VicoCache
from videoxl.vico.caption import Caption
from videoxl.vico.clip import Clip
from videoxl.vico.event import Event

KEY = ["caption", "abc", {"start_seconds": 0.0}]


def test_a_caption_comes_back_as_it_was(tmp_path):
    """What is kept under a key is read back equal, with events and without."""
    cache = VicoCache(tmp_path / "new" / "folder")
    for caption in (
        Caption(Clip(0.0, 14.0), "rain"),
        Caption(Clip(0.0, 14.0), "rain", ()),
        Caption(Clip(0.0, 14.0), "rain", (Event("rain falls", 1.5, 2.5),)),
    ):
        cache.put(KEY, caption.to_json())
        assert cache.get(KEY, Caption.from_json) == caption
    assert cache.get([*KEY, 2], Caption.from_json) is None


def test_a_damaged_entry_is_made_again_and_said(tmp_path, caplog):
    """Half a file, and a file of another shape, are no entry; the log names the file."""
    cache = VicoCache(tmp_path)
    cache.put(KEY, {"text": "rain"})
    path = next(tmp_path.rglob("*.json"))
    with caplog.at_level(logging.WARNING):
        assert cache.get(KEY, Caption.from_json) is None
        path.write_text(path.read_text()[:20])
        assert cache.get(KEY, dict) is None
    assert caplog.text.count(path.name) == 2


def test_nothing_is_left_half_written(tmp_path):
    """A folder of answers holds whole files only, each under its own name."""
    cache = VicoCache(tmp_path)
    for number in range(3):
        cache.put([number], number)
    assert [path.suffix for path in sorted(tmp_path.rglob("*")) if path.is_file()] == [".json"] * 3
    assert not list(tmp_path.rglob("*.part"))


def test_without_a_folder_or_a_key_nothing_is_kept(tmp_path):
    """No folder, or no key, and get finds nothing and put writes nothing."""
    for cache, key in ((VicoCache(), KEY), (VicoCache(tmp_path), None)):
        cache.put(key, 1)
        assert cache.get(key, int) is None
    assert list(tmp_path.iterdir()) == []
