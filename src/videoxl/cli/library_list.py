"""What a library holds, for people and for programs: lists, one entry, and what a search finds."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import note, print_json, print_pairs
from videoxl.cli.home import open_library

if TYPE_CHECKING:
    from videoxl.library import Entry, Hit, Library

TITLE_CHARACTERS = 40
SHORT_ID = 8
NUM_QUESTIONS_SHOWN = 10


def listing(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Only those with this in their title or file name.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="Only queued, watching, ready or failed ones.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", help="At most so many; default: all.")] = None,
    json: opt.Json = False,
) -> None:
    """List memories, the newest first."""
    kept = open_library()
    entries = kept.entries(state=state, text=text, limit=limit)  # type: ignore[arg-type]  # checked there
    if json:
        return print_json({"entries": [entry.to_json() for entry in entries]})
    if not entries:
        print("nothing here. `videoxl library add VIDEO` adds a video, and `videoxl ask VIDEO QUESTION` does so, too.")
    for entry in entries:
        print(_line(kept, entry))


def show(
    entry_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first digits of it.")],
    json: opt.Json = False,
) -> None:
    """Say all that is known of a memory, with what was asked about it."""
    kept = open_library()
    entry = kept.entry(entry_id)
    questions = kept.questions(entry.id)
    if json:
        return print_json(
            {
                **entry.to_json(),
                "progress": _progress_json(kept, entry),
                "intervals": [_fields(interval) for interval in kept.intervals(entry.id)],
                "questions": [_fields(question) for question in questions],
            }
        )
    print(entry.title)
    print_pairs(_pairs(kept, entry), indent=2)
    for question in questions[-NUM_QUESTIONS_SHOWN:]:
        print(f"> {question.text}\n{question.answer.get('text', '')}")


def search(
    words: Annotated[list[str], typer.Argument(metavar="TEXT...", help="A thing, a name, or a question.")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.")] = 10,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Only titles, questions and answers; loads nothing, is at once.")
    ] = False,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Find what was written about videos, and where they show a thing.

    What videos show is found by the model that watched them: its sight of the words is compared with that of every
    interval. Exit 1 where nothing is found.
    """
    kept = open_library()
    embedder = None
    if not no_model:
        from videoxl.cli.loading import load_vxl
        from videoxl.library.embedding import TextEmbedder

        embedder = TextEmbedder(load_vxl(model, device))
    hits = kept.search(" ".join(words), limit=limit, embedder=embedder)
    if json:
        print_json({"hits": [_fields(hit) for hit in hits]})
    for hit in () if json else hits:
        print(_hit_line(hit))
    if not hits:
        note(f"nothing in the library has to do with {' '.join(words)!r}; `videoxl library list` shows what is there.")
        raise typer.Exit(1)


def _line(kept: "Library", entry: "Entry") -> str:
    from videoxl.compression.size import ByteSize
    from videoxl.video.clock import clock

    title = entry.title if len(entry.title) <= TITLE_CHARACTERS else f"{entry.title[: TITLE_CHARACTERS - 3]}..."
    cells = [f"{entry.id[:SHORT_ID]}  {entry.state:<8}  {title:<{TITLE_CHARACTERS}}", clock(entry.duration_seconds)]
    if entry.state == "ready":
        asked = f", {entry.num_questions} asked" if entry.num_questions else ""
        cells.append(f"{entry.model_name} {entry.ratio:.3g}x, {ByteSize(entry.num_bytes)}{asked}")
    elif entry.state == "failed":
        cells.append(entry.why)
    else:
        cells.append(_how_far(kept, entry))
    return "  ".join(cells).rstrip()


def _pairs(kept: "Library", entry: "Entry") -> list[tuple[str, str]]:
    from videoxl.compression.size import ByteSize
    from videoxl.video.clock import clock

    settings = ", ".join(f"{name} {value}" for name, value in entry.settings.to_json().items() if value is not None)
    pairs = [
        ("id", entry.id),
        ("state", ": ".join(part for part in (entry.state, entry.why or _how_far(kept, entry)) if part)),
        ("video", f"{entry.source_name}, {clock(entry.duration_seconds)}, sha256 {entry.source_sha256[:12]}"),
        ("lies at", entry.source_path or "unknown"),
        ("model", f"{entry.model_name} (fingerprint {entry.model_fingerprint[:12]})"),
        ("settings", settings),
        ("kept", f"{entry.num_rows:,} rows of {entry.num_frames:,} frames in {entry.num_intervals:,} intervals"),
        ("ratio", f"{entry.ratio:.1f} visual tokens for one row"),
        ("on disk", f"{ByteSize(kept.disk_bytes(entry.id))}, of which rows {ByteSize(entry.num_bytes)}"),
        ("added", _when(entry.created_at)),
        ("watched", _when(entry.watched_at)),
        ("asked", f"{entry.num_questions} times, {_when(entry.asked_at)}"),
    ]
    if entry.base_id is not None:
        pairs.insert(1, ("goes on", f"behind {entry.base_id[:SHORT_ID]}"))
    return pairs


def _how_far(kept: "Library", entry: "Entry") -> str:
    progress = kept.progress(entry.id) if entry.state in ("queued", "watching") else None
    if progress is None or not progress.total_frames:
        return ""
    from videoxl.cli.live_line import short_time

    left = (
        f", {short_time(progress.seconds_left)} left" if progress.seconds_left is not None and progress.worker else ""
    )
    from videoxl.compression.size import ByteSize

    kept_so_far = f", {ByteSize(entry.num_bytes)} kept" if entry.num_bytes else ""
    return f"{progress.num_frames}/{progress.total_frames} frames{kept_so_far}{left}"


def _hit_line(hit: "Hit") -> str:
    from videoxl.video.clock import clock

    where = ""
    if hit.start_seconds is not None and hit.stop_seconds is not None:
        where = f"  {clock(hit.start_seconds)}-{clock(hit.stop_seconds)}"
    text = "" if hit.kind == "title" or not hit.text else f"  {hit.text}"
    return f"{hit.entry_id[:SHORT_ID]}  {hit.kind:<8}  {hit.title}{where} ({hit.score:.2f}){text}"


def _progress_json(kept: "Library", entry: "Entry") -> dict[str, Any] | None:
    progress = kept.progress(entry.id)
    return None if progress is None else _fields(progress)


def _fields(value: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(value)


def _when(seconds: float | None) -> str:
    return "never" if seconds is None else datetime.fromtimestamp(seconds).isoformat(" ", "seconds")
