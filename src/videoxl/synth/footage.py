"""What films are cut from: short clips, stills and procedural backgrounds, found by name.

The built-in footage lies in three splits by whole source (assets/FOOTAGE.md); procedural backgrounds belong to the
split that is part of their name. What footage shows in a word is its label: known for most of the package's own, the
first line of NAME.txt beside a file of any other folder. A clip is decoded once, when its first frame is asked for, and
kept in host memory.

Shapes: F frames, H height, W width.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from videoxl.errors import UsageError, VideoDecodeError, VideoFormatError, VideoNotFoundError
from videoxl.synth.pictures import caption_name
from videoxl.synth.procedural import PREFIX, Procedural
from videoxl.synth.scene_labels import BUILTIN_LABELS
from videoxl.synth.splits import Split, check_split
from videoxl.video.opening import open_video

BUILTIN = Path(__file__).parent / "assets" / "footage"
STILL_SUFFIXES = (".png", ".webp", ".jpg", ".jpeg")
CLIP_SUFFIXES = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".mpg")
KEPT_FPS = 10.0
KEPT_SIDE = 320  # longer side of a frame that is kept, in pixels


class Footage(Protocol):
    """A source of frames: what a shot shows."""

    @property
    def name(self) -> str:
        """Unique in its set."""

    @property
    def seconds(self) -> float:
        """How long it is; infinite for stills and procedural backgrounds."""

    def frame(self, seconds: float) -> np.ndarray:
        """The uint8 (H, W, 3) picture at a time."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A short video file."""

    name: str
    path: Path
    seconds: float

    def frame(self, seconds: float) -> np.ndarray:
        """The frame shown at a time; the last one after the end."""
        frames_FHW3 = _decode(self.path, self.seconds)
        return frames_FHW3[min(int(seconds * KEPT_FPS + 1e-6), len(frames_FHW3) - 1)]


@dataclass(frozen=True, slots=True)
class Still:
    """A photograph or drawing; shots make it move by panning and zooming."""

    name: str
    path: Path
    seconds: float = field(default=float("inf"), init=False)

    def frame(self, seconds: float) -> np.ndarray:
        """The picture, whatever the time."""
        return _load(self.path)


class FootageSet:
    """Footage of one split, in a fixed order."""

    def __init__(self, footage: Sequence[Footage], split: Split, *, labels: Mapping[str, str] | None = None) -> None:
        if not footage:
            raise UsageError("a footage set needs at least one clip or still; got none.")
        self.split = split
        self._labels = dict(labels or {})
        names = [item.name for item in footage]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"footage needs names of its own; {', '.join(twice)} is there twice. Rename one of them.")
        self._by_name = {item.name: item for item in sorted(footage, key=lambda item: item.name)}

    @staticmethod
    @cache
    def builtin(split: Split) -> FootageSet:
        """The clips and stills of one split that come with the package."""
        check_split(split)
        about = json.loads((BUILTIN / "clips.json").read_text(encoding="utf-8"))
        return FootageSet(
            [_footage(BUILTIN / file, entry["seconds"]) for file, entry in about.items() if entry["split"] == split],
            split,
            labels=BUILTIN_LABELS,
        )

    @staticmethod
    def folder(path: str | Path, split: Split = "train") -> FootageSet:
        """Every clip and still of a folder, or of the one in it that is called as the split.

        Keep the footage of different splits apart: what a model was trained on says nothing when it is asked of again.
        """
        folder = Path(path) / check_split(split) if (Path(path) / split).is_dir() else Path(path)
        if not folder.is_dir():
            raise VideoNotFoundError(f"{folder} is not a folder; give one that holds videos or pictures.")
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in STILL_SUFFIXES + CLIP_SUFFIXES)
        if not files:
            raise VideoFormatError(f"{folder} holds neither videos nor pictures; expected .mp4, .jpg and the like.")
        seconds = [open_video(file).info.duration_seconds if _is_clip(file) else None for file in files]
        labels = {file.stem: caption_name(file) for file in files if file.with_suffix(".txt").exists()}
        footage = [_footage(*item) for item in zip(files, seconds, strict=True)]
        return FootageSet(footage, check_split(split), labels=labels)

    @property
    def names(self) -> tuple[str, ...]:
        """Every clip and still, sorted; procedural backgrounds are not counted."""
        return tuple(self._by_name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label once, sorted."""
        return tuple(sorted({label for name, label in self._labels.items() if name in self._by_name}))

    def label(self, name: str) -> str | None:
        """What a clip or still shows, where that is known; a procedural background shows nothing."""
        return self._labels.get(name)

    def __getitem__(self, name: str) -> Footage:
        if name.startswith(f"{PREFIX}:"):
            return Procedural.named(name)
        if name not in self._by_name:
            raise UsageError(f"no footage is named {name!r} in the {self.split} set; it has {', '.join(self.names)}.")
        return self._by_name[name]

    def draw(self, generator: np.random.Generator, *, procedural: float = 0.25, without: Sequence[str] = ()) -> Footage:
        """Any footage; a procedural background, of any kind but some, with the given probability."""
        if generator.random() < procedural:
            return Procedural.draw(self.split, generator, without=without)
        return self._by_name[self.names[int(generator.integers(len(self.names)))]]


def _footage(path: Path, seconds: float | None) -> Footage:
    return Still(path.stem, path) if seconds is None else Clip(path.stem, path, seconds)


def _is_clip(path: Path) -> bool:
    return path.suffix.lower() in CLIP_SUFFIXES


@cache
def _decode(path: Path, seconds: float) -> np.ndarray:
    """Frames at KEPT_FPS, each taken from the middle of its time, where rounding cannot move it."""
    wanted_F = (np.arange(max(1, round(seconds * KEPT_FPS))) + 0.5) / KEPT_FPS
    batches = open_video(path, backend="pyav").read(wanted_F.tolist(), max_side=KEPT_SIDE)
    frames = [frame.transpose(1, 2, 0) for batch in batches for frame in batch.frames_FCHW]
    if not frames:
        raise VideoDecodeError(f"{path} gave no frame; expected about {len(wanted_F)}. Replace or remove it.")
    return np.stack(frames)


@cache
def _load(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))
