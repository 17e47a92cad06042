"""Scores and their differences as a person reads them on a terminal."""

import sys
from typing import TYPE_CHECKING

from videoxl.cli.console import print_table

if TYPE_CHECKING:
    from videoxl.evaluation.compare import Comparison, Difference, Flip
    from videoxl.evaluation.rescoring import ScoredRun
    from videoxl.evaluation.results import Results, Score
    from videoxl.evaluation.task import Parser

NUM_FLIPS_SHOWN = 20


def print_scored(scored: "ScoredRun", chosen: "Parser") -> None:
    """The one number by both parsers, and the categories by the chosen one."""
    results = scored.by_parser[chosen]
    print(plain(f"{scored.header.task}, {scored.header.model}: {results.metric}"))
    for parser, each in scored.by_parser.items():
        print(f"  {parser:<8}  {_headline(each)}")
    for note in results.notes:
        print(f"  {plain(note)}")
    if results.by:
        print()
        rows = [
            (plain(each.axis), plain(each.category), str(each.score.num), _shown(each.score), _interval(each.score))
            for each in results.by
        ]
        print_table(("", chosen, "n", "score", "95 %"), rows)


def plain(text: str) -> str:
    """Words of strangers on one line of this terminal: nothing in them steers it, and what it has not is spelled."""
    encoding = sys.stdout.encoding or "ascii"
    line = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return line.encode(encoding, "backslashreplace").decode(encoding)


def _headline(results: "Results") -> str:
    counts = f"{results.num_items} items, {results.num_missing} missing, {results.num_unparsed} unparsed"
    if results.overall is None:
        return f"no score; {counts}"
    return f"{_shown(results.overall)}  [{_interval(results.overall)}]; {counts}"


def _shown(score: "Score") -> str:
    return f"{score.percent:.2f} %" if score.best == 1 else f"{score.value:.2f} of {score.best:g}"


def _interval(score: "Score") -> str:
    scale = 100 if score.best == 1 else 1
    return f"{scale * score.low:.1f} to {scale * score.high:.1f}"


def print_comparison(comparison: "Comparison") -> None:
    """Differences by category, and the first items that flipped."""
    print(f"{comparison.task}, {comparison.parser}: {comparison.metric}; second minus first, in points of a hundred")
    print_table(
        ("", "", "n", "first", "second", "difference", "95 %", "gained", "lost"),
        [_difference(each) for each in (comparison.overall, *comparison.by)],
    )
    for num, which in ((comparison.num_only_first, "first"), (comparison.num_only_second, "second")):
        if num:
            print(f"{num} questions are answered in the {which} run only and are not compared")
    for flip in comparison.flips[:NUM_FLIPS_SHOWN]:
        print(f"  {plain(_flip(flip))}")
    if len(comparison.flips) > NUM_FLIPS_SHOWN:
        print(f"  {len(comparison.flips) - NUM_FLIPS_SHOWN} more flipped; --json lists them all")


def _difference(each: "Difference") -> tuple[str, ...]:
    interval = f"{100 * each.low:+.1f} to {100 * each.high:+.1f}"
    return (
        plain(each.axis),
        plain(each.category),
        str(each.num),
        f"{100 * each.first:.2f}",
        f"{100 * each.second:.2f}",
        f"{100 * each.value:+.2f}{'*' if each.is_clear else ' '}",
        interval,
        str(each.num_gained),
        str(each.num_lost),
    )


def _flip(flip: "Flip") -> str:
    change, right = ("gained" if flip.is_gain else "lost"), flip.first_expected
    if flip.second_expected != right:  # the options were shuffled
        right = f"{right}, then {flip.second_expected}"
    return f"{change}: {flip.id}: {flip.first_read} -> {flip.second_read}, right is {right}"
