"""A video or picture from an address that somebody else gave, brought into a folder safely.

    fetched = fetch("https://example.org/film.mp4", folder, FetchLimits(max_bytes=2**30, seconds=300))

What may go wrong on the way (an address of a private network behind a name or a redirect, a name that changes its
address, a body without end, one that takes forever, something that is no video) is refused or ended with a sentence,
and leaves nothing behind. Files are typed by their bytes. See docs/explanation/hostile-media.md.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from videoxl.errors import FetchError, FetchTooLargeError
from videoxl.library.fetch_address import check_host, redirected, web_address
from videoxl.library.fetch_data import data_bytes
from videoxl.library.fetch_deadline import Deadline
from videoxl.library.fetch_exchange import exchange
from videoxl.library.fetch_landing import Landed, Landing
from videoxl.library.fetch_limits import FetchLimits, FetchProgress
from videoxl.library.fetch_local import open_local, path_of_file_url
from videoxl.library.fetch_name import safe_name
from videoxl.library.fetch_network import Network
from videoxl.video.content_type import ContentType, content_type_of

__all__ = ["FetchLimits", "FetchProgress", "Fetched", "Network", "fetch"]

DEFAULT_LIMITS = FetchLimits()
PROGRESS_SECONDS = 0.1  # between two calls of a listener
ProgressListener = Callable[[FetchProgress], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is whole, and what is known of it.

    `url` is the address at which it was found in the end, without a query, for people; `content_name` a name for
    people. A file:// address is not copied: `path` is then the file itself.
    """

    path: Path
    sha256: str
    num_bytes: int
    url: str
    content_name: str
    content_type: ContentType


def fetch(
    url: str,
    folder: Path,
    limits: FetchLimits = DEFAULT_LIMITS,
    *,
    allowed_hosts: Collection[str] | None = None,
    allowed_folders: Sequence[str | Path] = (),
    allow_private: bool = False,
    progress: ProgressListener | None = None,
    stopped: threading.Event | None = None,
    network: Network | None = None,
) -> Fetched:
    """Bring the video or picture at an address into a folder, under a name made of its bytes.

    Args:
        url: http://, https://, data: with a video or picture in base64, or file:// under an allowed folder.
        folder: Where it is kept; made if it is missing.
        allowed_hosts: The only hosts that may be asked, redirects included; None lets all public ones be asked.
        allowed_folders: Where file:// may read; none by default.
        allow_private: Whether private networks and this machine may be asked, too.
        progress: Called while bytes come; what it raises ends the download.
        stopped: Set it from another thread to call the download off.

    Raises:
        FetchRefusedError: The address may not be read from here.
        FetchTooLargeError: There are more bytes than allowed.
        FetchError: There is no answer, a bad one, or it takes too long.
        VideoFormatError: What comes is no video and no picture that is read here.
        CapacityError: The disk is full.
    """
    scheme = url[:10].partition(":")[0].lower()
    if scheme == "file":
        return _local(url, allowed_folders, limits)
    network = network or Network()
    deadline = Deadline(limits.seconds, clock=network.clock, stopped=stopped)
    if scheme == "data":
        landed = _land(data_bytes(url, limits.max_bytes), folder, limits, deadline, name="the data: address")
        return _fetched(landed, url="data:", content_name=safe_name(None, landed.content_type.suffix))
    address = web_address(url)
    for _ in range(limits.max_redirects + 1):
        check_host(address, allowed_hosts)
        with exchange(address, network, deadline, limits, allow_private=allow_private) as answer:
            if not answer.is_redirect:
                body, total = answer.body(), answer.total_bytes
                landed = _land(body, folder, limits, deadline, name=address.shown, total_bytes=total, progress=progress)
                raw = answer.file_name or address.target.partition("?")[0]
                return _fetched(landed, url=address.shown, content_name=safe_name(raw, landed.content_type.suffix))
            address = redirected(address, answer.location)
    shown = web_address(url).shown
    raise FetchError(f"{shown} sends on more than {limits.max_redirects} times: give the address of the file itself.")


def _land(
    body: Iterable[bytes],
    folder: Path,
    limits: FetchLimits,
    deadline: Deadline,
    *,
    name: str,
    total_bytes: int | None = None,
    progress: ProgressListener | None = None,
) -> Landed:
    """Everything a body gives, in a file of its own."""
    told_at = -PROGRESS_SECONDS
    with Landing(folder, limits.max_bytes, name=name) as landing:
        for chunk in body:
            deadline.left()
            landing.write(chunk)
            now = deadline.passed()
            if progress is not None and now - told_at >= PROGRESS_SECONDS:
                told_at = now
                progress(FetchProgress(landing.num_bytes, total_bytes, now))
        landed = landing.place()
    if progress is not None:
        progress(FetchProgress(landed.num_bytes, landed.num_bytes, deadline.passed()))
    return landed


def _local(url: str, allowed_folders: Sequence[str | Path], limits: FetchLimits) -> Fetched:
    with open_local(path_of_file_url(url), allowed_folders) as local:
        num_bytes = os.fstat(local.descriptor).st_size
        if num_bytes > limits.max_bytes:
            raise FetchTooLargeError(
                f"{local.path.name} has {num_bytes:,} bytes, more than {limits.max_bytes:,}, the limit."
            )
        with os.fdopen(os.dup(local.descriptor), "rb") as file:
            kind = content_type_of(file, name=local.path.name)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Fetched(local.path, sha256, num_bytes, "file:", local.path.name, kind)


def _fetched(landed: Landed, *, url: str, content_name: str) -> Fetched:
    return Fetched(landed.path, landed.sha256, landed.num_bytes, url, content_name, landed.content_type)
