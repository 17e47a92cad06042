"""VideoXL: watch a video into a memory, add to it, and ask it anything.

    vxl = videoxl.load()
    film = vxl.watch("film.mp4", fps=1, ratio=8)
    print(vxl.ask(film, "What appears in the film?"))

The object holds a model and its processor, nothing of any video; use one from as many threads and for as many memories
as you like.
"""

import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import torch

from videoxl import __version__
from videoxl.checkpoint.fingerprint import fingerprint
from videoxl.engine.answer import Answer
from videoxl.engine.answer_batch import DEFAULT_TURNS, AnswerBatch
from videoxl.engine.appending import begin_behind
from videoxl.engine.constrained import Constraint
from videoxl.engine.conversation import Conversation
from videoxl.engine.inventory import Inventory, InventoryConfig
from videoxl.engine.keeper import Keeper
from videoxl.engine.progress import ProgressListener
from videoxl.engine.sampling import DEFAULT_NEW_TOKENS
from videoxl.engine.seen_video import SeenVideo, see_video
from videoxl.engine.speaker import Speaker
from videoxl.engine.text_stream import TextListener
from videoxl.engine.watch import check_watch, watch_video
from videoxl.engine.watch_config import PlannerName, WatchConfig, check_ratio
from videoxl.engine.watcher import IntervalListener
from videoxl.errors import MemoryFormatError, MemoryMismatchError, UsageError
from videoxl.memory import CompressedMemory, MemoryAbout, MemorySource, MemoryWriter, check_model, inspect, open_memory
from videoxl.memory.cache import MemoryCache
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.video import SampleConfig, VideoSource, Watchable, open_video, sample_times

Source = str | PathLike[str] | Sequence[str | PathLike[str]] | Watchable


