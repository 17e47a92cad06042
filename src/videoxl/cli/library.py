"""`videoxl library`: the watched videos of this home; each verb of it is a few lines on `videoxl.library`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import note, print_json
from videoxl.cli.duration import seconds_of
from videoxl.cli.failure import guarded
from videoxl.cli.home import open_library
from videoxl.cli.library_add import add, work
from videoxl.cli.library_list import listing, search, show
from videoxl.errors import UsageError

SECONDS_A_DAY = 86400.0

library = typer.Typer(
    name="library", no_args_is_help=True, rich_markup_mode=None, help="Videos that were watched, and are to be."
)

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, or as many of their first digits as it takes.")]


def rename(
    entry_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first digits of it.")],
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it shall be called.")],
    json: opt.Json = False,
) -> None:
    """Give a memory another title."""
    entry = open_library().rename(entry_id, title)
    print_json(entry.to_json()) if json else print(f"{entry.id[:8]}  {entry.title}")


def remove(ids: Ids, json: opt.Json = False) -> None:
    """Forget memories and what was asked about them.

    Whoever reads one at this moment reads on; its files go when the last reader leaves. The videos stay.
    """
    kept = open_library()
    entries = [kept.entry(entry_id) for entry_id in ids]  # all of them are known before the first one goes
    for entry in entries:
        kept.remove(entry.id)
        if not json:
            print(f"removed {entry.id[:8]}  {entry.title}")
    if json:
        print_json({"removed": [entry.id for entry in entries]})


def gc(
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="TIME", help="Remove what was last used so long ago: 30d, 12h; no default."
        ),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option("--max-size", metavar="SIZE", help="Remove what was used longest ago until the rest fits: 50GiB."),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Make room: by age, by size, or only what killed processes left.

    What is being read, watched or waits to be watched stays.
    """
    from videoxl.compression.size import ByteSize

    max_bytes = None if max_size is None else ByteSize.parse(max_size)
    collected = open_library().gc(max_age_seconds=_age_seconds(older_than), max_bytes=max_bytes)
    if collected.num_in_use:
        note(f"{collected.num_in_use} more were due and are being read; run the same again later.")
    if json:
        return print_json(
            {
                "removed": [entry.id for entry in collected.entries],
                "bytes": collected.num_bytes,
                "in_use": collected.num_in_use,
            }
        )
    for entry in collected.entries:
        print(f"removed {entry.id[:8]}  {entry.title}")
    print(f"{len(collected.entries)} memories removed, {ByteSize(collected.num_bytes)} freed")


def export(
    entry_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first digits of it.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="NAME.vxlz", help="The file; default: ID.vxlz right here.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    json: opt.Json = False,
) -> None:
    """Write a memory with its thumbnails as one file.

    Another library takes it in with `videoxl library import`. The video is not in it, and neither is what was asked.
    """
    kept = open_library()
    entry = kept.entry(entry_id)
    path = kept.export_file(entry.id, out or Path(f"{entry.id[:8]}.vxlz"), overwrite=overwrite)
    print_json({"id": entry.id, "file": str(path), "bytes": path.stat().st_size}) if json else print(path)


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="NAME.vxlz...", help="Files that `library export` wrote.")],
    json: opt.Json = False,
) -> None:
    """Take memories in that were exported elsewhere.

    Every name, size and digest in the file is checked. What the memory says it saw cannot be: take files from people
    whom you trust to have watched the video.
    """
    kept = open_library()
    entries = [kept.import_file(path) for path in files]
    if json:
        return print_json({"entries": [entry.to_json() for entry in entries]})
    for entry in entries:
        print(f"{entry.id[:8]}  {entry.title}")


def _age_seconds(text: str | None) -> float | None:
    """`30d` as well as the times that other options take."""
    if text is None:
        return None
    days, unit, rest = text.strip().lower().partition("d")
    seconds = float(days) * SECONDS_A_DAY if unit and not rest and days.isdecimal() else seconds_of(text)
    if seconds is None:
        raise UsageError(f"--older-than is {text!r}, expected a time such as 30d, 12h or 90m.")
    return seconds


VERBS: dict[str, Callable[..., None]] = {
    "add": add, "list": listing, "show": show, "search": search, "rename": rename, "remove": remove, "gc": gc,
    "export": export, "import": import_, "work": work,
}  # fmt: skip

for name, verb in VERBS.items():
    library.command(name)(guarded(verb))
