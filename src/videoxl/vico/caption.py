"""What a clip shows, in words, and what everybody who can say it looks like."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from videoxl.vico.clip import Clip
from videoxl.vico.event import Event
from videoxl.vico.film_file import FilmFile


@dataclass(frozen=True, slots=True)
class Caption:
    """Words about a clip; and its events, where the captioner knows them by itself (None where it does not)."""

    clip: Clip
    text: str
    events: tuple[Event, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(about: dict[str, Any]) -> "Caption":
        """Read back what to_json wrote."""
        events = about["events"]
        known = None if events is None else tuple(Event(**event) for event in events)
        return Caption(Clip(**about["clip"]), str(about["text"]), known)


class Captioner(Protocol):
    """Says what a clip of a film shows."""

    @property
    def num_parallel(self) -> int:
        """How many clips it can be asked about at once."""

    def identity(self, film: FilmFile) -> str | None:
        """All that its captions depend on besides the film's bytes; None where making them again costs nothing."""

    def caption(self, film: FilmFile, clip: Clip) -> Caption:
        """Describe a clip.

        Raises:
            VideoError: The film cannot be captioned.
            EndpointAnswerError: There is no caption for this clip.
            EndpointError: There will be no caption for any clip.
        """
