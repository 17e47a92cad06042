"""Depth x frames: where in films of which length things are found. As values, as text, and as a picture."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from videoxl.evaluation.report.reported_run import ReportedRun
from videoxl.evaluation.results import Mark

if TYPE_CHECKING:
    from PIL import Image

ROWS, COLUMNS = "depth", "frames"
APART = "kind"
"""The axis whose categories have a map each; others are only in the tables."""
STOPS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Colours from 0 to 1 (viridis): rising in lightness, so that they can be told apart without seeing colour."""
SHADES, PLAIN_SHADES = " \u2591\u2592\u2593\u2588", " .:*#"
WIDEST_TEXT = len("100 ##")
CELL, LEFT, TOP, BELOW = (64, 34), 74, 48, 34
INK, PAPER = (26, 26, 26), (255, 255, 255)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """The score of one depth and length."""

    value: float
    num: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One map of one run; a cell that nothing was asked in is not there."""

    title: str
    chosen: tuple[tuple[str, str], ...]
    """(axis, category) of all its questions, such as ("kind", "what")."""
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]

    def rows_of_cells(self) -> list[tuple[str, list[Cell | None]]]:
        """Row by row, with None where there is no cell."""
        return [(row, [self.cells.get((row, column)) for column in self.columns]) for row in self.rows]


def heat_maps(run: ReportedRun) -> list[HeatMap]:
    """A map for each kind of question; none where items have no depth."""
    marks = [mark for mark in run.results.marks if ROWS in mark.categories and COLUMNS in mark.categories]
    if not marks:
        return []
    kinds = _values(marks, APART)
    chosen = [((APART, kind),) for kind in kinds] if len(kinds) > 1 else [()]
    return [_heat_map(run, marks, each) for each in chosen]


def as_text(heat_map: HeatMap, *, width: int = 80, shades: str = SHADES) -> str:
    """For a terminal: percent and a shade in each cell; lengths that are too many for its width go on below.

    Args:
        shades: from the worst to the best, one character each.
    """
    left = max(map(len, (ROWS, *heat_map.rows)))
    column_width = max(WIDEST_TEXT, *map(len, heat_map.columns)) + 2
    num_beside = max(1, (width - left) // column_width)
    lines = textwrap.wrap(heat_map.title, max(width, left + column_width))
    for first in range(0, len(heat_map.columns), num_beside):
        shown = slice(first, first + num_beside)
        lines.append(f"{ROWS:>{left}}" + "".join(f"{name:>{column_width}}" for name in heat_map.columns[shown]))
        for row, cells in heat_map.rows_of_cells():
            texts = (_cell_text(cell, shades) for cell in cells[shown])
            lines.append(f"{row:>{left}}" + "".join(f"{text:>{column_width}}" for text in texts))
    return "\n".join(line.rstrip() for line in lines)


def as_picture(rows: Sequence[Sequence[HeatMap]]) -> "Image.Image":
    """All maps, those of a run in one row; save it as PNG."""
    from PIL import Image

    drawn = [[_drawn(each) for each in row] for row in rows if row]
    width = max(sum(picture.width for picture in row) for row in drawn)
    whole = Image.new("RGB", (width, sum(row[0].height for row in drawn)), PAPER)
    top = 0
    for row in drawn:
        left = 0
        for picture in row:
            whole.paste(picture, (left, top))
            left += picture.width
        top += row[0].height
    return whole


def colour_of(value: float) -> Colour:
    """Of a share of the best."""
    place = min(max(value, 0.0), 1.0) * (len(STOPS) - 1)
    index = min(int(place), len(STOPS) - 2)
    parts = [round(a + (b - a) * (place - index)) for a, b in zip(STOPS[index], STOPS[index + 1], strict=True)]
    return parts[0], parts[1], parts[2]


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever is read better."""
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 127 else PAPER


def _heat_map(run: ReportedRun, marks: Sequence[Mark], chosen: Sequence[tuple[str, str]]) -> HeatMap:
    held = [mark for mark in marks if all(mark.categories.get(axis) == category for axis, category in chosen)]
    groups: dict[tuple[str, str], list[Mark]] = {}
    for mark in held:
        groups.setdefault((mark.categories[ROWS], mark.categories[COLUMNS]), []).append(mark)
    cells = {}
    for place, group in groups.items():
        score = run.score_of(group)
        cells[place] = Cell(score.value / score.best, score.num)
    title = ", ".join([run.header.task, run.label, *(f"{axis} {category}" for axis, category in chosen)])
    return HeatMap(title, tuple(chosen), _values(marks, ROWS), _values(marks, COLUMNS), cells)


def _values(marks: Sequence[Mark], axis: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mark.categories[axis] for mark in marks if axis in mark.categories))


def _cell_text(cell: Cell | None, shades: str) -> str:
    if cell is None:
        return "-"
    shade = shades[min(int(cell.value * len(shades)), len(shades) - 1)]
    return f"{100 * cell.value:.0f} {2 * shade}"


def _drawn(heat_map: HeatMap) -> "Image.Image":
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=14)
    width, height = CELL
    title_width = int(font.getlength(heat_map.title))
    across = max(LEFT + width * len(heat_map.columns), title_width) + 20
    picture = Image.new("RGB", (across, TOP + height * len(heat_map.rows) + BELOW), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((10, 10), heat_map.title, fill=INK, font=font)
    draw.text((LEFT - 10, TOP - 4), "depth", fill=INK, font=font, anchor="rs")
    for number, (row, cells) in enumerate(heat_map.rows_of_cells()):
        top = TOP + number * height
        draw.text((LEFT - 10, top + height / 2), row, fill=INK, font=font, anchor="rm")
        for column, cell in enumerate(cells):
            left = LEFT + column * width
            if cell is not None:
                colour = colour_of(cell.value)
                draw.rectangle((left, top, left + width - 3, top + height - 3), fill=colour)
                place = left + width / 2 - 1, top + height / 2 - 1
                draw.text(place, f"{100 * cell.value:.0f}", fill=ink_on(colour), font=font, anchor="mm")
    below = TOP + height * len(heat_map.rows) + 4
    draw.text((LEFT - 10, below), "frames", fill=INK, font=font, anchor="ra")
    for number, name in enumerate(heat_map.columns):
        draw.text((LEFT + (number + 0.5) * width, below), name, fill=INK, font=font, anchor="ma")
    return picture
