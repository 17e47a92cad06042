"""What a video is called by its bytes: the hash that a memory keeps of its source."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from videoxl.errors import VideoNotFoundError
from videoxl.video.folder import picture_paths


def source_fingerprint(source: str | Path | Sequence[str | Path]) -> str:
    """SHA-256, in hex, of a file; of a folder or list of pictures, of their hashes in order. Names do not count."""
    if isinstance(source, (str, Path)) and not Path(source).is_dir():
        return _file_digest(Path(source)).hexdigest()
    whole = hashlib.sha256()
    for path in picture_paths(source):
        whole.update(_file_digest(path).digest())
    return whole.hexdigest()


def _file_digest(path: Path) -> hashlib._Hash:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise VideoNotFoundError(f"{path} does not exist or may not be read: check the path.") from error
