"""Recipes from any verb: the questions of a file, how far the work is, and what was found, for people."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoxl.cli.console import note, print_json
from videoxl.cli.live_line import live_line, short_time
from videoxl.cli.loading import LimitsNote
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.cli.subject import Subject
    from videoxl.engine import Answer, VideoXL
    from videoxl.export import Document, Marker
    from videoxl.memory import CompressedMemory

MOST_QUESTIONS = 1000
MOST_BYTES = 2**20
COMMENT = "#"


class Asking:
    """A model with the settings that its answers are made with; what it cannot do is said before its first answer."""

    def __init__(self, vxl: "VideoXL", limits: LimitsNote, **settings: Any) -> None:
        self._vxl, self._limits, self._settings = vxl, limits, settings

    def ask(self, memory: "CompressedMemory", question: str, /) -> "Answer":
        """See `VideoXL.ask`."""
        self._limits.say()
        return self._vxl.ask(memory, question, **self._settings)


def check_recipe(recipe: str, *, query: str | None, questions: list[str]) -> None:
    """Refuse what the recipe cannot do, before anything is opened."""
    from videoxl.export import recipe_named

    recipe_named(recipe, query=query, questions=questions)


def print_found(
    subject: "Subject", recipe: str, *, query: str | None, questions: list[str], is_json: bool, **settings: Any
) -> None:
    """Run a recipe and print what it found."""
    found = look_through(subject.vxl, subject.memory, recipe, query=query, questions=questions, **settings)
    if not is_json:
        return print_document(found)
    kept = None if subject.path is None else str(subject.path)
    print_json({"memory": kept, "id": subject.entry_id, **found.to_json()})


def look_through(
    vxl: "VideoXL",
    memory: "CompressedMemory",
    recipe: str,
    *,
    query: str | None = None,
    questions: list[str] | None = None,
    **settings: Any,
) -> "Document":
    """Run a recipe, with its progress and its doubts on stderr."""
    from videoxl.export import run_recipe

    show, began = live_line("looking through", memory.about.sources[0].name), time.monotonic()

    def progress(done: int, total: int) -> None:
        left = short_time((time.monotonic() - began) / done * (total - done))
        show.update(f"{recipe}: {done}/{total}, {left} left", done=done, total=total, is_last=done == total)

    try:
        document = run_recipe(
            recipe,
            Asking(vxl, LimitsNote(vxl, memory), **settings),
            memory,
            query=query,
            questions=questions or (),
            progress=progress,
        )
    finally:
        show.close()
    for sentence in document.notes:
        note(f"{sentence}.")
    return document


def read_questions(path: Path) -> list[str]:
    """One question a line; empty lines, and lines that begin with a #, are none."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"{path} has more than {MOST_BYTES} bytes, expected a question a line. Split it.")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8.") from None
    questions = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith(COMMENT)]
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise UsageError(f"{path} has {len(questions)} questions, one a line; expected 1 to {MOST_QUESTIONS}.")
    return questions


def print_document(document: "Document") -> None:
    """What was found, a line a moment."""
    for remark in document.remarks:
        print(f"{_labelled(remark.label)}{remark.text}")
    for marker in document.markers:
        print(f"{_time(marker)}  {_labelled(marker.label)}{marker.text}{_score(marker)}{_place(document, marker)}")
    if not document.markers:
        print("(no moment was found)")


def _time(marker: "Marker") -> str:
    from videoxl.video.clock import clock

    start, stop = clock(marker.start_seconds), clock(marker.stop_seconds)
    return start if start == stop else f"{start}-{stop}"


def _labelled(label: str) -> str:
    return f"{label}: " if label else ""


def _score(marker: "Marker") -> str:
    return "" if marker.score is None else f" ({marker.score:.2f})"


def _place(document: "Document", marker: "Marker") -> str:
    return f" in {document.videos[marker.source].name}" if len(document.videos) > 1 else ""
