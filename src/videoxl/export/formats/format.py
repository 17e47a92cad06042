"""What every format is: a name, the suffixes it goes by, and a way to write a document and to say what that loses."""

from collections.abc import Callable
from dataclasses import dataclass

from videoxl.errors import UsageError
from videoxl.export.document import Document
from videoxl.export.plain_text import counted


def _loses_nothing(document: Document) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a document."""

    name: str
    suffixes: tuple[str, ...]
    media_type: str
    about: str
    """One sentence on who reads it."""
    write: Callable[[Document], str]
    left_out: Callable[[Document], str | None] = _loses_nothing
    """A sentence on what of a document the format has no place for; None where it holds all."""
    holds_several_videos: bool = True

    def render(self, document: Document) -> str:
        """The document as text of this format.

        Raises:
            UsageError: The format cannot hold this document.
            MissingDependencyError: The format needs a package that is not installed.
        """
        if not self.holds_several_videos and len(document.videos) > 1:
            names = ", ".join(video.name for video in document.videos)
            raise UsageError(
                f"{self.name} is about one video and this memory holds {len(document.videos)} ({names}); "
                "choose one by its number with --video, or take csv, json, md or otio."
            )
        return self.write(document)


def remarks_left_out(document: Document) -> str | None:
    """For formats of moments alone."""
    number = len(document.remarks)
    return f"left out: {counted(number, 'text')} without a moment, which csv, json and md hold" if number else None
