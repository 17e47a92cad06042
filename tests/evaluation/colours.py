"""A small benchmark made in memory, and an asker that needs no model: what tests of the runner run."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from videoxl.errors import VideoDecodeError
from videoxl.evaluation.asker import Prompt, Said, Watched
from videoxl.evaluation.choices import MultipleChoice
from videoxl.evaluation.item import Item
from videoxl.evaluation.record import WatchedVideo
from videoxl.evaluation.task import Asking, Loaded, MissingVideo
from videoxl.video.batch import TimedFrame
from videoxl.video.info import VideoInfo
from videoxl.video.source import VideoSource

WORDS = ("cat", "dog", "film", "second")


class ColourSource(VideoSource):
    """Seconds of one colour each, without a file."""

    def __init__(self, name: str, *, seconds: int, seed: int) -> None:
        self._colours = np.random.default_rng(seed).integers(0, 256, (seconds, 3), dtype=np.uint8)
        self._seed = seed
        self.info = VideoInfo(
            path=Path(name), duration_seconds=float(seconds), width=32, height=32, rotation=0, codec="colours", fps=1.0,
            claimed_num_frames=seconds, claimed_duration_seconds=None, size_bytes=0, has_audio=False,
        )  # fmt: skip

    def fingerprint(self) -> str:
        return f"{self._seed:064x}"

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        for second in asked:
            picture = np.broadcast_to(self._colours[int(second)], (32, 32, 3))
            yield TimedFrame(second, second, np.ascontiguousarray(picture))


@dataclass(frozen=True, slots=True)
class ColourTask(MultipleChoice):
    """Questions about films of colours; films can be missing, or broken."""

    videos: tuple[str, ...] = ("red", "green", "blue")
    questions: int = 3
    seconds: int = 13
    missing: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    asking_by: str = "generate"

    name: ClassVar[str] = "colours"
    title: ClassVar[str] = "Films of colours"
    needs: ClassVar[str] = ""
    max_new_tokens: ClassVar[int] = 3

    @property
    def asking(self) -> Asking:  # type: ignore[override]
        return self.asking_by  # type: ignore[return-value]

    def load(self, folder: Path | None) -> Loaded:
        # Items of one video do not stand together, as in some annotation files.
        items = tuple(
            Item(id=f"{video}-{number}", video=video, question=f"what appears {WORDS[number % 4]} ?", answer="B",
                 options=WORDS)
            for number in range(self.questions)
            for video in self.videos
        )  # fmt: skip
        return Loaded(items, tuple(MissingVideo(video, f"data/{video}.mp4", self.questions) for video in self.missing))

    def open(self, item: Item) -> VideoSource:
        if item.video in self.broken:
            raise VideoDecodeError(f"{item.video}.mp4 is broken.")
        return ColourSource(item.video, seconds=self.seconds, seed=self.videos.index(item.video))


@dataclass
class Echo:
    """Says the prompt and the video back, and counts what it is asked."""

    name: str = "echo"
    watches: bool = True
    fingerprint: str = "e" * 64
    chosen: dict[str, Any] = field(default_factory=dict)
    watched: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    """How many were asked at once, each time."""

    def settings(self) -> dict[str, Any]:
        return self.chosen

    def versions(self) -> dict[str, str]:
        return {}

    def watch(self, item: Item, source: Any, *, scratch: Any = None, listener: Any = None) -> Watched:
        self.watched.append(item.video)
        video = WatchedVideo(item.video, None, source.decoder, (0.0, 1.0), 0, 2, 16)
        return Watched(item.video, video, seconds=1.0)

    def ask(self, watched: Watched | None, prompts: Sequence[Prompt], *, asking: Asking) -> list[Said]:
        self.batches.append(len(prompts))
        self.asked += [each.item.id for each in prompts]
        memory = None if watched is None else watched.memory
        return [
            Said(
                f"{memory}: {each.text} ({each.max_new_tokens})",
                evidence=((0.5, 1.0, 1 / 3),),
                details={"by": asking},
                first_token_seconds=0.5,
            )
            for each in prompts
        ]
