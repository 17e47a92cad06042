"""Heat maps as the terminal takes them, in its width and its characters, and as a picture beside the runs."""

import io
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videoxl.evaluation.report.heat_map import HeatMap
    from videoxl.evaluation.report.reported_run import ReportedRun


def print_heat_maps(runs: "Sequence[ReportedRun]") -> None:
    """Every map of every run; none where nothing has a depth."""
    from videoxl.evaluation.report.heat_map import PLAIN_SHADES, SHADES, as_text, heat_maps

    shades, width = SHADES if _has(SHADES) else PLAIN_SHADES, shutil.get_terminal_size().columns
    for each in (heat_map for run in runs for heat_map in heat_maps(run)):
        print(f"{as_text(each, width=width, shades=shades)}\n")


def save_heat_maps(path: Path, maps: "Sequence[Sequence[HeatMap]]") -> None:
    """The maps of some runs, those of a run in one row, as a PNG that is there at once or not at all."""
    from videoxl.evaluation.report.heat_map import as_picture
    from videoxl.evaluation.run_folder import write_bytes

    file = io.BytesIO()
    as_picture(maps).save(file, "PNG")
    write_bytes(path, file.getvalue())


def _has(characters: str) -> bool:
    """Whether stdout can show these characters; a terminal that calls itself dumb is not asked for any."""
    if os.environ.get("TERM") == "dumb":
        return False
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
