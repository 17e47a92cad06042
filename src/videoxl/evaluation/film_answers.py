"""Answers about films whose facts are known: marks, moments, and the level that needs no looking beside each score.

An item's `details` hold its kind of question, its film's length in seconds, and the names shown in order. Of moments:
`Results.extra["evidence"]` says how often the first range of evidence shows what was asked about, whether or not the
answer is right; `extra["time_error_seconds"]` how far the named and the shown moments are from the true ones.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from videoxl.evaluation.item import Item
from videoxl.evaluation.moments import Span, by_chance, error_seconds, shown_frames, shows, time_range
from videoxl.evaluation.prompts import AnswerForm
from videoxl.evaluation.record import Record
from videoxl.evaluation.results import CategoryScore, Mark, Results, Score
from videoxl.evaluation.scoring import axes_of, by_category, mean_of, score_of, scores_by_category
from videoxl.evaluation.task import Parser
from videoxl.evaluation.trivial import level_of, mean_level
from videoxl.evaluation.words import read_name, read_names, read_number, read_truth
from videoxl.video.clock import clock

UNREAD = "-"
TIMES = ("when", "when_it", "when_unusual", "when_advert")
ONE_THING = ("what", "is_there", "first", "last", "after", "before", "scene", "unusual", "read", "advert", *TIMES)
"""Kinds of questions whose evidence is one stretch of film."""
FORMS: Mapping[str, AnswerForm] = {
    **dict.fromkeys(("is_there", "is_before", "is_scene"), "truth"),
    **dict.fromkeys(("count", "how_often"), "number"),
    **dict.fromkeys(("list", "scenes"), "names"),
    **dict.fromkeys(TIMES, "time"),
}
"""What the answer to a kind of question is; all others are answered by one name."""
READERS: Mapping[AnswerForm, Callable[[str], str]] = {
    "name": read_name, "truth": read_truth, "number": read_number, "names": read_names,
}  # fmt: skip
"""What reads it; moments are read by `moments.time_range`."""


class FilmAnswers:
    """Scores the answers of one run.

    Args:
        interval_seconds: how finely a moment has to be told, see `moments.py`.
    """

    def __init__(self, items: Sequence[Item], records: Sequence[Record], *, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._records = {record.item: record for record in records if record.raw is not None}
        self._num_items = len(items)
        self._items = [item for item in items if item.id in self._records]
        self.marks = tuple(map(self._mark, self._items))

    def results(self, *, task: str, metric: str, parser: Parser, mean_over: str | None) -> Results:
        """All scores; `mean_over` is the axis whose categories count alike in the one number."""
        num_missing = self._num_items - len(self.marks)
        notes = [f"{num_missing} of {self._num_items} items have no answer and are in no score."] if num_missing else []
        return Results(
            task=task,
            parser=parser,
            metric=metric,
            overall=self._overall(mean_over),
            by=(*scores_by_category(self.marks), *self._evidence_scores()),
            marks=self.marks,
            num_items=self._num_items,
            num_missing=num_missing,
            num_unparsed=sum(mark.num_unparsed for mark in self.marks),
            notes=tuple(notes),
            extra=self._extra(mean_over) if self.marks else {},
        )

    def _overall(self, mean_over: str | None) -> Score | None:
        if not self.marks:
            return None
        if mean_over is None:
            return score_of(self.marks)
        return mean_of([each.score for each in scores_by_category(self.marks, axes=[mean_over])])

    def _mark(self, item: Item) -> Mark:
        raw, kind = self._records[item.id].raw or "", item.details["kind"]
        if kind in TIMES:
            span = time_range(raw, interval_seconds=self._interval_seconds)
            read = "" if span is None else f"{clock(max(0.0, span[0]))} to {clock(span[1])}"
            is_right = shows(span, _frames(item), interval_seconds=self._interval_seconds)
        else:
            read = READERS[form_of(item)](raw)
            is_right = read == item.answer
        return Mark(item.id, float(is_right), read or UNREAD, item.answer, item.video, int(not read), item.categories)

    def _extra(self, mean_over: str | None) -> dict[str, Any]:
        return {
            "trivial": self._trivial(mean_over),
            "evidence": self._evidence(),
            "time_error_seconds": {
                "answers": _errors(self._named_moments()),
                "evidence": _errors(self._looked_at_moments()),
            },
        }

    def _trivial(self, mean_over: str | None) -> dict[str, Any]:
        """ "overall" and, by axis and category, what no looking reaches on the very questions that were answered."""
        items = {item.id: item for item in self._items}
        by_axis = {
            axis: {
                category: self._level([items[mark.id] for mark in marks])
                for category, marks in by_category(self.marks, axis).items()
            }
            for axis in axes_of(self.marks)
        }
        overall = mean_level([*by_axis[mean_over].values()]) if mean_over else self._level(self._items)
        levels = {axis: {name: level.to_json() for name, level in each.items()} for axis, each in by_axis.items()}
        return {"overall": overall.to_json(), **levels}

    def _level(self, items: Sequence[Item]) -> Any:
        return level_of(items, times=TIMES, chance=self._chance)

    def _chance(self, item: Item) -> float:
        return by_chance(_frames(item), item.details["seconds"], interval_seconds=self._interval_seconds)

    def _shown_things(self) -> list[Item]:
        """Questions about one thing that is shown; none where the method shows no evidence at all."""
        if not any(record.evidence for record in self._records.values()):
            return []
        return [item for item in self._items if item.details["kind"] in ONE_THING and _frames(item)]

    def _evidence_scores(self) -> list[CategoryScore]:
        items = self._shown_things()
        return [CategoryScore("evidence", "shows it", score_of([*map(self._hit, items)]))] if items else []

    def _evidence(self) -> dict[str, Any] | None:
        items = self._shown_things()
        if not items:
            return None
        score = score_of([*map(self._hit, items)])
        chance = sum(map(self._chance, items)) / len(items)
        return {"score": score.to_json(), "trivial": {"value": chance, "how": "a range of time at random"}}

    def _hit(self, item: Item) -> Mark:
        span = self._first_evidence(item)
        is_hit = shows(span, _frames(item), interval_seconds=self._interval_seconds)
        return Mark(item.id, float(is_hit), UNREAD, UNREAD, item.video)

    def _first_evidence(self, item: Item) -> Span | None:
        evidence = self._records[item.id].evidence
        return evidence[0][:2] if evidence else None

    def _named_moments(self) -> list[tuple[Span | None, Item]]:
        asked = [item for item in self._items if item.details["kind"] in TIMES and item.spans]
        raws = (self._records[item.id].raw or "" for item in asked)
        spans = (time_range(raw, interval_seconds=self._interval_seconds) for raw in raws)
        return list(zip(spans, asked, strict=True))

    def _looked_at_moments(self) -> list[tuple[Span | None, Item]]:
        return [(self._first_evidence(item), item) for item in self._shown_things()]


def form_of(item: Item) -> AnswerForm:
    """What the answer to a question about a film is."""
    return FORMS.get(item.details["kind"], "name")


def _errors(moments: Sequence[tuple[Span | None, Item]]) -> dict[str, Any] | None:
    """The median over moments that were given, and how many were not."""
    if not moments:
        return None
    errors = [error_seconds(span, item.spans) for span, item in moments if span is not None]
    return {
        "median": median(errors) if errors else None,
        "num": len(errors),
        "num_not_given": len(moments) - len(errors),
    }


def _frames(item: Item) -> tuple[int, ...]:
    return shown_frames(item.spans, item.details["seconds"])
