"""Scores of answers in free words, from what a judge said of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from videoxl.errors import EvaluationError
from videoxl.evaluation.item import Item
from videoxl.evaluation.judge import Judge, Judgement
from videoxl.evaluation.record import Record
from videoxl.evaluation.results import CategoryScore, Mark
from videoxl.evaluation.run_folder import JUDGEMENTS, line_of, open_run, read_lines, whole_lines, write_documents
from videoxl.evaluation.scoring import mean_of, score_of

LEAST, MOST = 1.0, 5.0
Aspects = Mapping[str, tuple[str, ...]]
"""Task type to what its answers are marked on."""


@dataclass(frozen=True, slots=True)
class JudgedScores:
    """Means of a judge's marks by aspect, their sums by task type, and the mean of those."""

    scores: tuple[CategoryScore, ...]
    num_missing: int
    notes: tuple[str, ...]


def judged_scores(
    items: Sequence[Item], records: Sequence[Record], judgements: Mapping[str, Judgement], *, aspects: Aspects
) -> JudgedScores:
    """What the judgements amount to. One of other words than the recorded answer is none."""
    raw = {record.item: record.raw for record in records}
    answered = [item for item in items if raw.get(item.id) is not None]
    judged = [item for item in answered if item.id in judgements and judgements[item.id].raw == raw[item.id]]
    scores: list[CategoryScore] = []
    for kind, names in aspects.items():
        of_kind = [item for item in judged if item.categories["task_type"] == kind]
        scores += _of_kind(of_kind, judgements, kind, names) if of_kind else []
    sums = [each.score for each in scores if each.axis == "judged" and each.category in aspects]
    if len(sums) == len(aspects):
        scores.append(CategoryScore("judged", "G-avg", mean_of(sums)))
    notes = []
    if len(judged) < len(answered):
        notes.append(
            f"{len(answered) - len(judged)} of {len(answered)} free answers have no judgement and are in no score."
        )
    if judged:
        judges = sorted({judgements[item.id].judge for item in judged})
        notes.append(f"Free answers were judged by {', '.join(judges)}; marks of other judges do not compare.")
    return JudgedScores(tuple(scores), len(items) - len(answered), tuple(notes))


def judge_run(path: Path, judge: Judge) -> int:
    """Have every free answer of a run judged that is not yet; says how many were. It goes on where it was stopped."""
    run = open_run(path, partial=True)
    raw = {record.item: record.raw for record in run.records}
    done = {each.item: each.raw for each in whole_lines(path / JUDGEMENTS, Judgement)}
    num_judged = 0
    with (path / JUDGEMENTS).open("a", encoding="utf-8", newline="\n") as file:
        for item in run.items:
            answer = raw.get(item.id)
            if item.options or answer is None or done.get(item.id) == answer:
                continue
            file.write(line_of(judge(item, answer)))
            file.flush()
            num_judged += 1
    return num_judged


def import_judgements(path: Path, source: Path) -> int:
    """Take judgements made elsewhere, one JSON a line, into a run; says how many. A later one replaces an earlier."""
    found = read_lines(source, Judgement)
    known = {item.id for item in open_run(path, partial=True).items}
    foreign = sorted({each.item for each in found} - known)
    if foreign:
        raise EvaluationError(f"{source} judges {foreign[0]!r}, which is not among the items of {path}.")
    before = read_lines(path / JUDGEMENTS, Judgement) if (path / JUDGEMENTS).exists() else []
    write_documents(path / JUDGEMENTS, {each.item: each for each in [*before, *found]}.values())
    return len(found)


def _of_kind(
    items: Sequence[Item], judgements: Mapping[str, Judgement], kind: str, names: Sequence[str]
) -> list[CategoryScore]:
    for item in items:
        marks = judgements[item.id].marks
        wrong = [name for name in names if not LEAST <= marks.get(name, 0.0) <= MOST]
        if wrong:
            raise EvaluationError(
                f"the judgement of {item.id} gives {wrong[0]} {marks.get(wrong[0])}: expected {LEAST:g} to {MOST:g} "
                f"for each of {', '.join(names)}."
            )
    by_aspect = [
        CategoryScore(
            "judged",
            f"{kind} {name}",
            score_of([_mark(item, judgements[item.id].marks[name]) for item in items], least=LEAST, best=MOST),
        )
        for name in names
    ]
    sums = [_mark(item, sum(judgements[item.id].marks[name] for name in names)) for item in items]
    whole = score_of(sums, least=LEAST * len(names), best=MOST * len(names))
    return [*by_aspect, CategoryScore("judged", kind, whole)]


def _mark(item: Item, points: float) -> Mark:
    return Mark(item.id, points, read="judged", expected="", video=item.video, categories=item.categories)
