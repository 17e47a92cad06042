"""`videoxl evaluate TASK`: a benchmark asked of a model, into a run folder, and scored."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.added_models import added_or_given
from videoxl.cli.console import complain, note, print_json
from videoxl.cli.failure import INTERRUPTED, PARTLY
from videoxl.cli.heat_maps import print_heat_maps, save_heat_maps
from videoxl.cli.loading import LimitsNote, load_vxl
from videoxl.cli.task_words import runs_by_ratio, task_options
from videoxl.errors import EvaluationError, UsageError

if TYPE_CHECKING:
    from videoxl.evaluation.asker import Asker
    from videoxl.evaluation.report.reported_run import ReportedRun
    from videoxl.evaluation.run_settings import RunSettings
    from videoxl.evaluation.runner import PlannedRun, RunSummary
    from videoxl.evaluation.task import Loaded, Task

NUM_MISSING_SHOWN = 20
DRAWN_TASKS, HEAT_MAPS = ("niah", "vniah"), "heat.png"


def run(
    context: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="A name of `videoxl evaluate list`.")],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="The benchmark's annotations and videos.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="nano, an added model, a folder, a hub id; or random-choice, which guesses without a model.",
            callback=added_or_given,
        ),
    ] = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    fps: opt.Fps = None,
    num_frames: opt.NumFrames = None,
    max_frames: opt.MaxFrames = None,
    ratio: opt.Ratio = None,
    ratios: Annotated[
        str | None,
        typer.Option("--ratios", metavar="N,N,...", help="Several ratios, one run each, in RUN/ratio-N."),
    ] = None,
    planner: opt.PlannerChoice = "fixed",
    interval_frames: opt.IntervalFrames = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="NAME",
            help="What is kept at the ratio's budget: vst, none, dropping, pooling, random-rows, recent-rows.",
        ),
    ] = "vst",
    blind: Annotated[bool, typer.Option("--blind", help="Ask without any video.")] = False,
    shuffle_options: Annotated[
        bool, typer.Option("--shuffle-options", help="Show the options of each question in a drawn order.")
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Of shuffled options, random rows and random choices.")
    ] = 0,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="The first N items only; default: all.")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch",
            metavar="N",
            help="Ask up to N questions of a video at once; 1: one by one; default: 16, or what RUN was begun with.",
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="An option of the task; also as --NAME VALUE. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="RUN", help="The run's folder; default: runs/TASK.")
    ] = None,
    parser: Annotated[
        str, typer.Option("--parser", metavar="NAME", help="Whose categories are shown: strict or official.")
    ] = "strict",
    json: opt.Json = False,
) -> None:
    """Ask a benchmark of a model, and score it; the word `run` may be left out.

    Each video is read and encoded once, for all ratios. After Ctrl-C or a crash the same command goes on where it
    stopped, and ends with the same answers, byte for byte. Exit 3 where videos are missing or cannot be read; their
    items are listed and counted.
    """
    if parser not in ("strict", "official"):
        raise UsageError(f"--parser is {parser!r}, expected strict or official.")
    from videoxl.evaluation.registry import find_task, name_for
    from videoxl.evaluation.run_settings import RunSettings
    from videoxl.evaluation.runner import PlannedRun

    settings = RunSettings(
        fps=fps, num_frames=num_frames, max_frames=max_frames, ratio=ratio, planner=planner,
        interval_frames=interval_frames, method=method, blind=blind, shuffle_options=shuffle_options, seed=seed,
        limit=limit, batch=batch,
    )  # fmt: skip
    chosen = find_task(name_for(task, data), task_options(option or (), context.args))
    wanted = runs_by_ratio(settings, ratios, out or Path("runs") / chosen.name)
    loaded = _loaded(chosen, data, settings)
    askers = _askers(model, device, [each for each, _ in wanted], loaded)
    planned = [PlannedRun(asker, path, each) for asker, (each, path) in zip(askers, wanted, strict=True)]
    done = _run(chosen, loaded, planned)
    _print(done, parser, is_json=json, is_several=ratios is not None)
    if any(summary.num_failed for summary in done):
        raise typer.Exit(PARTLY)


def _loaded(task: "Task", data: Path | None, settings: "RunSettings") -> "Loaded":
    """All items, and a word on every video that is not there."""
    loaded = task.load(data)
    if loaded.missing and not settings.blind:
        for missing in loaded.missing[:NUM_MISSING_SHOWN]:
            note(f"missing: {missing.video}, expected {missing.looked_for}; {missing.num_items} items")
        if len(loaded.missing) > NUM_MISSING_SHOWN:
            note(f"missing: {len(loaded.missing) - NUM_MISSING_SHOWN} more videos")
        note(
            f"{task.name}: {len(loaded.missing)} videos are missing; {loaded.num_items_missing} of {len(loaded.items)} "
            "items cannot be asked for want of them, and are counted."
        )
    return loaded


def _askers(model: str, device: str | None, settings: "Sequence[RunSettings]", loaded: "Loaded") -> "list[Asker]":
    """Who is asked, once for each run; a model is loaded once for all."""
    from videoxl.evaluation.random_choice import RANDOM_CHOICE, RandomChoice, expected_share

    if model == RANDOM_CHOICE:
        guessers = [RandomChoice(each) for each in settings]
        share = expected_share(settings[0].asked(loaded.items))
        if share is not None:
            note(f"chance alone gets {100 * share:.2f} % of the questions with options right on the average.")
        return [*guessers]
    if not settings[0].blind and loaded.missing and loaded.num_items_missing == len(loaded.items):
        raise EvaluationError("none of the videos is there: nothing can be asked. Check --data, or ask with --blind.")
    vxl = load_vxl(model, device)
    from videoxl.evaluation.eyes import Eyes
    from videoxl.evaluation.model_asker import ModelAsker

    LimitsNote(vxl).say()
    eyes = Eyes(vxl) if len(settings) > 1 else None  # who watches alone goes on in the middle of an hour
    return [ModelAsker(vxl, each, name=model, eyes=eyes) for each in settings]


def _run(task: "Task", loaded: "Loaded", planned: "Sequence[PlannedRun]") -> "list[RunSummary]":
    from videoxl.cli.run_bar import RunBar
    from videoxl.evaluation.runner import run_side_by_side

    where = planned[0].path if len(planned) == 1 else planned[0].path.parent
    with RunBar(task.name) as bar:
        try:
            return run_side_by_side(task, loaded, planned, listener=bar)
        except KeyboardInterrupt:
            bar.close()
            last = bar.last
            kept = f"{last.num_items} of {last.total_items} items are in {where}" if last else "at the start"
            complain(f"stopped; {kept}. Go on with: {shlex.join(['videoxl', *sys.argv[1:]])}")
            raise typer.Exit(INTERRUPTED) from None


def _print(done: "Sequence[RunSummary]", parser: str, *, is_json: bool, is_several: bool) -> None:
    """What `videoxl evaluate score` prints of each run; `results.json` is written on the way."""
    from videoxl.cli.score_tables import print_scored
    from videoxl.evaluation.rescoring import write_results

    scored = [write_results(summary.path) for summary in done]
    if is_json:
        _draw(done, parser)
        documents = [
            {"run": str(summary.path), "parser": parser, **each.to_json(), "failures": _failures(summary)}
            for summary, each in zip(done, scored, strict=True)
        ]
        return print_json(documents if is_several else documents[0])
    for summary, each in zip(done, scored, strict=True):
        print(summary.path)
        print_scored(each, parser)  # type: ignore[arg-type]
        if summary.num_failed:
            note(f"{summary.path}: {summary.num_failed} of {summary.num_items} items could not be asked:")
        for failure in _failures(summary)[:NUM_MISSING_SHOWN]:
            note(f"  {failure['video']}, {failure['items']} items: {failure['why']}")
    if drawn := _draw(done, parser):
        print()
        print_heat_maps(drawn)


def _draw(done: "Sequence[RunSummary]", parser: str) -> "list[ReportedRun]":
    """Heat maps of runs that have depths, as a picture in the run's folder, or in that of several; gives those runs."""
    from videoxl.evaluation.report.heat_map import heat_maps
    from videoxl.evaluation.report.reported_run import read_runs

    if done[0].header.task not in DRAWN_TASKS:
        return []
    runs = read_runs([summary.path for summary in done], parser=parser)  # type: ignore[arg-type]
    maps = [heat_maps(run) for run in runs]
    if not any(maps):  # nothing could be asked
        return []
    where = (done[0].path if len(done) == 1 else done[0].path.parent) / HEAT_MAPS
    save_heat_maps(where, maps)
    note(f"heat maps: {where}")
    return runs


def _failures(summary: "RunSummary") -> list[dict[str, Any]]:
    return [{"video": video, "why": why, "items": num_items} for video, why, num_items in summary.failures]
