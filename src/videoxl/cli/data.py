"""`videoxl data`: training data looked at, and made.

`check` says what is in a file of examples and what is wrong with it; `vico` makes one from long films.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.added_models import added_or_given
from videoxl.cli.console import note, print_json, print_pairs
from videoxl.cli.data_vico import vico
from videoxl.cli.failure import guarded
from videoxl.errors import ExampleError, UsageError

if TYPE_CHECKING:
    from videoxl.training.data.check import DataChecker, DataReport, Spread

SECONDS_BETWEEN_LINES = 5.0
NUM_BAD_SHOWN = 20

data = typer.Typer(
    name="data", no_args_is_help=True, rich_markup_mode=None, help="Look at training data, and make some from films."
)


def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="JSONL, a JSON list as LLaVA's, a .tar shard, or a folder of shards."),
    ],
    media_folder: Annotated[
        Path | None,
        typer.Option("--media-folder", metavar="FOLDER", help="Where paths of media begin; default: beside the file."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="Also count tokens as this model would; its weights are not loaded.",
            callback=added_or_given,
        ),
    ] = None,
    max_frames: Annotated[
        int, typer.Option("--max-frames", metavar="N", help="Frames of an example's videos that a run would look at.")
    ] = 128,
    max_text_tokens: Annotated[
        int | None,
        typer.Option("--max-text-tokens", metavar="N", help="Longer examples are bad; default: the model's positions."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Look at the first N examples only; default: all.")
    ] = None,
    no_media: Annotated[bool, typer.Option("--no-media", help="Do not open images and videos.")] = False,
    json: opt.Json = False,
) -> None:
    """Say what training data holds, and what is bad.

    Counts, kinds, missing media, durations, with --model tokens, and every bad example with its reason. Images and
    videos are opened but not read whole. Exit 1 where an example is bad.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is {limit}: expected 1 or more examples.")
    from videoxl.training.data.dataset import open_examples

    checker = _checker(model, max_frames, max_text_tokens, opens_media=not no_media)
    sources = [open_examples(path, media_folder=media_folder) for path in files]
    reports = [checker.check(source, limit=limit, progress=_progress(source.name)) for source in sources]
    if json:
        print_json([asdict(report) for report in reports])
    else:
        for report in reports:
            _print(report)
    num_bad, num_checked = (sum(getattr(each, name) for each in reports) for name in ("num_bad", "num_checked"))
    if num_bad:
        raise ExampleError(f"{num_bad} of {num_checked} examples are bad: mend them or take them out.")


def _checker(model: str | None, max_frames: int, max_text_tokens: int | None, *, opens_media: bool) -> "DataChecker":
    from videoxl.training.data.check import DataChecker
    from videoxl.training.data.media import MediaLimits

    limits = MediaLimits(max_frames=max_frames)
    if model is None:
        if max_text_tokens is not None:
            raise UsageError(
                f"--max-text-tokens is {max_text_tokens} and there is no --model: tokens are a model's own."
            )
        return DataChecker(limits=limits, opens_media=opens_media)
    from videoxl.checkpoint.load import find_folder, load_processor, read_config
    from videoxl.cli.loading import quieten
    from videoxl.engine.loading import model_path

    quieten()
    folder = find_folder(model_path(model))
    config = read_config(folder).config
    return DataChecker(
        processor=load_processor(folder, config),
        limits=limits,
        max_text_tokens=max_text_tokens or config.text_config.max_position_embeddings,
        opens_media=opens_media,
    )


def _progress(name: str) -> Callable[[int, int], None]:
    """A line on stderr every few seconds; nothing for what is done before the first of them."""
    next_seconds = time.monotonic() + SECONDS_BETWEEN_LINES

    def show(num_done: int, num_examples: int) -> None:
        nonlocal next_seconds
        if time.monotonic() >= next_seconds:
            next_seconds = time.monotonic() + SECONDS_BETWEEN_LINES
            note(f"checking {name}: {num_done} of {num_examples} examples")

    return show


def _print(report: "DataReport") -> None:
    pairs = [
        ("examples", _examples(report)),
        ("they show", ", ".join(f"{kind} {count}" for kind, count in sorted(report.kinds.items())) or "nothing"),
        ("questions", f"{report.num_questions}, apart in {report.num_apart} examples"),
        ("media", "not opened" if not report.has_media_checked else f"{report.num_media_missing} missing"),
    ]
    if report.video_seconds is not None:
        from videoxl.video.clock import clock

        pairs.append(("videos", _spread(report.video_seconds, clock)))
        capped = f", {report.num_videos_capped} videos capped" if report.num_videos_capped else ""
        pairs.append(("frames", f"{report.num_video_frames:,} of videos in an epoch{capped}"))
    for name, spread in (("text tokens", report.text_tokens), ("answer tokens", report.answer_tokens)):
        if spread is not None:
            pairs.append((name, _spread(spread, lambda number: f"{number:,.0f}")))
    if report.num_repeated_ids:
        pairs.append(("repeated ids", f"{report.num_repeated_ids}"))
    print(report.name)
    print_pairs(pairs, indent=2)
    for bad in report.bad[:NUM_BAD_SHOWN]:
        named = f" (id {bad.example_id})" if bad.example_id else ""
        print(f"  bad: {bad.place}{named}: {' '.join(bad.reason.split())}")
    if report.num_bad > NUM_BAD_SHOWN:
        print(f"  bad: {report.num_bad - NUM_BAD_SHOWN} more; --json lists up to a thousand")


def _examples(report: "DataReport") -> str:
    looked_at = "" if report.num_checked == report.num_examples else f", {report.num_checked} looked at"
    return f"{report.num_examples}{looked_at}, {report.num_bad} bad"


def _spread(spread: "Spread", shown: Callable[[Any], str]) -> str:
    return (
        f"{shown(spread.total)} in all; least {shown(spread.least)}, median {shown(spread.middle)}, "
        f"most {shown(spread.most)}"
    )


for verb in (check, vico):
    data.command()(guarded(verb))
