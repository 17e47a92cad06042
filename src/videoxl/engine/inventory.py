"""What a memory shows, one thing after the other: found interval by interval, for open questions.

How many things there were, which was the last, and what came right after one of them can hardly be told in one look:
a model finds one thing reliably, and not the fourth. So a model may be taught to begin with a request instead of the
answer (`inventory` of its config): for the inventory of the memory, for the surest thing in it, for what comes after or
before a thing, or for one thing, where that is any of the ordinary things of which footage is full.
Rows have no position until they are read, so each interval is a memory of its own: an open question is asked of all of
them side by side, and names what one shows, or says "nothing". The things, in the order of the rows that show them,
numbered, are read in front of the question, and it is answered:

    <question> what comes right after a dog                                 <after> dog <end>
    one drum two apple <next> <question> what comes right after a dog       drum <end>

    <question> is there a palm tree                                         <has> palm tree <end>
    one palm tree <next> <question> is there a palm tree                    yes <end>

Asked for all of them, the model need not copy them: it says `<all>`, and the engine puts the names there (turn.py).
It does not depend on the question, so it is made once for a memory. The answer rests on the rows of what was read.

B parts, N rows of each, S memory rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, takewhile
from operator import attrgetter
from typing import NamedTuple, TypeVar

import torch

from videoxl.engine.evidence import LEAST_OF_BEST
from videoxl.engine.parts import Parts
from videoxl.engine.speaker import Speaker
from videoxl.memory.memory import CompressedMemory

ROWS_AT_ONCE = 2048  # of the parts that are asked side by side
MOST_THINGS = 128  # a question is read behind all of them

Word = TypeVar("Word")
Name = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InventoryConfig:
    """How a model asks for an inventory, and is asked for one."""

    next_id: int
    """A request for all of it; also stands at its end, and before what was there already."""
    one_id: int
    """A request for the surest thing alone: a question about one has no use for others."""
    after_id: int
    """Begins a request for what comes after the thing that is named then."""
    before_id: int
    has_id: int
    """Begins a request for the thing that is named then, where there is any."""
    all_id: int
    """Stands in an answer for all the names that were read, in their order."""
    question: str
    """What is asked of each interval."""
    sight_question: str
    """The same for what is not told unless somebody asks for it: ordinary things."""
    nothing: str
    """What the model answers where there is nothing to name."""
    certainty: float
    """Least probability of a name (of its first token); what is less sure is not in the inventory."""
    named_certainty: float
    """The same of what a question names: of all that it might be, that is the likeliest already."""
    numbers: Sequence[str]
    """Words of numbers, from none on; where they end, things are not numbered any more."""
    name_tokens: int
    """Tokens that a name has at most."""
    answer_tokens: int
    """The same of an answer: there is no end to wait for behind the last of them."""


class Seen(NamedTuple):
    """What was answered on a part of a memory; no name where that is not sure enough."""

    name: Name
    probability: float
    """Of its first token."""
    best: int
    """Which of its rows was looked at most."""
    looked_at: slice
    """That row, and those beside it that were looked at nearly as much."""


class Found(NamedTuple):
    """Something that one part of a memory shows."""

    row: int
    """The row that shows it best."""
    name: Name
    probability: float


class Told(NamedTuple):
    """What is read in front of a question."""

    ids: tuple[int, ...]
    found: tuple[Found, ...]
    """What is named in it."""

    @property
    def names(self) -> tuple[Name, ...]:
        """What was found, each name once, in order."""
        return tuple(dict.fromkeys(found.name for found in self.found))

    def rests_on(self, said_ids: Sequence[int], num_rows: int) -> torch.Tensor:
        """Where in the memory (S,) an answer comes from: from what it names, or from all that it was told."""
        named = [found for found in self.found if _holds(said_ids, found.name)]
        shares_S = torch.zeros(num_rows)
        for found in named or self.found:
            shares_S[found.row] += found.probability
        return shares_S


Run = tuple[Found, ...]
"""One thing, by all that shows it."""


class Inventory:
    """Of one memory, made when it is first asked for."""

    def __init__(self, speaker: Speaker, memory: CompressedMemory, config: InventoryConfig) -> None:
        self._speaker, self._memory, self.config = speaker, memory, config

    def likeliest_mark(self, logits_C: torch.Tensor) -> int:
        """Which token begins the request, by the logits behind a question."""
        config = self.config
        marks = (config.next_id, config.one_id, config.after_id, config.before_id, config.has_id)
        return marks[int(logits_C[list(marks)].argmax())]

    def is_whole(self, request_ids: Sequence[int]) -> bool:
        """Whether nothing more need be said to know what is asked for."""
        is_one_word = request_ids[0] in (self.config.next_id, self.config.one_id)
        return is_one_word or len(request_ids) > self.config.name_tokens

    def answer(self, request_ids: Sequence[int]) -> Told:
        """What is read in front of a question that was answered by this request; nothing where the thing is missing."""
        mark, anchor = request_ids[0], tuple(request_ids[1:])
        if mark == self.config.has_id:
            sure = self.config.certainty
            shown = [found for found in self._things if found.probability >= sure or found.name == anchor]
            runs = [run for run in in_runs(shown) if run[0].name == anchor]
            seen = () if runs else tuple(found for found in self._sights if found.name == anchor)
            return self._told(runs or ([seen] if seen else []))
        if mark == self.config.one_id:
            return self._told(self._surest())
        wanted, names = self.things, [run[0].name for run in self.things]
        if mark != self.config.next_id:
            place = names.index(anchor) if anchor in names else len(names) if mark == self.config.after_id else 0
            wanted = wanted[place + 1 :] if mark == self.config.after_id else wanted[:place]
        return self._told(wanted)

    def _surest(self) -> list[Run]:
        """All that shows the thing that is surest where it is; none where nothing is."""
        found = [found for run in self.things for found in run]
        if not found:
            return []
        name = max(found, key=attrgetter("probability")).name
        return [tuple(each for each in found if each.name == name)]

    def _told(self, wanted: Sequence[Run]) -> Told:
        words = numbered([run[0].name for run in wanted], self._numbers, (self.config.next_id,))
        return Told(tuple(token for word in words for token in word), tuple(found for run in wanted for found in run))

    @cached_property
    def _numbers(self) -> list[Name]:
        return [tuple(self._speaker.answer_ids(number)) for number in self.config.numbers]

    @cached_property
    def things(self) -> tuple[Run, ...]:
        """What was put into the memory's videos, in order. What comes again is told again, but not twice in a row."""
        sure = [found for found in self._things if found.probability >= self.config.certainty]
        return tuple(in_runs(sure)[:MOST_THINGS])

    @cached_property
    def _things(self) -> list[Found]:
        """The same, with what is sure enough for a question that names it."""
        return sorted(self._found(self.config.question))

    @cached_property
    def _sights(self) -> list[Found]:
        """Ordinary things that the memory shows, sure enough for a question that names them."""
        return sorted(self._found(self.config.sight_question))

    def _found(self, question: str) -> list[Found]:
        """What intervals answer to a question."""
        found: list[Found] = []
        left = interval_rows(self._memory)
        while left:  # an interval that surely showed something may show more
            asked, left = left, []
            for rows, seen in zip(asked, self._seen(question, asked), strict=True):
                if seen.name and self._speaker.text(seen.name) != self.config.nothing:
                    found.append(Found(rows[seen.best], seen.name, seen.probability))
                    others = [*rows[: seen.looked_at.start], *rows[seen.looked_at.stop :]]
                    is_sure = seen.probability >= self.config.certainty
                    left += [others] if others and is_sure else []
        return found

    def _seen(self, question: str, parts: Sequence[Sequence[int]]) -> "list[Seen]":
        """What is answered on each part of the memory, given by its rows."""
        seen: dict[int, Seen] = {}
        of_size: dict[int, list[int]] = defaultdict(list)
        for place, rows in enumerate(parts):
            of_size[len(rows)].append(place)
        for size, places in of_size.items():
            at_once = max(1, ROWS_AT_ONCE // size)
            for start in range(0, len(places), at_once):
                some = places[start : start + at_once]
                seen |= zip(some, self._answers(question, [parts[place] for place in some]), strict=True)
        return [seen[place] for place in range(len(parts))]

    def _answers(self, question: str, parts: Sequence[Sequence[int]]) -> "list[Seen]":
        """The same of parts of one size, side by side."""
        speaker = self._speaker
        prompt = speaker.first_question_ids(question, on_video=True)
        before = text_rows(self._memory)
        rows_BN = torch.tensor([[*before, *rows] for rows in parts], device=self._memory.keys.device)
        past = Parts(speaker, self._memory, rows_BN)
        reading = past.read([prompt] * len(parts))
        assert reading.shares_BS is not None, "a part has rows"
        shares_BN = reading.shares_BS.gather(1, rows_BN[:, len(before) :]).cpu()
        probabilities = reading.logits_BC.float().softmax(dim=1).amax(dim=1).tolist()
        least = min(self.config.certainty, self.config.named_certainty)
        names: list[list[int]] = [[] for _ in parts]
        going = {place for place in range(len(parts)) if probabilities[place] >= least}
        for num_said in range(self.config.name_tokens):
            if num_said and going:
                reading = speaker.read(torch.tensor(reading.likeliest, device=speaker.device)[:, None], past)
            going = {place for place in going if reading.likeliest[place] not in speaker.end_token_ids}
            for place in going:
                names[place].append(reading.likeliest[place])
        looks = ((int(shares_N.argmax()), looked_at_most(shares_N)) for shares_N in shares_BN)
        told = zip(names, probabilities, looks, strict=True)
        return [Seen(tuple(name), probability, *look) for name, probability, look in told]


def in_runs(found: Sequence[Found]) -> list[Run]:
    """Those in order; several of one name in a row, as on both sides of a border, together."""
    return [tuple(run) for _, run in groupby(found, key=attrgetter("name"))]


def _holds(ids: Sequence[int], name: Name) -> bool:
    """Whether some tokens have those of a name in a row."""
    return any(tuple(ids[start : start + len(name)]) == name for start in range(len(ids)))


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
