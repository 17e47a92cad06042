"""What is in a data file, and what is wrong with it, before a run finds out.

Everything is read as a run reads it, but for the pixels: of a video the first frame and the end are looked at, of an
image the header.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from videoxl.errors import ExampleError, UsageError, VideoError
from videoxl.model import VideoXLProcessor
from videoxl.training.data.encoding import EncodedText, encode
from videoxl.training.data.example import Example, ImagePart, MediaPart, VideoPart
from videoxl.training.data.item import check_length
from videoxl.training.data.media import MediaLimits, check_number_of_images, choose_times, frames_of_one_video
from videoxl.training.data.source import ExampleSource
from videoxl.video import SampledTimes, open_video
from videoxl.video.pictures import PictureSource

MAX_FAULTS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Spread:
    """A row of numbers in a few."""

    total: float
    least: float
    middle: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """The spread of some numbers; None of none."""
        return cls(sum(values), min(values), median(values), max(values)) if values else None


@dataclass(frozen=True, slots=True)
class BadExample:
    """Where a bad example stands, and what is wrong with it."""

    place: str
    example_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was found in one source."""

    name: str
    num_examples: int
    """How many there are; `num_checked` of them were looked at."""
    num_checked: int
    num_bad: int
    bad: tuple[BadExample, ...]
    """The first of them."""
    kinds: dict[str, int]
    """Good examples by what they show: text, image, images, video, videos, mixed."""
    num_questions: int
    num_apart: int
    """Examples whose questions are apart."""
    num_repeated_ids: int
    has_media_checked: bool
    num_media_missing: int
    """Media parts for which there is no file; an example counts as bad once, however many it lacks."""
    video_seconds: Spread | None
    num_videos_capped: int
    """Videos that the limits look at less often than the fps says."""
    num_video_frames: int
    """Frames of videos that one epoch looks at."""
    text_tokens: Spread | None
    answer_tokens: Spread | None


class DataChecker:
    """Goes through sources as a run would."""

    def __init__(
        self,
        *,
        processor: VideoXLProcessor | None = None,
        limits: MediaLimits | None = None,
        max_text_tokens: int | None = None,
        opens_media: bool = True,
    ) -> None:
        """Token counts and answers that cannot be said need a `processor`."""
        self._processor, self._limits = processor, limits or MediaLimits()
        self._max_text_tokens, self._opens_media = max_text_tokens, opens_media

    def check(
        self, source: ExampleSource, *, limit: int | None = None, progress: Callable[[int, int], None] | None = None
    ) -> DataReport:
        """Look at the first `limit` examples of a source, or at all; `progress` is told how many of how many."""
        tally, num_checked = _Tally(), min(len(source), limit or len(source))
        for index in range(num_checked):
            example_id = ""
            try:
                example = source[index]
                example_id = example.id
                self._check_example(source, index, example, tally)
            except (ExampleError, OSError) as error:
                tally.add_bad(BadExample(source.where(index), example_id, str(error)))
            if progress is not None:
                progress(index + 1, num_checked)
        return tally.report(source.name, len(source), num_checked, self._opens_media)

    def _check_example(self, source: ExampleSource, index: int, example: Example, tally: "_Tally") -> None:
        check_number_of_images(example, self._limits)
        text = None if self._processor is None else encode(example, self._processor)
        if text is not None and self._max_text_tokens is not None:
            check_length(text, self._max_text_tokens)
        times: list[SampledTimes] = []
        if self._opens_media and example.media:
            with source.media(index) as locate:
                times = self._check_media(example, locate, tally)
        tally.add_good(example, text, times)

    def _check_media(self, example: Example, locate: Callable[[str], Path], tally: "_Tally") -> list[SampledTimes]:
        """The chosen moments of each video; all that is missing is counted before the first of it is complained of."""
        missing: list[str] = []
        found: list[tuple[MediaPart, Path]] = []
        for part in example.media:
            try:
                path = locate(part.path)
            except ExampleError as error:
                missing.append(str(error))
            else:
                found += [(part, path)] if path.exists() else []
                missing += [] if path.exists() else [f"{part.path} does not exist: check the path."]
        tally.num_media_missing += len(missing)
        if missing:
            more = f" {len(missing) - 1} more of its files are missing." if len(missing) > 1 else ""
            raise ExampleError(missing[0] + more)
        share = frames_of_one_video(example, self._limits.max_frames)
        times = [self._look_at(part, path, share, tally) for part, path in found]
        return [time for time in times if time is not None]

    def _look_at(self, part: MediaPart, path: Path, max_frames: int, tally: "_Tally") -> SampledTimes | None:
        try:
            if isinstance(part, ImagePart):
                PictureSource([path])
                return None
            video = open_video(path)
            times = choose_times(video, part, fps=self._limits.fps, max_frames=max_frames)
        except (VideoError, UsageError) as error:
            raise ExampleError(f"{part.path}: {error}") from error
        start, stop = part.start_seconds or 0.0, part.stop_seconds or video.info.duration_seconds
        tally.video_seconds.append(min(stop, video.info.duration_seconds) - start)
        return times


@dataclass(slots=True)
class _Tally:
    """Counts as they grow."""

    num_bad: int = 0
    bad: list[BadExample] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    ids: Counter[str] = field(default_factory=Counter)
    num_questions: int = 0
    num_apart: int = 0
    num_media_missing: int = 0
    num_videos_capped: int = 0
    num_video_frames: int = 0
    video_seconds: list[float] = field(default_factory=list)
    text_tokens: list[float] = field(default_factory=list)
    answer_tokens: list[float] = field(default_factory=list)

    def add_bad(self, bad: BadExample) -> None:
        self.num_bad += 1
        self.bad += [bad] if len(self.bad) < MAX_FAULTS_KEPT else []

    def add_good(self, example: Example, text: EncodedText | None, times: Sequence[SampledTimes]) -> None:
        self.kinds[kind_of(example)] += 1
        self.ids[example.id] += 1
        self.num_questions += example.num_questions
        self.num_apart += example.apart
        self.num_videos_capped += sum(each.is_capped for each in times)
        self.num_video_frames += sum(len(each.seconds_F) for each in times)
        if text is not None:
            self.text_tokens.append(len(text.input_ids))
            self.answer_tokens.append(text.num_labels)

    def report(self, name: str, num_examples: int, num_checked: int, has_media_checked: bool) -> DataReport:
        return DataReport(
            name=name,
            num_examples=num_examples,
            num_checked=num_checked,
            num_bad=self.num_bad,
            bad=tuple(self.bad),
            kinds=dict(self.kinds),
            num_questions=self.num_questions,
            num_apart=self.num_apart,
            num_repeated_ids=sum(count - 1 for count in self.ids.values()),
            has_media_checked=has_media_checked,
            num_media_missing=self.num_media_missing,
            video_seconds=Spread.of(self.video_seconds),
            num_videos_capped=self.num_videos_capped,
            num_video_frames=self.num_video_frames,
            text_tokens=Spread.of(self.text_tokens),
            answer_tokens=Spread.of(self.answer_tokens),
        )


def kind_of(example: Example) -> str:
    """What an example shows: text, image, images, video, videos or mixed."""
    num_videos = sum(isinstance(part, VideoPart) for part in example.media)
    num_images = len(example.media) - num_videos
    if num_videos and num_images:
        return "mixed"
    if num_videos:
        return "video" if num_videos == 1 else "videos"
    return "text" if not num_images else "image" if num_images == 1 else "images"
