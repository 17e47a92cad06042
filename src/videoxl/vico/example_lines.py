"""Parts as the JSONL that training reads, and beside it everything that they were made of, for review.

One line an example: the film, the first question behind it, and every further question apart, so that a training step
builds one memory for all of them. Paths are relative to the file, which may move together with its films.
"""

import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from videoxl.errors import UsageError, VideoXLError
from videoxl.vico.part import BadFilm, Part, VicoReport, first_reasons

REVIEW_SUFFIX = ".review"  # behind .jsonl: a glob of data files must not meet it


def write_vico(out: Path, results: Iterable[Part | BadFilm], *, overwrite: bool = False) -> VicoReport:
    """Write the examples to `out` and their review beside it; both appear whole, at the end, or not at all.

    Raises:
        UsageError: The file is there already.
        VideoXLError: There was nothing to write.
    """
    check_out(out, overwrite=overwrite)
    report = VicoReport()
    review = review_path(out)
    with ExitStack() as stack:
        lines, notes = (stack.enter_context(_PartFile(path)) for path in (out, review))
        for result in results:
            report.add(result)
            if isinstance(result, Part):
                notes.write(result.to_json())
                if result.questions:
                    lines.write(example_json(result, beside=out))
        if not report.num_examples:
            why = first_reasons(report.bad_films) or ", ".join(report.left_out) or "there are no films"
            raise VideoXLError(
                f"no question could be written, so {out} was not ({why}). Expected films with more in them."
            )
        lines.is_whole = notes.is_whole = True
    return report


def check_out(out: Path, *, overwrite: bool) -> None:
    """Refuse to write over what is there."""
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(f"{out} is a folder, or lies in none; expected the path of a file, such as vico.jsonl.")
    if out.exists() and not overwrite:
        raise UsageError(f"{out} is there already; write to another file, or pass --overwrite.")


def review_path(out: Path) -> Path:
    """Where the review of a data file lies."""
    return out.with_name(out.name + REVIEW_SUFFIX)


def example_json(part: Part, *, beside: Path) -> dict[str, Any]:
    """A part's line."""
    path = os.path.relpath(part.film.path.resolve(), beside.parent.resolve())
    video: dict[str, Any] = {"type": "video", "path": Path(path).as_posix()}
    if not part.is_whole:
        video |= {"start": part.span.start_seconds, "stop": part.span.stop_seconds}
    messages: list[dict[str, Any]] = []
    for question in part.questions:
        words: Any = question.text
        if not messages:
            words = [video, {"type": "text", "text": question.text}]
        messages.append({"role": "user", "content": words})
        messages.append({"role": "assistant", "content": question.answer})
    return {"id": part.id, "messages": messages, "questions": "apart"}


class _PartFile:
    """JSON lines in a file that takes its name when it is whole, and is gone otherwise."""

    def __init__(self, path: Path) -> None:
        self.is_whole = False
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file: TextIO

    def __enter__(self) -> "_PartFile":
        self._file = self._part.open("w", encoding="utf-8")
        return self

    def write(self, about: dict[str, Any]) -> None:
        self._file.write(json.dumps(about, ensure_ascii=False) + "\n")

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
            if self.is_whole:
                os.replace(self._part, self._path)
        finally:
            self._part.unlink(missing_ok=True)
