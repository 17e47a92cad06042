"""A model that watches and answers, by one of the methods."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from videoxl.engine import Answer, VideoXL
from videoxl.engine.progress import Stopwatch
from videoxl.engine.seen_video import SeenVideo
from videoxl.engine.turn import Turn
from videoxl.errors import UsageError
from videoxl.evaluation.asker import WATCH_OPTIONS, Prompt, Said, Watched, WatchListener
from videoxl.evaluation.eyes import Eyes
from videoxl.evaluation.forcing import force
from videoxl.evaluation.item import Item
from videoxl.evaluation.methods.method import find_method
from videoxl.evaluation.methods.watching import watch_by
from videoxl.evaluation.record import WatchedVideo
from videoxl.evaluation.run_settings import RunSettings, drawing
from videoxl.evaluation.task import Asking
from videoxl.memory import CompressedMemory
from videoxl.video import SampleConfig, VideoSource, open_video, sample_times
from videoxl.video.sample import DEFAULT_FPS

if TYPE_CHECKING:
    from videoxl.video.source import Watchable

NUM_FRAMES_LONG = 600  # ten seconds or more of any model that we know; writing their rows takes one
SAMPLE_OPTIONS = ("fps", "num_frames", "max_frames", "timestamps")
PACKAGES = ("videoxl", "torch", "transformers", "tokenizers", "numpy", "av", "torchcodec")


class ModelAsker:
    """Watches each video once; holds no memory of any."""

    def __init__(
        self, vxl: VideoXL, settings: RunSettings, *, name: str | None = None, eyes: Eyes | None = None
    ) -> None:
        """Watch and ask as the settings say.

        Args:
            name: The model's, as it was given; its own where it was given as an object.
            eyes: Shared with the askers of other runs, so that each video is read and encoded once for all of them.
        """
        self.name = vxl.name if name is None else name
        self.watches = not settings.blind
        self._vxl, self._settings, self._eyes = vxl, settings, eyes
        sample = SampleConfig(fps=settings.fps, num_frames=settings.num_frames, max_frames=settings.max_frames)
        self._watch = vxl.watch_config(sample, settings.ratio, settings.planner, settings.interval_frames)  # type: ignore[arg-type]

    @property
    def fingerprint(self) -> str:
        """See `Asker.fingerprint`."""
        return self._vxl.fingerprint

    def settings(self) -> dict[str, Any]:
        """See `Asker.settings`; with the model's own choices where a person left them to it, and how it reads."""
        given = self._settings.to_json(watches=self.watches)
        if self.watches:
            is_by_rate = self._settings.num_frames is None
            given |= {"ratio": self._watch.ratio, "interval_frames": self._watch.interval_frames}
            given |= {"fps": self._settings.fps or DEFAULT_FPS} if is_by_rate else {}
            config = self._vxl.model.config  # what no fingerprint covers, because memories do not depend on it
            given |= {} if config.inventory is None else {"inventory": config.inventory}
        return {**given, "device": self._vxl.device.type, "dtype": str(self._vxl.model.dtype).removeprefix("torch.")}

    def versions(self) -> dict[str, str]:
        """See `Asker.versions`."""
        found = {"python": platform.python_version()}
        for package in PACKAGES:
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                continue
        return found

    def watch(
        self,
        item: Item,
        source: "str | Watchable",
        *,
        scratch: Path | None = None,
        listener: WatchListener | None = None,
    ) -> Watched:
        """See `Asker.watch`."""
        stopwatch, peak = Stopwatch(), _Peak(self._vxl.device)
        video, options = open_video(source), self._options(item)
        if self._eyes is not None:
            video = self._eyes.see(video, _sample(options), progress=listener)
        seen = watch_by(
            self._vxl, video, find_method(self._settings.method), ratio=options.pop("ratio"),
            generator=drawing(self._settings.seed, "rows", item.video),
            scratch=scratch if _takes_long(video, options) else None, progress=listener, **options,
        )  # fmt: skip
        memory = seen.memory
        watched = WatchedVideo(
            video=item.video,
            path=source if isinstance(source, str) else None,
            decoder=video.decoder,
            frame_seconds=seen.frame_seconds,
            num_lost=memory.about.sources[-1].details.get("frames_lost", 0),
            memory_rows=memory.num_rows,
            memory_bytes=memory.nbytes,
        )
        return Watched(memory, watched, stopwatch.seconds, peak.bytes)

    def ask(self, watched: Watched | None, prompts: Sequence[Prompt], *, asking: Asking) -> list[Said]:
        """See `Asker.ask`. Answers are forced one after the other; a question alone is no batch."""
        memory: CompressedMemory | None = None if watched is None else watched.memory
        if asking == "generate" and len(prompts) > 1:
            return self._ask_together(memory, prompts)
        ask_one = self._force if asking == "teacher_forced" else self._ask_alone
        said = []
        for prompt in prompts:
            try:
                said.append(ask_one(memory, prompt))
            except UsageError as error:  # a question that is too long; the others are none the worse
                said.append(Said(None, failure=str(error)))
        return said

    def _ask_alone(self, memory: CompressedMemory | None, prompt: Prompt) -> Said:
        peak = _Peak(self._vxl.device)
        return _said(self._vxl.ask(memory, prompt.text, max_new_tokens=prompt.max_new_tokens), peak)

    def _ask_together(self, memory: CompressedMemory | None, prompts: Sequence[Prompt]) -> list[Said]:
        """Who is through early leaves, at a step that the questions alone decide."""
        peak = _Peak(self._vxl.device)
        batch = self._vxl.batch(memory)
        put: list[Turn | str] = []
        for prompt in prompts:
            try:
                put.append(batch.add(prompt.text, max_new_tokens=prompt.max_new_tokens))
            except UsageError as error:
                put.append(str(error))
        while len(batch):
            batch.step()
        return [Said(None, failure=each) if isinstance(each, str) else _said(each.answer, peak) for each in put]

    def _force(self, memory: CompressedMemory | None, prompt: Prompt) -> Said:
        peak = _Peak(self._vxl.device)
        forced = force(self._vxl, memory, prompt.text, prompt.item.answer)
        return Said(
            raw=forced.text,
            memory_rows=0 if memory is None else memory.num_rows,
            prompt_tokens=forced.question_tokens,
            answer_tokens=len(forced.hits),
            details={"hits": list(forced.hits)},
            peak_memory_bytes=peak.bytes,
        )

    def _options(self, item: Item) -> dict[str, Any]:
        """How this item's video is watched: as its task says, and else as the run does."""
        own = dict(item.details.get(WATCH_OPTIONS, {}))
        given = {name: getattr(self._settings, name) for name in ("fps", "num_frames", "max_frames")}
        given |= {name: getattr(self._watch, name) for name in ("ratio", "planner", "interval_frames")}
        if unknown := sorted(set(own) - {*given, "timestamps"}):
            raise UsageError(f"{item.id} is to be watched with {', '.join(unknown)}, which watching does not have.")
        if {"fps", "num_frames", "timestamps"} & set(own):  # one way to choose frames puts the others out
            given |= {"fps": None, "num_frames": None}
        return {**given, **own}


def _said(answer: Answer, peak: "_Peak") -> Said:
    return Said(
        raw=answer.text,
        evidence=tuple((each.start_seconds, each.stop_seconds, each.score) for each in answer.evidence),
        memory_rows=answer.usage.memory_rows,
        prompt_tokens=answer.usage.question_tokens,
        answer_tokens=answer.usage.answer_tokens,
        finished=answer.finished,
        first_token_seconds=answer.timings.first_token_seconds,
        peak_memory_bytes=peak.bytes,
    )


def _takes_long(video: VideoSource, options: Mapping[str, Any]) -> bool:
    """Whether watching it again would take longer than writing its memory to disk."""
    if isinstance(video, SeenVideo):
        return False
    return len(sample_times(video.info.duration_seconds, _sample(options)).seconds_F) >= NUM_FRAMES_LONG


def _sample(options: Mapping[str, Any]) -> SampleConfig:
    return SampleConfig(**{name: value for name, value in options.items() if name in SAMPLE_OPTIONS})


class _Peak:
    """Most bytes held on a device since it was made; None where the device does not say."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    @property
    def bytes(self) -> int | None:
        return torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else None
