"""Multiple choice: prompt, letter, marks and totals, the same for every task whose items have options."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from videoxl.evaluation.item import Item
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.parsing import read_letter
from videoxl.evaluation.prompts import choice_prompt
from videoxl.evaluation.record import Record
from videoxl.evaluation.results import CategoryScore, Mark, Results, Score
from videoxl.evaluation.scoring import ALL_ALIKE, TOTAL, mean_of, score_of, scores_by_category
from videoxl.evaluation.task import DEFAULT_SEED, Asking, Parser

UNREAD = "-"
MAX_LETTER_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of the answers: marks of the questions, and what is in none of them."""

    marks: tuple[Mark, ...]
    num_items: int
    num_missing: int
    num_unparsed: int
    num_left_out: int
    """Questions that the official rule leaves out of its denominator, because nothing was read."""


class MultipleChoice:
    """Brings prompt and score; a task says how its authors read letters, and what its one number is a mean over."""

    __slots__ = ()
    name: ClassVar[str]
    metric: ClassVar[str] = "accuracy"
    mean_over: ClassVar[str | None] = None
    max_new_tokens: ClassVar[int] = MAX_LETTER_TOKENS
    asking: ClassVar[Asking] = "generate"
    official_leaves_out_unread: ClassVar[bool] = False
    """Whether the authors' script divides by the answers that it could read, and not by all."""

    def prompt(self, item: Item, *, frame_seconds: Sequence[float] = ()) -> str:
        """See `Task.prompt`."""
        return choice_prompt(item)

    def official_letter(self, raw: str, item: Item, guesses: random.Random) -> str:
        """What the authors' own script reads, "" for nothing; a task whose authors we are has no other reading."""
        return read_letter(raw, item.options, item.letters) or ""

    def overall(self, marks: Sequence[Mark]) -> Score:
        """The one number."""
        if self.mean_over is None:
            return score_of(marks)
        return mean_of([each.score for each in scores_by_category(marks, axes=[self.mean_over])])

    def categories(self, marks: Sequence[Mark]) -> list[CategoryScore]:
        """The scores apart; where the one number is a mean over categories, also that over all questions."""
        found = scores_by_category(marks)
        return found if self.mean_over is None else [*found, CategoryScore(TOTAL, ALL_ALIKE, score_of(marks))]

    def score(
        self,
        items: Sequence[Item],
        records: Sequence[Record],
        *,
        parser: Parser = "strict",
        seed: int = DEFAULT_SEED,
        judgements: Mapping[str, Judgement] | None = None,
    ) -> Results:
        """See `Task.score`."""
        marked = self.mark(items, records, parser=parser, seed=seed)
        return Results(
            task=self.name,
            parser=parser,
            metric=self.metric,
            overall=self.overall(marked.marks) if marked.marks else None,
            by=tuple(self.categories(marked.marks)) if marked.marks else (),
            marks=marked.marks,
            num_items=marked.num_items,
            num_missing=marked.num_missing,
            num_unparsed=marked.num_unparsed,
            notes=tuple(_notes(marked, items)),
        )

    def mark(self, items: Sequence[Item], records: Sequence[Record], *, parser: Parser, seed: int) -> Marked:
        """Read every answer and mark every question; several tries of one are right together or not at all."""
        raw = {record.item: record.raw for record in records}
        guesses, marks = random.Random(seed), []
        num_missing = num_unparsed = num_left_out = 0
        for tries in _questions(items):
            read = [self._read(raw.get(item.id), item, parser, guesses) for item in tries]
            num_missing += sum(letter is None for letter in read)
            num_unread = sum(letter == UNREAD for letter in read)
            num_unparsed += num_unread
            if all(letter is None for letter in read):
                continue
            if parser == "official" and self.official_leaves_out_unread and num_unread:
                num_left_out += 1
                continue
            marks.append(_mark(tries, [letter or UNREAD for letter in read], num_unread))
        return Marked(tuple(marks), len(items), num_missing, num_unparsed, num_left_out)

    def _read(self, raw: str | None, item: Item, parser: Parser, guesses: random.Random) -> str | None:
        """The letter, UNREAD, or None where nothing was answered."""
        if raw is None:
            return None
        if parser == "official":
            return self.official_letter(raw, item, guesses) or UNREAD
        return read_letter(raw, item.options, item.letters) or UNREAD


def _questions(items: Sequence[Item]) -> list[list[Item]]:
    """Items that are one question together, in order of their first."""
    questions: dict[str, list[Item]] = {}
    for item in items:
        questions.setdefault(item.group or item.id, []).append(item)
    return list(questions.values())


def _mark(tries: Sequence[Item], read: Sequence[str], num_unread: int) -> Mark:
    first = tries[0]
    is_right = all(letter == item.answer for letter, item in zip(read, tries, strict=True))
    return Mark(
        id=first.group or first.id,
        points=float(is_right),
        read=" ".join(read),
        expected=" ".join(item.answer or UNREAD for item in tries),
        video=first.video,
        num_unparsed=num_unread,
        categories=first.categories,
    )


def _notes(marked: Marked, items: Sequence[Item]) -> list[str]:
    notes = []
    if marked.num_missing:
        notes.append(f"{marked.num_missing} of {marked.num_items} items have no answer and are in no score.")
    if marked.num_left_out:
        notes.append(f"{marked.num_left_out} answers that read as no letter are left out, as the authors' script does.")
    num_hopeless = sum(not item.answer for item in items)
    if num_hopeless:
        notes.append(f"{num_hopeless} items have no right option in the authors' file and always count as wrong.")
    return notes
