"""`videoxl export`: what a recipe finds in a memory, as a file for players, editors, spreadsheets or people."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import note, print_json
from videoxl.cli.failure import naming
from videoxl.cli.home import open_library
from videoxl.cli.sources import inspect_memory, is_memory, may_be_id, open_source
from videoxl.cli.subject import open_subject
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.export import Document, Format
    from videoxl.memory import MemorySource

DEFAULT_FORMAT = "md"


def export(
    source: Annotated[
        Path, typer.Argument(metavar="VIDEO_OR_VXL", help="A video, a folder of pictures, a memory, or its id.")
    ],
    chapters: Annotated[bool, typer.Option("--chapters", help="Chapters, with titles.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="What happens when, and a summary.")] = False,
    highlights: Annotated[
        str | None, typer.Option("--highlights", metavar="QUERY", help="Every moment that shows this.")
    ] = None,
    breaks: Annotated[bool, typer.Option("--breaks", help="Ad placement: points where a scene ends.")] = False,
    ads: Annotated[bool, typer.Option("--ads", help="Inserted advertising.")] = False,
    anomalies: Annotated[bool, typer.Option("--anomalies", help="Unusual events.")] = False,
    answers: Annotated[
        Path | None, typer.Option("--answers", metavar="FILE", help="Answers to the questions in a file, one a line.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME", help="srt, vtt, csv, json, edl, otio or md; default: by --out, else md."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Default: print it.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
    fps: Annotated[
        float | None,
        typer.Option("--fps", metavar="RATE", help="Count frames at this rate (edl, otio); default: the video's."),
    ] = None,
    video: Annotated[
        int | None, typer.Option("--video", metavar="N", help="Only the Nth video of a memory of several, from 1 on.")
    ] = None,
    partial: opt.Partial = False,
    max_new_tokens: opt.MaxNewTokens = opt.DEFAULT_NEW_TOKENS,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Write what a recipe finds in a video or a memory to a file.

    The memory of a video is the one in the library that `videoxl ask VIDEO` uses, too; where there is none, the video
    is watched first, with the model's settings. For others give the id of the memory that `videoxl watch` made.
    Exactly one of --chapters, --summary, --highlights, --breaks, --ads, --anomalies and --answers says what to look
    for. The file is written whole or not at all. --json prints the document and where it went.
    """
    from videoxl.cli.recipes import check_recipe, look_through, read_questions
    from videoxl.cli.watching import WatchOptions
    from videoxl.export import Document, Video, check_free, write_document
    from videoxl.export.plain_text import counted

    recipe = _only_one(
        chapters=chapters, summary=summary, highlights=highlights is not None, breaks=breaks, ads=ads,
        anomalies=anomalies, answers=answers is not None,
    )  # fmt: skip
    made = _format(format, out, is_json=json)
    view = _View(video, fps)
    if out is not None:
        check_free(out, overwrite=overwrite)
    questions = [] if answers is None else read_questions(answers)
    check_recipe(recipe, query=highlights, questions=questions)
    with naming(source):
        videos = Video.of(_sources(source, partial=partial))
        made.render(view.of(Document(recipe, videos)))  # what cannot be written is refused now
        subject = open_subject(source, WatchOptions(), model=model, device=device, partial=partial)
        found = look_through(
            subject.vxl, subject.memory, recipe, query=highlights, questions=questions, max_new_tokens=max_new_tokens
        )
    document = view.of(found)
    lost = made.left_out(document)
    if lost:
        note(f"{lost}.")
    if out is not None:
        write_document(document, made, out, overwrite=overwrite)
        note(f"wrote {out}: {counted(len(document.markers), 'moment')}")
    if json:
        print_json({**document.to_json(), "file": None if out is None else str(out), "left_out": lost})
    elif out is not None:
        print(out)
    else:
        sys.stdout.write(made.render(document))


def _sources(source: Path, *, partial: bool) -> "tuple[MemorySource, ...]":
    """What is known of the videos before any model is loaded; what is neither a memory nor a video is refused."""
    from videoxl.memory import MemorySource

    if may_be_id(source):
        library = open_library()
        with library.reading(library.entry(str(source)).id) as path:
            return inspect_memory(path, partial=partial).manifest.about.sources
    if is_memory(source):
        return inspect_memory(source, partial=partial).manifest.about.sources
    info = open_source(source).info
    return (MemorySource(name=info.name, duration_seconds=info.duration_seconds, details={"fps": info.fps}),)


@dataclass(frozen=True, slots=True)
class _View:
    """Which video of a document is meant, and at which rate it is counted."""

    video: int | None
    fps: float | None

    def of(self, document: "Document") -> "Document":
        """The part of a document that was asked for."""
        one = document if self.video is None else document.only(self.video - 1)
        return one if self.fps is None else one.at_rate(self.fps)


def _only_one(**is_wanted: bool) -> str:
    """The recipe that was asked for."""
    wanted = [name for name, is_it in is_wanted.items() if is_it]
    if len(wanted) == 1:
        return wanted[0]
    names = ", ".join(f"--{name}" for name in is_wanted)
    got = " and ".join(f"--{name}" for name in wanted) or "none"
    raise UsageError(f"got {got}, expected exactly one of {names}.")


def _format(name: str | None, out: Path | None, *, is_json: bool) -> "Format":
    from videoxl.export import format_of

    if is_json and out is None:
        if name not in (None, "json"):
            raise UsageError(f"got --json and --format {name}: --json prints JSON; leave one out, or give --out.")
        name = "json"
    return format_of(name, out, default=DEFAULT_FORMAT)
