"""What a memory shows, one thing after the other: found interval by interval, for open questions.

How many things there were, which was the last, and what came right after one of them can hardly be told in one look:
a model finds one thing reliably, and not the fourth. So a model may be taught to begin the answer of such a question
with a request (`inventory` of its config): for the inventory of the memory, or for what comes after or before a thing.
Rows have no position until they are read, so each interval is a memory of its own: an open question is asked of all of
them side by side, and names what one shows, or says "nothing". The things, in the order of the rows that show them,
numbered, are read in front of the question, and it is answered:

    <question> what comes right after a dog                                 <after> dog <end>
    one drum two apple <next> <question> what comes right after a dog       drum <end>

It does not depend on the question, so it is made once for a memory.

B parts, N rows of each, S memory rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, takewhile
from typing import NamedTuple, TypeVar

import torch

from videoxl.engine.evidence import LEAST_OF_BEST
from videoxl.engine.excerpt import Excerpts
from videoxl.engine.speaker import Speaker
from videoxl.memory.memory import CompressedMemory

ROWS_AT_ONCE = 2048  # of the parts that are asked side by side
MOST_TOKENS = 16  # of what one thing is called, and of a request
MOST_THINGS = 128  # a question is read behind all of them

Word = TypeVar("Word")
Name = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InventoryConfig:
    """How a model asks for an inventory, and is asked for one."""

    next_id: int
    """A request for all of it; also stands at its end, and before what was there already."""
    after_id: int
    """Begins a request for what comes after the thing that is named then."""
    before_id: int
    question: str
    """What is asked of each interval."""
    nothing: str
    """What the model answers where there is nothing to name."""
    certainty: float
    """Least probability of a name (of its first token); what is less sure is not in the inventory."""
    numbers: Sequence[str]
    """Words of numbers, from none on; where they end, things are not numbered any more."""


class Seen(NamedTuple):
    """What was answered on a part of a memory; no name where that is not sure enough."""

    name: Name
    best: int
    """Which of its rows was looked at most."""
    looked_at: slice
    """That row, and those beside it that were looked at nearly as much."""


class Inventory:
    """Of one memory, made when it is first asked for."""

    def __init__(self, speaker: Speaker, memory: CompressedMemory, config: InventoryConfig) -> None:
        self._speaker, self._memory, self.config = speaker, memory, config

    @property
    def marks(self) -> frozenset[int]:
        """Tokens that begin a request."""
        return frozenset((self.config.next_id, self.config.after_id, self.config.before_id))

    def answer(self, request_ids: Sequence[int]) -> tuple[int, ...]:
        """What is read in front of a question that was answered by this request; nothing where the thing is missing."""
        mark, anchor = request_ids[0], tuple(request_ids[1:])
        wanted = self.things
        if mark != self.config.next_id:
            place = wanted.index(anchor) if anchor in wanted else len(wanted) if mark == self.config.after_id else 0
            wanted = wanted[place + 1 :] if mark == self.config.after_id else wanted[:place]
        numbers = [self._speaker.answer_ids(number) for number in self.config.numbers]
        words = numbered(wanted, list(map(tuple, numbers)), (self.config.next_id,))
        return tuple(token for word in words for token in word)

    @cached_property
    def things(self) -> tuple[Name, ...]:
        """What the memory shows, as tokens, in order. One that comes again is told again, but not twice in a row."""
        in_order = (name for _, name in sorted(self._found()))
        merged = [name for name, _ in groupby(in_order)]  # one may be seen on both sides of a border
        return tuple(merged[:MOST_THINGS])

    def _found(self) -> list[tuple[int, Name]]:
        """Each thing, and the row that shows it best."""
        found: list[tuple[int, Name]] = []
        left = interval_rows(self._memory)
        while left:  # an interval that showed something may show more
            asked, left = left, []
            for rows, seen in zip(asked, self._seen(asked), strict=True):
                if seen.name and self._speaker.text(seen.name) != self.config.nothing:
                    found.append((rows[seen.best], seen.name))
                    others = [*rows[: seen.looked_at.start], *rows[seen.looked_at.stop :]]
                    left += [others] if others else []
        return found

    def _seen(self, parts: Sequence[Sequence[int]]) -> "list[Seen]":
        """What is answered on each part of the memory, given by its rows."""
        seen: dict[int, Seen] = {}
        of_size: dict[int, list[int]] = defaultdict(list)
        for place, rows in enumerate(parts):
            of_size[len(rows)].append(place)
        for size, places in of_size.items():
            at_once = max(1, ROWS_AT_ONCE // size)
            for start in range(0, len(places), at_once):
                some = places[start : start + at_once]
                seen |= zip(some, self._answers([parts[place] for place in some]), strict=True)
        return [seen[place] for place in range(len(parts))]

    def _answers(self, parts: Sequence[Sequence[int]]) -> "list[Seen]":
        """The same of parts of one size, side by side."""
        speaker = self._speaker
        prompt = speaker.first_question_ids(self.config.question, on_video=True)
        before = text_rows(self._memory)
        rows_BN = torch.tensor([[*before, *rows] for rows in parts], device=self._memory.keys.device)
        excerpts = Excerpts(speaker, self._memory, rows_BN)
        reading = excerpts.read([prompt] * len(parts))
        assert reading.shares_BS is not None, "an excerpt has rows"
        shares_BN = reading.shares_BS.gather(1, rows_BN[:, len(before) :]).cpu()
        is_sure = (reading.logits_BC.float().softmax(dim=1).amax(dim=1) >= self.config.certainty).tolist()
        names: list[list[int]] = [[] for _ in parts]
        going = {place for place in range(len(parts)) if is_sure[place]}
        for _ in range(MOST_TOKENS):
            going = {place for place in going if reading.likeliest[place] not in speaker.end_token_ids}
            if not going:
                break
            for place in going:
                names[place].append(reading.likeliest[place])
            reading = speaker.read(torch.tensor(reading.likeliest, device=speaker.device)[:, None], excerpts)
        looks = ((int(shares_N.argmax()), looked_at_most(shares_N)) for shares_N in shares_BN)
        return [Seen(tuple(name), *look) for name, look in zip(names, looks, strict=True)]


def interval_rows(memory: CompressedMemory) -> list[Sequence[int]]:
    """The rows of each interval, in order."""
    segments = enumerate(memory.segments)
    return [memory.row_range(index) for index, segment in segments if segment.kind == "interval"]


def text_rows(memory: CompressedMemory) -> list[int]:
    """The rows of the text in front of the first video, with which every question was learned."""
    texts = takewhile(lambda pair: pair[1].kind == "text", enumerate(memory.segments))
    return [row for index, _ in texts for row in memory.row_range(index)]


def numbered(things: Sequence[Word], numbers: Sequence[Word], mark: Word) -> tuple[Word, ...]:
    """Things with a number before each that is new, and a mark before each that is not, and at the end."""
    told: list[Word] = []
    words: list[Word] = []
    for thing in things:
        if thing not in told:
            told.append(thing)
            words.append(numbers[len(told)] if len(told) < len(numbers) else mark)
        else:
            words.append(mark)
        words.append(thing)
    return (*words, mark)


def looked_at_most(shares_N: torch.Tensor) -> slice:
    """The row that is looked at most, and those next to it that are looked at nearly as much."""
    best = int(shares_N.argmax())
    is_weak_N = (shares_N < LEAST_OF_BEST * shares_N[best]).tolist()
    start, stop = best, best + 1
    while start > 0 and not is_weak_N[start - 1]:
        start -= 1
    while stop < len(is_weak_N) and not is_weak_N[stop]:
        stop += 1
    return slice(start, stop)
