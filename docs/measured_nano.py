"""What nano reaches of what was asked of it: a short table for the README, and all of it for the model card.

Both come from benchmarks/results/nano.json, which `recipes/nano/evaluate.py` writes, and nano_training.json, the hours
that the recipe took. What is not in them is said to be not measured.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FORMAT = 2
MISSING = "not measured"
MAIN, LEAST = "16x", "2x"
INSERT_TASKS = ("insert: is there", "insert: what", "order: order", "count: count")
FORMS = ("1x", "2x", "4x", "8x", "16x", "pooling", "dropping", "random rows")

Entry = Mapping[str, Any]
# label, must, aim, group and task, whether it is asked of an hour, too
QUESTION_ROWS = (
    ("insert: is X in the film (yes and no balanced)", "95 / 90 %", "99 / 98 %", "insert: is there", True),
    ("insert: what was inserted (one picture)", "92 / 85 %", "99 / 97 %", "insert: what", True),
    ("insert: first, last, right after X (3 to 5 pictures)", "75 / 60 %", "95 / 90 %", "order: order", True),
    ("insert: how many different pictures (1 to 5)", "70 %", "90 %", "count: count", False),
    ("insert: the first evidence shows it", "95 / 92 %", "99 / 99 %", "insert: evidence", True),
    ("edit: is X in the film", "85 / 70 %", "95 / 90 %", "edit: is there", True),
    ("edit: what was inserted", "85 / 70 %", "95 / 90 %", "edit: what", True),
)
MORE_ROWS = (
    ("insert: when is X shown", "insert: when"),
    ("insert: when does it appear", "insert: when it"),
    ("insert: when, of what is not there (never)", "insert: never"),
    ("order: first", "order: first"),
    ("order: last", "order: last"),
    ("order: right after X", "order: after"),
    ("order: right before X", "order: before"),
    ("order: list, all of it in order", "order: list"),
    ("order: is X in the film", "order: is there"),
    ("order: the first evidence shows it", "order: evidence"),
    ("edit: when is X shown", "edit: when"),
    ("edit: the first evidence shows it", "edit: evidence"),
)
RATIO_ROWS = ("insert: is there", "insert: what", "order: order", "count: count", "edit: is there", "edit: what")


class Measured:
    """The numbers of nano.json, found by name."""

    def __init__(self, results: Path) -> None:
        self.about = _read(results / "nano.json")
        self.training = _read(results / "nano_training.json")

    @property
    def is_current(self) -> bool:
        """Whether there is a measurement of the kind that these tables are made of."""
        return self.about.get("format") == FORMAT

    @property
    def lengths(self) -> tuple[str, str]:
        """Frames of a film, and of an hour."""
        return str(self.about["films"]["frames"]), str(self.about["hours"]["frames"])

    def of(self, task: str, *, form: str = MAIN, hour: bool = False) -> Entry:
        """One share; empty where it was not measured."""
        length = self.lengths[1 if hour else 0]
        return self.about["results"].get(length, {}).get(form, {}).get(task, {})

    def both(self, task: str) -> tuple[Entry, Entry]:
        """Of a film, and of an hour."""
        return self.of(task), self.of(task, hour=True)


def nano_table(results: Path) -> str:
    """What was asked for, and what was measured."""
    found = Measured(results)
    if not found.is_current:
        return _not_measured(results)
    rows = ["| at 16x | must | aim | measured | n | without looking |", "|---|---|---|---|---|---|", *_goals(found)]
    return "\n".join([_about(found), "", *rows])


def nano_card(results: Path) -> str:
    """The same with intervals, every ratio, the memories without VSTs, and what has no goal."""
    found = Measured(results)
    if not found.is_current:
        return _not_measured(results)
    parts = [_about(found), _reading(found)]
    parts.append(_table(("at 16x", "must", "aim", "measured", "n", "without looking"), _goals(found, intervals=True)))
    parts.append("Also, at 16x:")
    parts.append(_table(("what", "measured", "n", "without looking"), _more(found)))
    parts.append(f"Right answers by memory, films of {found.lengths[0]} frames (the last three are as small as 16x):")
    parts.append(_table(("what", *FORMS), _by_form(found)))
    return "\n\n".join(parts)


def _goals(found: Measured, *, intervals: bool = False) -> list[str]:
    rows = []
    for label, must, aim, task, has_hour in QUESTION_ROWS:
        entries = found.both(task) if has_hour else (found.of(task),)
        rows.append(_row(label, must, aim, *_cells(entries, intervals=intervals)))
    alarms = _path(found.about, "false_alarms", "filler", found.lengths[0], MAIN)
    ordinary = _path(found.about, "ordinary", "all", MAIN, "is there")
    rows.insert(5, _row("false alarms on footage without pictures, per frame", "1e-3", "1e-4", *_alarms(alarms)))
    known = _path(found.about, "ordinary").get("things_known", 0)
    label = f"ordinary footage: is a THING there (it knows {known})" if known else "ordinary footage: is a THING there"
    rows.insert(6, _row(label, "85 %", "95 %", *_cells((ordinary,), intervals=intervals)))
    kept = _path(found.about, "kept", "inserts")
    rows.append(
        _row("kept at 16x of the accuracy at 1x (inserts)", "98 %", "99.5 %", *_kept(kept, intervals=intervals))
    )
    rows.append(_row("kept at 16x of the accuracy at 2x, the least that it offers", "-", "-", *_kept_of(found, LEAST)))
    for other, name in (("pooling", "average pooling"), ("dropping", "frame dropping")):
        lead = _path(found.about, "leads", "inserts", other)
        rows.append(_row(f"lead over {name}, as small", "15 points", "30 points", *_lead(lead, intervals=intervals)))
    hours = found.training.get("hours")
    rows.append(_row("making the weights with `recipes/nano.yaml`, 2 cores", "10 h", "4 h",
                     MISSING if hours is None else f"{hours:.1f} h", "-", "-"))  # fmt: skip
    return rows


def _more(found: Measured) -> list[str]:
    rows = [_row(label, *_cells(found.both(task), intervals=True)) for label, task in MORE_ROWS]
    film, hour = (_path(found.about, "false_alarms", "filler", length, MAIN) for length in found.lengths)
    rows += [
        _plain("footage without pictures: is X there, answered yes (a film / an hour)", film, hour, "per_question"),
        _plain("footage without pictures: what was inserted, answered by a name", film, hour, "per_film"),
    ]
    photographs = _path(found.about, "false_alarms", "stills", found.lengths[0], MAIN)
    rows.append(_plain("photographs: what was inserted, answered by a name", photographs, {}, "per_film"))
    stranger = _path(found.about, "strangers", MAIN)
    rows += [
        _plain("a picture without a name: called by one", stranger, {}, "called_by_a_name"),
        _plain("a picture without a name: is X there, answered yes", stranger, {}, "false_yes"),
    ]
    for part, label in (("stills", "photographs"), ("footage", "the split's own footage")):
        entry = _path(found.about, "ordinary", part, MAIN)
        rows += [
            _row(f"{label}: {text}", *_cells((entry.get(task, {}),), intervals=True))
            for task, text in (("is there", "is a THING there"), ("when", "when is a THING seen"),
                               ("never", "when, of what is not there (never)"),
                               ("evidence", "the first evidence shows it"))
        ]  # fmt: skip
    return rows


def _by_form(found: Measured) -> list[str]:
    rows = []
    for task in RATIO_ROWS:
        entries = [found.of(task, form=form) for form in FORMS]
        rows.append(_row(task, *(_percent(entry) for entry in entries)))
    leads = _path(found.about, "leads", "inserts")
    shown = [f"{_path(leads, form)['value']:+.1f} points" if form in leads else "" for form in FORMS]
    rows.append(_row("lead of 16x, mean over the tasks of inserts", *shown))
    return rows


def _about(found: Measured) -> str:
    about, (film, hour) = found.about, found.lengths
    what = f"{about['split'].title()} films of {film} frames / of {int(hour):,}, one frame a second, greedy"
    return f"{what}; {about['measured']}, {about['hardware']['cores']} cores, `{about['command']}`."


def _reading(found: Measured) -> str:
    means = found.about["means"]
    lines = [
        f"Films of {int(found.lengths[1]):,} frames: {means['hours']}.",
        f"Evidence: {means['evidence']}.",
        f"False alarms per frame: {means['false_alarms.per_frame']}.",
        f"Ordinary footage: {means['ordinary']}.",
        "In brackets 95 % intervals; several questions about one film are not quite independent, so they are a little "
        "too narrow. Without looking: the best that one fixed way of answering reaches.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _cells(entries: Sequence[Entry], *, intervals: bool) -> tuple[str, str, str]:
    """Measured, n, and the level that needs no looking; one or two lengths."""
    if not any(entries):
        return MISSING, "-", "-"
    measured = " / ".join(_percent(entry, interval=intervals) for entry in entries)
    numbers = " / ".join(str(entry.get("n", "-")) for entry in entries)
    levels = " / ".join(f"{100 * entry['trivial']:.0f} %" if entry else "-" for entry in entries)
    return measured, numbers, levels


def _percent(entry: Entry, *, interval: bool = False) -> str:
    if not entry:
        return "-"
    low, high = (100 * edge for edge in entry["interval"])
    return f"{100 * entry['share']:.1f} %" + (f" ({low:.1f} to {high:.1f})" if interval else "")


def _alarms(entry: Entry) -> tuple[str, str, str]:
    if not entry:
        return MISSING, "-", "-"
    rate, (_, high) = entry["per_frame"]["share"], entry["per_frame"]["interval"]
    shown = f"{rate:.0e}" if rate else "0"
    measured = f"{shown} (below {high:.0e}; {entry['films_with_a_name']} of {entry['films']} films)"
    return measured, f"{entry['frames']:,} frames", "-"


def _kept(entry: Entry, *, intervals: bool) -> tuple[str, str, str]:
    if not entry:
        return MISSING, "-", "-"
    low, high = (100 * edge for edge in entry["interval"])
    return f"{100 * entry['value']:.1f} %" + (f" ({low:.1f} to {high:.1f})" if intervals else ""), str(entry["n"]), "-"


def _kept_of(found: Measured, form: str) -> tuple[str, str, str]:
    """Mean over the tasks of inserts, divided by that at another ratio; without an interval."""
    pairs = [(found.of(task), found.of(task, form=form)) for task in INSERT_TASKS]
    if not all(entry for pair in pairs for entry in pair):
        return MISSING, "-", "-"
    ours, theirs = (sum(entry["share"] for entry in entries) for entries in zip(*pairs, strict=True))
    shown = f"{100 * ours / theirs:.1f} %" if theirs else "-"
    return shown, str(sum(entry["n"] for entry, _ in pairs)), "-"


def _lead(entry: Entry, *, intervals: bool) -> tuple[str, str, str]:
    if not entry:
        return MISSING, "-", "-"
    low, high = entry["interval"]
    return f"{entry['value']:.1f} points" + (f" ({low:.1f} to {high:.1f})" if intervals else ""), str(entry["n"]), "0"


def _plain(label: str, film: Entry, hour: Entry, key: str) -> str:
    """A row of shares that have no level without looking."""
    entries = [entry[key] for entry in (film, hour) if entry]
    measured = " / ".join(_percent(entry, interval=True) for entry in entries) or MISSING
    return _row(label, measured, " / ".join(str(entry["n"]) for entry in entries) or "-", "-")


def _path(entry: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        entry = entry.get(name, {})
    return entry


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([_row(*head), "|" + "---|" * len(head), *rows])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _not_measured(results: Path) -> str:
    return f"Not measured: `{results.name}/nano.json` is not there, or not of the format that this table is made from."


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
