"""`videoxl evaluate report`: runs as one page, as Markdown, as heat maps."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli.console import note
from videoxl.cli.heat_maps import print_heat_maps, save_heat_maps
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.evaluation.report.reported_run import ReportedRun

DEFAULT_PAGE = Path("report.html")
NUM_PICTURES = 24


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders that `videoxl evaluate` wrote.")],
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="A page (.html), Markdown (.md) or heat maps (.png); repeatable; default report.html.",
        ),
    ] = None,
    parser: Annotated[
        str, typer.Option("--parser", metavar="NAME", help="Whose scores are shown: strict or official.")
    ] = "strict",
    pictures: Annotated[
        int,
        typer.Option(
            "--pictures", metavar="N", help="Show frames of at most N answers; 0 opens none of the runs' videos."
        ),
    ] = NUM_PICTURES,
    partial: Annotated[bool, typer.Option("--partial", help="Also show runs that were not finished.")] = False,
) -> None:
    """Write a report of one run or of several.

    The page needs no network: scores with intervals, heat maps, quality against ratio, costs, and every raw answer.
    Heat maps are also printed.
    """
    paths = out or [DEFAULT_PAGE]
    for path in paths:
        if path.suffix.lower() not in _WRITERS:
            raise UsageError(f"-o is {path}, expected a name that ends in {', '.join(_WRITERS)}.")
    if parser not in ("strict", "official"):
        raise UsageError(f"--parser is {parser!r}, expected strict or official.")
    if pictures < 0:
        raise UsageError(f"--pictures is {pictures}, expected 0 or more.")
    from videoxl.evaluation.report.reported_run import read_runs

    read = read_runs(runs, parser=parser, partial=partial)  # type: ignore[arg-type]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[path.suffix.lower()](path, read, pictures)
    print_heat_maps(read)
    for path in paths:
        print(path)


def _write_page(path: Path, runs: "Sequence[ReportedRun]", num_pictures: int) -> None:
    from videoxl.evaluation.report.page import page
    from videoxl.evaluation.report.thumbnails import thumbnails
    from videoxl.evaluation.run_folder import write_text

    shown = thumbnails(runs, num_items=num_pictures)
    if shown.failures:
        video, why = next(iter(shown.failures.items()))
        note(f"{len(shown.failures)} videos could not be opened for pictures, {video} among them: {why}")
    write_text(path, page(runs, shown))


def _write_markdown(path: Path, runs: "Sequence[ReportedRun]", num_pictures: int) -> None:
    from videoxl.evaluation.report.markdown import markdown
    from videoxl.evaluation.run_folder import write_text

    write_text(path, markdown(runs))


def _write_heat_maps(path: Path, runs: "Sequence[ReportedRun]", num_pictures: int) -> None:
    from videoxl.evaluation.report.heat_map import heat_maps

    maps = [heat_maps(run) for run in runs]
    if not any(maps):
        raise UsageError(f"-o is {path}, and no run has depths and frames to draw: heat maps are of niah and vniah.")
    save_heat_maps(path, maps)


_WRITERS: "dict[str, Callable[[Path, Sequence[ReportedRun], int], None]]" = {
    ".html": _write_page,
    ".md": _write_markdown,
    ".png": _write_heat_maps,
}
