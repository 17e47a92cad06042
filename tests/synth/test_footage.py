"""Footage: splits, clips, procedural backgrounds."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from videoxl.errors import UsageError, VideoError
from videoxl.synth.footage import BUILTIN, FootageSet
from videoxl.synth.procedural import KINDS, Procedural
from videoxl.synth.scene_labels import BUILTIN_LABELS
from videoxl.synth.splits import SPLITS, Split, split_generator
from videoxl.video.writer import FilmWriter

RECIPE = Path(__file__).parents[2] / "recipes" / "nano" / "footage.tsv"
MAX_PACK_BYTES = 3_500_000


def test_no_footage_file_is_in_two_splits() -> None:
    """Every built-in file is in exactly one split."""
    for one, other in combinations(SPLITS, 2):
        assert not set(FootageSet.builtin(one).names) & set(FootageSet.builtin(other).names)
    named = {name for split in SPLITS for name in FootageSet.builtin(split).names}
    media = [file for file in BUILTIN.iterdir() if file.suffix != ".json"]
    assert named == {file.stem for file in media}
    assert sum(file.stat().st_size for file in media) <= MAX_PACK_BYTES


def test_no_source_video_is_shared_by_two_splits() -> None:
    """Clips cut from one source are all in the same split, and the recipe and the package agree on it."""
    rows = [line.split("\t") for line in RECIPE.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    split_of_source: dict[tuple[str, str], str] = {}
    for name, split, package, path, *_ in rows:
        assert split_of_source.setdefault((package, path), split) == split, name
    packed = json.loads((BUILTIN / "clips.json").read_text(encoding="utf-8"))
    assert {Path(file).stem: about["split"] for file, about in packed.items()} == {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("split", SPLITS)
def test_footage_moves_or_stands(split: Split) -> None:
    """Stills show one picture for ever; clips have an end and change on the way."""
    for name in FootageSet.builtin(split).names:
        item = FootageSet.builtin(split)[name]
        first = item.frame(0.0)
        assert first.dtype == np.uint8
        assert first.shape[2] == 3
        if item.seconds == float("inf"):
            assert np.array_equal(first, item.frame(9.0))
        elif name == min(FootageSet.builtin(split).names):
            assert not np.array_equal(first, item.frame(item.seconds / 2))


def test_folder_footage_has_the_frames_of_the_file(tmp_path: Path) -> None:
    """A clip from a folder shows, at each time, the frame that was written for it."""
    greys = (20, 90, 160, 230)
    with FilmWriter(tmp_path / "steps.mp4", width=32, height=32, fps=2) as film:
        for grey in greys:
            film.write(np.full((32, 32, 3), grey, np.uint8))
    Image.new("RGB", (16, 16), "blue").save(tmp_path / "blue.png")
    footage = FootageSet.folder(tmp_path, "validation")
    assert footage.names == ("blue", "steps")
    clip = footage["steps"]
    assert clip.seconds == pytest.approx(2.0)
    for number, grey in enumerate(greys):
        assert abs(float(clip.frame(number / 2 + 0.1).mean()) - grey) < 5  # H.264 is lossy


@pytest.mark.parametrize("kind", KINDS)
def test_procedural_background_follows_from_its_name(kind: str) -> None:
    """A background made again from its name is the same, moves, and differs from that of another split."""
    background = Procedural("train", kind, 7)
    again = Procedural.named(background.name)
    assert np.array_equal(background.frame(1.5), again.frame(1.5))
    assert not np.array_equal(background.frame(1.5), again.frame(6.5))
    assert not np.array_equal(background.frame(1.5), Procedural("test", kind, 7).frame(1.5))


def test_labels_say_what_is_seen(tmp_path: Path) -> None:
    """Footage is labelled by the caption beside it, built-in footage by the package; the rest has no label."""
    for stem in ("IMG_1", "IMG_2"):
        Image.new("RGB", (16, 16), "blue").save(tmp_path / f"{stem}.png")
    (tmp_path / "IMG_1.txt").write_text("A harbour.\n", encoding="utf-8")
    footage = FootageSet.folder(tmp_path)
    assert footage.labels == ("harbour",)
    assert [footage.label(name) for name in ("IMG_1", "IMG_2", "procedural:train:clouds:1")] == ["harbour", None, None]
    named = {name for split in SPLITS for name in FootageSet.builtin(split).names}
    assert set(BUILTIN_LABELS) <= named
    assert all(FootageSet.builtin(split).labels for split in SPLITS if split != "validation")


def test_a_folder_may_hold_the_splits_apart(tmp_path: Path) -> None:
    """Where a folder has a folder for the split, footage is taken from there only."""
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        Image.new("RGB", (16, 16), "blue").save(tmp_path / split / f"{split}-still.png")
    assert FootageSet.folder(tmp_path, "train").names == ("train-still",)
    assert FootageSet.folder(tmp_path, "test").names == ("test-still",)
    Image.new("RGB", (16, 16), "red").save(tmp_path / "train" / "train-still.jpg")
    with pytest.raises(UsageError, match="train-still is there twice"):
        FootageSet.folder(tmp_path, "train")


def test_splits_never_share_a_random_stream() -> None:
    """The same seed draws different numbers in different splits, and the same ones again in one split."""
    streams = [tuple(split_generator(split, seed).integers(2**62, size=4)) for split in SPLITS for seed in range(50)]
    assert len(set(streams)) == len(streams)
    assert streams[0] == tuple(split_generator("train", 0).integers(2**62, size=4))


def test_unknown_footage_is_refused(tmp_path: Path) -> None:
    """A name, split or folder that does not exist is refused with what there is instead."""
    footage = FootageSet.builtin("test")
    with pytest.raises(UsageError, match="no footage is named"):
        footage["nonesuch"]
    with pytest.raises(UsageError, match="procedural:SPLIT:KIND:SEED"):
        footage["procedural:test:fractals:1"]
    with pytest.raises(UsageError, match="there is no split"):
        FootageSet.builtin("dev")  # type: ignore[arg-type]
    with pytest.raises(VideoError, match="neither videos nor pictures"):
        FootageSet.folder(tmp_path)