class VideoXL:
    """A model, ready for people: `watch`, `append`, `ask`."""

    def __init__(self, model: VideoXLForConditionalGeneration, processor: VideoXLProcessor, *, name: str) -> None:
        self.model = model.eval()
        self.processor = processor
        self.name = name
        self._speaker = Speaker(self.model, processor)
        self._ready_memories: weakref.WeakKeyDictionary[CompressedMemory, _Ready] = weakref.WeakKeyDictionary()

    @property
    def device(self) -> torch.device:
        return self.model.lm_head.weight.device

    @cached_property
    def fingerprint(self) -> str:
        """Digest of weights, config and preprocessing; a memory fits this model where the digests are equal."""
        return fingerprint(self.model, self.processor)

    def watch(
        self,
        source: Source,
        *,
        out: str | PathLike[str] | None = None,
        fps: float | None = None,
        num_frames: int | None = None,
        timestamps: Sequence[float] | None = None,
        start_seconds: float = 0.0,
        end_seconds: float | None = None,
        max_frames: int | None = None,
        ratio: int | None = None,
        planner: PlannerName = "fixed",
        interval_frames: int | None = None,
        keeper: Keeper | None = None,
        overwrite: bool = False,
        time_limit_seconds: float | None = None,
        progress: ProgressListener | None = None,
        on_interval: IntervalListener | None = None,
    ) -> CompressedMemory:
        """Condense a video file, a picture, a folder or list of pictures, or a film without a file into a memory.

        With `out`, rows are saved while they are made: a run that was interrupted goes on where it was, and a memory
        that is complete already, of the same video and settings, is opened instead of being made again.

        Args:
            fps: Frames looked at per second of video; 1 unless `num_frames` or `timestamps` say otherwise.
            ratio: Visual tokens per kept row; the model's default is the middle one of those it offers.
            planner: `fixed` intervals, or `dynamic` ones that end where the picture changes.
            keeper: What is remembered of each interval instead of VSTs, for comparisons; not together with `out`.
            overwrite: Replace a memory at `out` that holds something else.
            on_interval: Called in this thread after each interval that is kept, with the growing memory, the segment
                and its visual tokens (N, D). What it raises ends the watching; with `out`, rows so far are saved.

        Raises:
            UsageError: An option cannot be carried out.
            VideoError: The video cannot be found, read or decoded.
            MemoryMismatchError: `out` holds a memory of another video, model or setting.
            CapacityError: The device has too little memory, or the disk is full.
        """
        config = self.watch_config(
            SampleConfig(
                fps=fps, num_frames=num_frames, timestamps=timestamps, start_seconds=start_seconds,
                end_seconds=end_seconds, max_frames=max_frames,
            ),
            ratio, planner, interval_frames,
        )  # fmt: skip
        video = self._opened(source)
        about = self._about(video, config)
        if keeper is not None:
            about = _kept_by(about, keeper, out)
        if out is not None and self._is_complete(out, about, overwrite=overwrite):
            return self.open(out)
        check_watch(self.model, video, config)  # before a folder is made: a refusal leaves nothing behind
        with ExitStack() as stack:
            writer, memory = None, CompressedMemory(about, device=self.device)
            if out is not None and (overwrite or _holds_no_video(out)):
                writer = stack.enter_context(MemoryWriter(out, about, overwrite=True))
            elif out is not None:
                writer, memory = MemoryWriter.resume(out, about, device=self.device)
                stack.enter_context(writer)
            cache = self.model.cache(memory)
            if memory.num_rows == 0:
                self._remember_text(cache, self.processor.before_video(), writer)
            watch_video(
                self.model, self.processor, cache, video, config, writer=writer, keeper=keeper,
                time_limit_seconds=time_limit_seconds, progress=progress, on_interval=on_interval,
            )  # fmt: skip
        return memory

    def append(
        self,
        memory: CompressedMemory,
        source: Source,
        *,
        out: str | PathLike[str] | None = None,
        fps: float | None = None,
        num_frames: int | None = None,
        start_seconds: float = 0.0,
        end_seconds: float | None = None,
        max_frames: int | None = None,
        ratio: int | None = None,
        planner: PlannerName = "fixed",
        interval_frames: int | None = None,
        time_limit_seconds: float | None = None,
        progress: ProgressListener | None = None,
        on_interval: IntervalListener | None = None,
    ) -> None:
        """Watch a further video into a memory, behind what it holds; questions may then be about both.

        With `out`, another folder than the memory's own, the longer memory is written there while it is made: called
        again with the memory as it was, a run that was interrupted goes on where it was, and one that is complete
        already is taken from there.

        Raises what `watch` raises.
        """
        self.check(memory)
        sample = SampleConfig(
            fps=fps, num_frames=num_frames, start_seconds=start_seconds, end_seconds=end_seconds, max_frames=max_frames
        )
        config = self.watch_config(sample, ratio, planner, interval_frames)
        video = self._opened(source)
        before, num_before = memory.about, len(memory.segments)
        [new] = self._about(video, config).sources
        new = replace(new, details={**new.details, "plan": config.to_json()})
        about = replace(before, sources=(*before.sources, new))
        check_watch(self.model, video, config)  # before a folder is made: a refusal leaves nothing behind
        with ExitStack() as stack:
            writer = None
            if out is not None:
                writer = stack.enter_context(begin_behind(memory, out, about))
            memory.about = about
            stack.callback(self._ready_memories.pop, memory, None)
            cache = self.model.cache(memory)
            if len(memory.segments) == num_before:
                self._remember_text(cache, self.processor.between_videos(), writer)
            watch_video(
                self.model, self.processor, cache, video, config, source=len(before.sources), writer=writer,
                time_limit_seconds=time_limit_seconds, progress=progress, on_interval=on_interval,
            )  # fmt: skip

    def see(
        self,
        source: Source,
        *,
        fps: float | None = None,
        num_frames: int | None = None,
        timestamps: Sequence[float] | None = None,
        max_frames: int | None = None,
        progress: ProgressListener | None = None,
    ) -> SeenVideo:
        """Look at a video without remembering anything: what was seen can be watched, with the same options for frames,
        as often as wanted, at many ratios or by many keepers, without the video being read or encoded again.

        The memories are those of the video itself, to the bit. Raises what `watch` raises.
        """
        video = open_video(_plain_paths(source))
        sample = SampleConfig(fps=fps, num_frames=num_frames, timestamps=timestamps, max_frames=max_frames)
        times_F = sample_times(video.info.duration_seconds, sample).seconds_F.tolist()
        return see_video(
            self.model, self.processor, video, times_F, model_fingerprint=self.fingerprint, progress=progress
        )

    def watch_config(
        self,
        sample: SampleConfig,
        ratio: int | None = None,
        planner: PlannerName = "fixed",
        interval_frames: int | None = None,
    ) -> WatchConfig:
        """Settings of a watching with this model's defaults filled in; what this model cannot do is refused."""
        model = self.model.config
        offered = model.compression_ratios
        ratio = offered[len(offered) // 2] if ratio is None else ratio
        check_ratio(ratio, offered)
        size = model.interval_frames if interval_frames is None else interval_frames
        return WatchConfig(sample=sample, ratio=ratio, planner=planner, interval_frames=size)

    def open(self, path: str | PathLike[str]) -> CompressedMemory:
        """The memory that a .vxl folder holds, after a check that it was made by this model."""
        memory = open_memory(path, device=self.device)
        self.check(memory, name=str(path))
        return memory

    def check(self, memory: CompressedMemory, *, name: str = "this memory") -> None:
        """Refuse a memory that another model made."""
        check_model(memory.about, self.fingerprint, name=name)

    def ask(
        self,
        memory: CompressedMemory | None,
        question: str,
        *,
        max_new_tokens: int = DEFAULT_NEW_TOKENS,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: Sequence[str] | str = (),
        constraint: Constraint | None = None,
        on_text: TextListener | None = None,
    ) -> Answer:
        """Answer one question on a memory, which stays as it is; with no memory, a question about nothing seen.

        The options are those of `Conversation.ask`.
        """
        return self.chat(memory).ask(
            question, max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed, stop=stop,
            constraint=constraint, on_text=on_text,
        )  # fmt: skip

    def ask_all(
        self, memory: CompressedMemory | None, questions: Sequence[str], *, max_new_tokens: int = DEFAULT_NEW_TOKENS
    ) -> list[Answer]:
        """Answer several questions at once, none of which knows of the others."""
        batch = self.batch(memory)
        turns = [batch.add(question, max_new_tokens=max_new_tokens) for question in questions]
        while len(batch):
            batch.step()
        return [turn.answer for turn in turns]

    def chat(self, memory: CompressedMemory | None = None) -> Conversation:
        """A conversation: each question may refer to the ones before it."""
        return Conversation(self._speaker, *self._fork(memory))

    def batch(self, memory: CompressedMemory | None = None, *, max_turns: int = DEFAULT_TURNS) -> AnswerBatch:
        """Many questions on a memory at once; they may come and go while others are being answered.

        It reads a fork of the memory as it is now, which shares its rows: of a memory that is still growing it does
        not see what comes later. Make another batch for the questions that should.

        Args:
            max_turns: How many are answered at once; others wait, in the order in which they came.
        """
        return AnswerBatch(self._speaker, *self._fork(memory), max_turns=max_turns)

    def _fork(self, memory: CompressedMemory | None) -> tuple[MemoryCache, torch.Tensor | None, Inventory | None]:
        """What one conversation, or batch, reads and writes, and the memory's background and inventory."""
        if memory is None:
            return self.model.cache(), None, None
        ready = self._ready(memory)
        return ready.cache.fork(), ready.background_S, ready.inventory

    def _opened(self, source: Source) -> VideoSource:
        video = open_video(_plain_paths(source))
        if isinstance(video, SeenVideo) and video.model_fingerprint != self.fingerprint:
            raise MemoryMismatchError(
                f"{video.info.name} was seen by another model ({video.model_fingerprint[:12]}); this one is "
                f"{self.fingerprint[:12]}. Give the video itself, or let this model see it."
            )
        return video

    def _about(self, video: VideoSource, config: WatchConfig) -> MemoryAbout:
        info = video.info
        details = {"width": info.width, "height": info.height, "fps": info.fps, "codec": info.codec}
        return MemoryAbout(
            model_name=self.name,
            model_fingerprint=self.fingerprint,
            preprocessing=self.processor.preprocessing(),
            sources=(
                MemorySource(
                    name=info.name,
                    sha256=video.fingerprint(),
                    duration_seconds=info.duration_seconds,
                    details=details,
                ),
            ),
            plan=config.to_json(),
            tokens_per_frame=self.model.config.tokens_per_frame,
            created_with=__version__,
        )

    def _is_complete(self, out: str | PathLike[str], about: MemoryAbout, *, overwrite: bool) -> bool:
        """Whether `out` holds just what is asked for, whole."""
        if not (Path(out) / "manifest.json").exists():
            return False
        try:
            manifest = inspect(out, verify=overwrite).manifest
        except MemoryFormatError:
            if overwrite:  # what is damaged is just what one wants to replace
                return False
            raise
        is_same = (manifest.about.plan, manifest.about.sources[0].sha256, manifest.about.model_fingerprint) == (
            about.plan, about.sources[0].sha256, about.model_fingerprint,
        )  # fmt: skip
        if manifest.is_complete and not is_same and not overwrite:
            raise MemoryMismatchError(
                f"{out} holds a memory of {manifest.about.sources[0].name} by another model or with other settings. "
                "Write to another folder, or pass overwrite."
            )
        return manifest.is_complete and is_same

    def _remember_text(self, cache: MemoryCache, token_ids: list[int], writer: MemoryWriter | None) -> None:
        if not token_ids:
            return
        self.model.remember_text(cache, torch.tensor([token_ids], device=self.device))
        if writer is not None:
            memory = cache.memory
            new = slice(memory.num_rows - len(token_ids), memory.num_rows)
            writer.append(memory.segments[-1], memory.keys[:, :, new], memory.values[:, :, new])

    def _ready(self, memory: CompressedMemory) -> "_Ready":
        """The memory's working cache and its background attention, made once and again when it has grown."""
        ready = self._ready_memories.get(memory)
        if ready is None or ready.cache.num_rows != memory.num_rows:
            self.check(memory)
            # On a fork: the memory itself may go on growing, or be let go.
            cache = self.model.cache(memory.fork())
            wanted = self.model.config.inventory
            inventory = None if wanted is None else Inventory(self._speaker, cache.memory, InventoryConfig(**wanted))
            ready = self._ready_memories[memory] = _Ready(cache, self._speaker.background(cache), inventory)
        return ready


class _Ready(NamedTuple):
    """What all conversations on one memory share."""

    cache: MemoryCache
    background_S: torch.Tensor
    inventory: Inventory | None


def _kept_by(about: MemoryAbout, keeper: Keeper, out: str | PathLike[str] | None) -> MemoryAbout:
    """A memory without VSTs says so."""
    if out is not None:
        raise UsageError(f"got out={str(out)!r} and a keeper: what {keeper.name} keeps is not written while it grows.")
    return replace(about, plan={**about.plan, "keeper": keeper.name})


def _holds_no_video(out: str | PathLike[str]) -> bool:
    """Whether a run was stopped, or failed, before it had kept anything worth going on with."""
    if not (Path(out) / "manifest.json").exists():
        return False
    manifest = inspect(out).manifest
    return not manifest.is_complete and all(segment.kind == "text" for segment in manifest.segments)


def _plain_paths(source: Source) -> str | Path | list[Path] | Watchable:
    if isinstance(source, (str, Path, Watchable)):
        return source
    return Path(source) if isinstance(source, PathLike) else [Path(path) for path in source]
