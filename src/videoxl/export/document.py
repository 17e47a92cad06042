"""Moments of one video or several, ready to be written in any format."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from videoxl.errors import UsageError
from videoxl.export.marker import Marker, Remark
from videoxl.export.plain_text import one_line
from videoxl.export.said import Said, said_moments
from videoxl.export.video import Video

FORMAT = "videoxl-moments"
VERSION = 1
UNTITLED = "moments"


@dataclass(frozen=True, slots=True)
class Document:
    """Markers in order of time, each inside its video; and what was said besides."""

    title: str
    videos: tuple[Video, ...]
    markers: tuple[Marker, ...] = ()
    remarks: tuple[Remark, ...] = ()
    notes: tuple[str, ...] = ()
    """What was dropped, cut or not understood while it was made, one sentence each."""
    recipe: str = ""
    query: str | None = None
    model: str = ""

    def __post_init__(self) -> None:
        if not self.videos:
            raise UsageError("a document needs a video that its moments lie in, got none.")
        inside = [_inside(marker, self.videos) for marker in self.markers]
        ordered = sorted(inside, key=lambda marker: (marker.source, marker.start_seconds, marker.stop_seconds))
        object.__setattr__(self, "title", one_line(self.title) or UNTITLED)
        object.__setattr__(self, "markers", tuple(ordered))
        object.__setattr__(self, "remarks", tuple(self.remarks))
        object.__setattr__(self, "notes", tuple(one_line(note) for note in self.notes))
        object.__setattr__(self, "query", None if self.query is None else one_line(self.query))

    @staticmethod
    def from_answers(
        answers: Iterable[Said],
        *,
        videos: Sequence[Video],
        title: str,
        model: str = "",
        every_moment: bool = False,
    ) -> "Document":
        """Questions and answers: each at the moment that it rests on most, as a remark where it rests on none.

        Args:
            answers: `Answer` objects, or anything else that has a question, a text and evidence.
            every_moment: Each at every moment that it rests on.
        """
        markers, remarks, notes = said_moments(answers, every_moment=every_moment)
        return Document(title, tuple(videos), markers, remarks, notes, recipe="answers", model=model)

    def only(self, source: int) -> "Document":
        """The moments of one of the videos alone."""
        if not 0 <= source < len(self.videos):
            raise UsageError(f"there is no video {source + 1}, expected 1 to {len(self.videos)}.")
        markers = tuple(replace(marker, source=0) for marker in self.markers if marker.source == source)
        return replace(self, videos=(self.videos[source],), markers=markers)

    def at_rate(self, fps: float) -> "Document":
        """The same with every video counted at this frame rate."""
        return replace(self, videos=tuple(replace(video, fps=fps) for video in self.videos))

    def to_json(self) -> dict[str, Any]:
        """All of it, as plain JSON."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}


def _inside(marker: Marker, videos: Sequence[Video]) -> Marker:
    """The marker, ending with its video where it says that it ends later."""
    if not 0 <= marker.source < len(videos):
        raise UsageError(f"a moment lies in video {marker.source + 1}, expected one of {len(videos)}.")
    end = videos[marker.source].duration_seconds
    if not end or marker.stop_seconds <= end:
        return marker
    return replace(marker, start_seconds=min(marker.start_seconds, end), stop_seconds=end)
