"""`videoxl inspect`: what a folder is, and what is missing for it to be a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import print_json, print_pairs
from videoxl.cli.loading import quieten

if TYPE_CHECKING:
    from videoxl.checkpoint.inspect import FolderReport


def inspect(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of weights and configs, in any format.")],
    json: opt.Json = False,
) -> None:
    """Say what a model folder is and lacks.

    Formats, parameters, ratios, and everything that stands in the way of loading it; no weight is read.
    """
    quieten()
    from videoxl.checkpoint.inspect import inspect_folder

    report = inspect_folder(folder)
    print_json(report.to_dict()) if json else _print(report)


def _print(report: "FolderReport") -> None:
    from videoxl.compression.size import ByteSize

    print(f"{report.path}: {report.sentence}")
    pairs = [("can be loaded", "yes" if report.is_loadable else "no")]
    if report.num_parameters:
        parts = ", ".join(f"{part} {count:,}" for part, count in report.parameters.items())
        pairs += [("parameters", f"{report.num_parameters:,} ({parts})")]
        pairs += [("bytes", f"{ByteSize(report.num_bytes)} as {', '.join(report.dtypes)} in {_files(report)}")]
    if report.compression_ratios:
        pairs += [("ratios", ", ".join(map(str, report.compression_ratios)))]
        pairs += [
            ("a frame", f"{report.tokens_per_frame} visual tokens; an interval is {report.interval_frames} frames")
        ]
    pairs += [("problem", problem) for problem in report.problems]
    pairs += [("note", remark) for remark in report.notes]
    print_pairs(pairs, indent=2)


def _files(report: "FolderReport") -> str:
    return "1 file" if len(report.shards) == 1 else f"{len(report.shards)} files"
