"""What the words of a person mean as sources of a library: addresses, folders of videos, and memories."""

from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.cli.live_line import live_line
from videoxl.cli.sources import MEMORY_SUFFIX
from videoxl.errors import VideoError, VideoNotFoundError

if TYPE_CHECKING:
    from videoxl.library.fetch import Fetched, FetchProgress

PARCEL_SUFFIX = ".vxlz"


def is_address(source: str) -> bool:
    """Whether it is to be downloaded first."""
    return "://" in source


def is_parcel(source: str) -> bool:
    """Whether it is a memory as one file."""
    return source.endswith(PARCEL_SUFFIX) and not is_address(source)


def is_kept(source: str) -> bool:
    """Whether it is a memory already, and no model is needed to take it in."""
    return source.endswith((MEMORY_SUFFIX, PARCEL_SUFFIX)) and not is_address(source)


def videos_meant(source: str) -> list[str]:
    """A folder is all videos in it, or itself where it holds pictures only; anything else is itself."""
    path = Path(source)
    if is_address(source) or is_kept(source) or not path.is_dir():
        return [source]
    videos = _videos_in(path)
    if not videos and not _has_pictures(path):
        raise VideoNotFoundError(f"{source} holds no video and no pictures. Give a folder that does, or a file.")
    return videos or [source]


def fetch_with_progress(url: str, folder: Path, *, allow_private: bool) -> "Fetched":
    """Download a video, with progress on stderr."""
    from videoxl.compression.size import ByteSize
    from videoxl.library.fetch import fetch

    line = live_line("fetching", url)

    def show(progress: "FetchProgress") -> None:
        total, num_bytes = progress.total_bytes, progress.num_bytes
        text = f"{ByteSize(num_bytes)}" if total is None else f"{ByteSize(num_bytes)} of {ByteSize(total)}"
        line.update(text, done=num_bytes, total=total or 0, is_last=num_bytes == total)

    try:
        return fetch(url, folder, allow_private=allow_private, progress=show)
    finally:
        line.close()


def _videos_in(folder: Path) -> list[str]:
    """All files that are videos by their bytes, whatever they are called; hidden ones and memories are passed over."""
    from videoxl.video.content_type import content_type_of

    videos = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part.endswith(MEMORY_SUFFIX) for part in parts) or not path.is_file():
            continue
        try:
            is_video = content_type_of(path).kind == "video"
        except VideoError:
            continue  # a folder holds other things, too
        if is_video:
            videos.append(str(path))
    return videos


def _has_pictures(folder: Path) -> bool:
    from videoxl.video.folder import is_picture

    return any(is_picture(path) for path in folder.iterdir())
