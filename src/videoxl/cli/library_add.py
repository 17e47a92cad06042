"""`videoxl library add` and `work`: videos from files, folders and addresses become memories."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import complain, note, print_json
from videoxl.cli.failure import FAILED, INTERRUPTED, PARTLY
from videoxl.cli.home import open_library
from videoxl.cli.library_sources import fetch_with_progress, is_address, is_kept, is_parcel, videos_meant
from videoxl.cli.loading import load_vxl
from videoxl.errors import UsageError, VideoNotFoundError, VideoXLError

if TYPE_CHECKING:
    from videoxl.cli.watching import WatchOptions
    from videoxl.engine import VideoXL
    from videoxl.library import Entry, Library

SECONDS_BETWEEN_LOOKS = 2.0


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that was to be added, and why it was not."""

    source: str
    why: str


def add(
    sources: Annotated[
        list[str], typer.Argument(metavar="FOLDER|URL|FILE...", help="Videos, folders of them, addresses, or memories.")
    ],
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="What it is called; default: the name of the file.")
    ] = None,
    fps: opt.Fps = None,
    num_frames: opt.NumFrames = None,
    start: opt.Start = None,
    end: opt.End = None,
    max_frames: opt.MaxFrames = None,
    ratio: opt.Ratio = None,
    planner: opt.PlannerChoice = "fixed",
    interval_frames: opt.IntervalFrames = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Only put them into the queue; `videoxl library work` or a server watches.")
    ] = False,
    allow_private_urls: Annotated[
        bool, typer.Option("--allow-private-urls", help="Fetch from addresses of your own network, too.")
    ] = False,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Watch videos into the library.

    A folder means all videos in it, or its pictures where there are none; a .vxl folder and a .vxlz file are taken in
    as they are. What was watched before with the same settings and model costs nothing. Ctrl-C keeps what was watched,
    and the same command goes on. Exit 3 where some could not be added.
    """
    from videoxl.cli.watching import WatchOptions

    options = WatchOptions(
        fps=fps, num_frames=num_frames, start=start, end=end, max_frames=max_frames, ratio=ratio, planner=planner,
        interval_frames=interval_frames,
    )  # fmt: skip
    library = open_library()
    refused: list[Refused] = []
    found = []
    for source in sources:
        try:
            found += videos_meant(source)
        except VideoXLError as error:
            complain(str(error))
            refused.append(Refused(source, str(error)))
    if title is not None and len(found) > 1:
        raise UsageError(f"got one --title for {len(found)} videos: add them one by one.")
    vxl = load_vxl(model, device) if any(not is_kept(source) for source in found) else None
    entries = _add_all(_Adding(library, vxl, options, title, allow_private_urls), found, refused)
    if vxl is not None and not queue:
        entries = _watch(library, vxl, entries)
    refused += [Refused(entry.source_name, entry.why) for entry in entries if entry.state == "failed"]
    _report(entries, refused, is_json=json)
    if refused:
        raise typer.Exit(PARTLY if any(entry.state != "failed" for entry in entries) else FAILED)


def work(
    wait: Annotated[bool, typer.Option("--wait", help="Do not end when nothing is left; wait for more.")] = False,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Watch what waits in the library, the oldest first.

    Any number of these may work at once, on one machine, beside a server, too; each video is watched by one of them,
    and what a killed one leaves another takes up. Only videos that were queued for this model are watched.
    """
    from videoxl.cli.library_watching import work_with_progress
    from videoxl.library.worker import LEASE_SECONDS, worker_name

    library, vxl = open_library(), load_vxl(model, device)
    entries: list[Entry] = []
    pause = threading.Event()
    try:
        while True:
            job = library.lease(worker_name(), LEASE_SECONDS, model_fingerprint=vxl.fingerprint)
            if job is not None:
                entry = work_with_progress(library, vxl, job)
                entries += [entry] if entry is not None else []
            elif wait:
                pause.wait(SECONDS_BETWEEN_LOOKS)
            else:
                break
    except KeyboardInterrupt:
        complain(f"stopped after {len(entries)} videos; what was watched of the last one is kept.")
        raise typer.Exit(INTERRUPTED) from None
    refused = [Refused(entry.source_name, entry.why) for entry in entries if entry.state == "failed"]
    _report(entries, refused, is_json=json)
    if refused:
        raise typer.Exit(PARTLY if len(refused) < len(entries) else FAILED)


@dataclass(frozen=True, slots=True)
class _Adding:
    """How sources become entries in one run."""

    library: "Library"
    vxl: "VideoXL | None"
    """None where every source is a memory already."""
    options: "WatchOptions"
    title: str | None
    allow_private: bool

    def add(self, source: str) -> "Entry":
        """The entry of one source."""
        if is_parcel(source):
            return self.library.import_file(source)
        if is_kept(source):
            return self.library.adopt(Path(source), title=self.title)
        if is_address(source):
            return self._fetched(source)
        if not Path(source).exists():
            raise VideoNotFoundError(f"{source} does not exist. Check the path.")
        return self._video(Path(source))

    def _fetched(self, url: str) -> "Entry":
        """Download a video into the library's folder, and add it from there."""
        fetched = fetch_with_progress(url, self.library.fetched, allow_private=self.allow_private)
        try:
            return self._video(fetched.path, name=fetched.content_name, isolated=True)
        except VideoXLError:
            self.library.drop_download(fetched.path)
            raise

    def _video(self, path: Path, *, name: str | None = None, isolated: bool = False) -> "Entry":
        from videoxl.cli.library_watching import add_video, check_video

        assert self.vxl is not None, "a model is loaded where there is a video"
        video = check_video(self.vxl, path, self.options, isolated=isolated)
        return add_video(self.library, self.vxl, video, name=name, title=self.title)


def _add_all(adding: _Adding, sources: list[str], refused: list[Refused]) -> "list[Entry]":
    """Entries of all sources that can be added; a fault of one does not keep the others out."""
    entries = []
    for source in sources:
        try:
            entries.append(adding.add(source))
        except VideoXLError as error:
            complain(str(error) if Path(source).name in str(error) else f"{source}: {error}")
            refused.append(Refused(source, str(error)))
    return entries


def _watch(library: "Library", vxl: "VideoXL", entries: "list[Entry]") -> "list[Entry]":
    from videoxl.cli.library_watching import watch_entries

    try:
        return watch_entries(library, vxl, entries)
    except KeyboardInterrupt:
        complain("stopped; what was watched is kept, and the same command goes on with it.")
        raise typer.Exit(INTERRUPTED) from None


def _report(entries: "list[Entry]", refused: list[Refused], *, is_json: bool) -> None:
    if is_json:
        return print_json(
            {
                "entries": [entry.to_json() for entry in entries],
                "failed": [{"source": each.source, "why": each.why} for each in refused],
            }
        )
    for entry in entries:
        print(f"{entry.id[:8]}  {entry.state:<8}  {entry.title}")
        if entry.state == "failed":
            note(f"{entry.source_name}: {entry.why}")
