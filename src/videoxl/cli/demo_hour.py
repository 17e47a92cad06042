"""The demo's hour: drawn while it is watched, kept at home, gone on with, and asked about from its file alone."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import complain, note
from videoxl.cli.failure import INTERRUPTED, naming
from videoxl.cli.home import memories
from videoxl.cli.live_line import short_time
from videoxl.cli.sources import MANIFEST_NAME
from videoxl.errors import MemoryFormatError

if TYPE_CHECKING:
    from videoxl.cli.screening import Screening
    from videoxl.cli.watching import Watched, WatchOptions
    from videoxl.engine import VideoXL
    from videoxl.synth.film_source import FilmSource
    from videoxl.synth.questions import Question
    from videoxl.synth.wording import QuestionKind

RATIO = 16
KINDS: "tuple[QuestionKind, ...]" = ("first", "last", "after", "is_there", "when", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class HourSettings:
    """What was said on the command line, to be said again where the hour is stopped."""

    model: str
    device: str | None
    ratio: int | None
    is_json: bool

    @property
    def command(self) -> str:
        """What goes on with the hour; the memory that --out names is there already and would be refused."""
        words = ["videoxl", "demo"]
        words += ["--model", self.model] if self.model != opt.DEFAULT_MODEL else []
        words += ["--device", self.device] if self.device else []
        words += ["--ratio", str(self.ratio)] if self.ratio else []
        return shlex.join([*words, "--json"] if self.is_json else words)


def screen_hour(vxl: "VideoXL", settings: HourSettings, *, usual_rate: float) -> "tuple[Screening, Path, Question]":
    """The hour watched and asked about, where its memory is, and the first question.

    Args:
        usual_rate: frames a second that this machine was seen to watch; what the estimate of time rests on.
    """
    from videoxl.cli.screening import Screening
    from videoxl.cli.watching import WatchOptions
    from videoxl.synth.demo import hour_source

    source = hour_source()
    path = memories() / f"{source.info.name}.vxl"
    options = WatchOptions(fps=1.0, ratio=settings.ratio or _default_ratio(vxl))
    if not settings.is_json:
        print()
    with naming(source.info.name):
        watched = _watch(vxl, source, options, path, settings, usual_rate)
        questions = _questions(source)
        shown = Screening(vxl, source.info, watched, is_json=settings.is_json)
        shown.reopen_and_ask(path, questions)
    shown.say_score()
    return shown, path, questions[0]


def _watch(
    vxl: "VideoXL",
    source: "FilmSource",
    options: "WatchOptions",
    path: Path,
    settings: HourSettings,
    usual_rate: float,
) -> "Watched":
    """The memory of the hour, from an earlier demo as far as that got."""
    from videoxl.cli.watching import watch_with_progress, where_stopped
    from videoxl.video import sample_times

    num_frames = len(sample_times(source.info.duration_seconds, options.sample()).seconds_F)
    num_kept = _num_frames_kept(vxl, source, options, path)
    num_left = num_frames - (num_kept or 0)
    if num_left:
        note(
            f"Next, a film of an hour: {num_left:,} frames to watch, drawn from code one by one; nothing is written "
            f"but the memory. It takes about {short_time(num_left / usual_rate)} at {usual_rate:.0f} frames/s; "
            "--short leaves it out, Ctrl-C keeps what was watched."
        )
    else:
        note(f"{source.info.name} was watched before; its memory is {path}")
    try:
        return watch_with_progress(vxl, source, options, out=path, overwrite=num_kept is None)
    except KeyboardInterrupt:
        complain(f"stopped {where_stopped(path)}. Go on with: {settings.command}")
        raise typer.Exit(INTERRUPTED) from None


def _num_frames_kept(vxl: "VideoXL", source: "FilmSource", options: "WatchOptions", path: Path) -> int | None:
    """Frames of just this film, model and ratio in the folder; None where something else has to make room."""
    from videoxl.memory import inspect

    if not (path / MANIFEST_NAME).exists():
        return 0
    try:
        manifest = inspect(path, verify=True).manifest
    except MemoryFormatError as error:
        note(f"the kept memory is made anew: {error}")
        return None
    about, config = manifest.about, vxl.watch_config(options.sample(), **options.density())
    there = about.sources[0].sha256, about.model_fingerprint, about.plan
    if there != (source.fingerprint(), vxl.fingerprint, config.to_json()):
        note(f"{path} is of another film, model or ratio, and is made anew.")
        return None
    return manifest.summary().num_frames


def _questions(source: "FilmSource") -> "list[Question]":
    import numpy as np

    from videoxl.synth.demo import HOUR_QUESTIONS_SEED
    from videoxl.synth.pictures import PictureSet
    from videoxl.synth.questions import make_questions

    generator = np.random.default_rng(HOUR_QUESTIONS_SEED)
    return make_questions(source.film.facts, generator, names=PictureSet.builtin().names, kinds=KINDS)


def _default_ratio(vxl: "VideoXL") -> int:
    """The hour's ratio, or the highest of a model that does not offer it."""
    offered = vxl.model.config.compression_ratios
    return RATIO if RATIO in offered else max(offered)
