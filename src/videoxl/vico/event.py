"""Key events: what happens in a film, from when to when, and which of them have an order beyond doubt."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from videoxl.vico.clip import Clip

TOUCH_SECONDS = 0.05  # what ends where the next clip begins goes on there; less than a frame


@dataclass(frozen=True, slots=True)
class Event:
    """A clause without a full stop, and when it holds; as exact as the captioner could say."""

    text: str
    start_seconds: float
    stop_seconds: float

    def is_before(self, other: "Event") -> bool:
        """Whether it is over when the other begins."""
        return self.stop_seconds <= other.start_seconds + TOUCH_SECONDS


def plain(text: str) -> str:
    """A text as it is compared: letter case, punctuation and spaces do not count."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def merged(events: Iterable[Event]) -> tuple[Event, ...]:
    """Events in order of time; what goes on over the seam of two clips is one event."""
    kept: list[Event] = []
    for event in sorted(events, key=lambda event: event.start_seconds):
        for index, earlier in enumerate(kept):
            is_same = plain(earlier.text) == plain(event.text)
            if is_same and event.start_seconds <= earlier.stop_seconds + TOUCH_SECONDS:
                stop = max(earlier.stop_seconds, event.stop_seconds)
                kept[index] = Event(earlier.text, earlier.start_seconds, stop)
                break
        else:
            kept.append(event)
    return tuple(kept)


class Timeline:
    """The events of a film in order, and the stretches of it that nobody could describe."""

    def __init__(self, events: Iterable[Event], *, gaps: Sequence[Clip] = ()) -> None:
        self.events = merged(events)
        self.gaps = tuple(gaps)
        self._texts = Counter(plain(event.text) for event in self.events)

    def is_unique(self, event: Event) -> bool:
        """Whether its text names no other event of the film."""
        return self._texts[plain(event.text)] == 1

    def follows(self, index: int) -> bool:
        """Whether the event at index + 1, and no other, is what comes right after the one at index."""
        if not 0 <= index < len(self.events) - 1:
            return False
        here, after = self.events[index : index + 2]
        third = self.events[index + 2 : index + 3]
        is_clear = here.is_before(after) and all(after.is_before(event) for event in third)
        return is_clear and not any(
            gap.start_seconds < after.start_seconds and gap.stop_seconds > here.stop_seconds for gap in self.gaps
        )
