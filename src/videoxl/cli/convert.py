"""`videoxl convert`: official weights to our format, or back."""

from pathlib import Path
from typing import Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import note, print_json, print_pairs
from videoxl.cli.loading import quieten
from videoxl.errors import UsageError

FORMATS = ("videoxl", "official")


def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="The folder of a model.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help="A new folder, or one that an earlier run began.")],
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="videoxl or official: the format to write.")
    ] = FORMATS[0],
    json: opt.Json = False,
) -> None:
    """Write a model in the other format.

    Shard by shard, every weight accounted for; a run that was interrupted goes on where it stopped.
    """
    if to not in FORMATS:
        raise UsageError(f"--to is {to!r}, expected {' or '.join(FORMATS)}.")
    quieten()
    from videoxl.checkpoint.convert import convert as convert_folder
    from videoxl.compression.size import ByteSize

    report = convert_folder(source, target, to=to)  # type: ignore[arg-type]
    for remark in report.notes:
        note(remark)
    if json:
        return print_json(report.to_dict())
    kept = f", {report.num_shards_kept} of them there already" if report.num_shards_kept else ""
    print(f"{report.target}: {report.to} format")
    pairs = [
        ("weights", f"{len(report.tensors):,} tensors, {report.num_parameters:,} parameters"),
        ("bytes", f"{ByteSize(report.num_bytes)} in {report.num_shards} shards{kept}"),
        ("largest difference", f"{report.largest_difference:g}"),
    ]
    print_pairs(pairs, indent=2)
