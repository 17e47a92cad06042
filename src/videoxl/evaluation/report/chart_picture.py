"""A chart of curves as inline SVG: bands are 95 % intervals, each point leads to the answers behind it."""

import math
from collections.abc import Sequence

from videoxl.evaluation.report import figures
from videoxl.evaluation.report.curves import Chart, Curve, Point
from videoxl.evaluation.report.links import answers_link
from videoxl.evaluation.report.markup import Markup, tag

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 74, 16, 14, 44
NUM_LOOKS = 7
"""Colours and dashes of curves, in style.css; an eighth curve looks like the first."""
TICKS = (0, 25, 50, 75, 100)
MARGIN = 0.06  # of the width, on either side of the outermost ratios


def chart_picture(chart: Chart) -> Markup:
    """The whole figure."""
    ratios = sorted({point.ratio for curve in chart.curves for point in curve.points})
    title = f"{chart.task}: {chart.metric}, against compression ratio"
    layers = [_grid(ratios), *([_trivial(chart.trivial)] if chart.trivial is not None else [])]
    layers += [_curve(curve, ratios, number % NUM_LOOKS) for number, curve in enumerate(chart.curves)]
    picture = tag("svg", *layers, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title, class_="chart")
    return tag("figure", tag("figcaption", title), picture, _legend(chart))


def _across(ratio: int, ratios: Sequence[int]) -> float:
    """Ratios stand on a scale of doublings."""
    low, high = math.log2(ratios[0]), math.log2(ratios[-1])
    share = MARGIN + (1 - 2 * MARGIN) * (math.log2(ratio) - low) / (high - low)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _down(value: float) -> float:
    return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)


def _grid(ratios: Sequence[int]) -> Markup:
    lines = []
    for percent in TICKS:
        level = _down(percent / 100)
        lines.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{level:.1f}", y2=f"{level:.1f}"))
        lines.append(tag("text", f"{percent} %", x=LEFT - 8, y=f"{level + 4:.1f}", text_anchor="end"))
    for ratio in ratios:
        place = f"{_across(ratio, ratios):.1f}"
        lines.append(tag("text", f"{ratio}x", x=place, y=HEIGHT - BOTTOM + 18, text_anchor="middle"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(tag("text", "visual tokens per kept row", x=middle, y=HEIGHT - 6, text_anchor="middle"))
    return tag("g", *lines, class_="grid")


def _trivial(value: float) -> Markup:
    level = f"{_down(value):.1f}"
    label = tag("text", "no looking", x=WIDTH - RIGHT, y=f"{_down(value) - 5:.1f}", text_anchor="end")
    return tag("g", tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=level, y2=level), label, class_="trivial")


def _curve(curve: Curve, ratios: Sequence[int], look: int) -> Markup:
    places = [(_across(point.ratio, ratios), point) for point in curve.points]
    above = [f"{x:.1f},{_down(point.score.high / point.score.best):.1f}" for x, point in places]
    below = [f"{x:.1f},{_down(point.score.low / point.score.best):.1f}" for x, point in reversed(places)]
    line = [f"{x:.1f},{_down(point.score.value / point.score.best):.1f}" for x, point in places]
    return tag(
        "g",
        tag("polygon", points=" ".join(above + below)) if len(places) > 1 else None,
        tag("polyline", points=" ".join(line)),
        *[_point(curve, point, x) for x, point in places],
        class_=f"curve look{look}",
    )


def _point(curve: Curve, point: Point, across: float) -> Markup:
    score = point.score
    title = f"{curve.label}, {point.ratio}x: {figures.value(score)} [{figures.interval(score)}], n {score.num}"
    low, high, middle = (_down(each / score.best) for each in (score.low, score.high, score.value))
    whisker = tag("line", x1=f"{across:.1f}", x2=f"{across:.1f}", y1=f"{low:.1f}", y2=f"{high:.1f}")
    dot = tag("circle", tag("title", title), cx=f"{across:.1f}", cy=f"{middle:.1f}", r=5)
    return tag("a", whisker, dot, href=_link(point), aria_label=title)


def _link(point: Point) -> str:
    return answers_link(point.run)


def _legend(chart: Chart) -> Markup:
    """Names of the curves with their numbers, for those who do not see the picture."""
    ratios = sorted({point.ratio for curve in chart.curves for point in curve.points})
    head = tag("tr", tag("th", ""), *[tag("th", f"{ratio}x", scope="col", class_="number") for ratio in ratios])
    rows = [head]
    for number, curve in enumerate(chart.curves):
        by_ratio = {point.ratio: point for point in curve.points}
        key = tag("span", class_=f"key look{number % NUM_LOOKS}", aria_hidden="true")
        cells = [_legend_cell(by_ratio.get(ratio)) for ratio in ratios]
        rows.append(tag("tr", tag("th", key, " ", curve.label, scope="row"), *cells))
    return tag("div", tag("table", *rows), class_="scroll")


def _legend_cell(point: Point | None) -> Markup:
    if point is None:
        return tag("td", figures.NONE)
    score = point.score
    link = tag("a", figures.value(score), href=_link(point))
    return tag("td", link, " ", tag("small", f"[{figures.interval(score)}]"), class_="number")
