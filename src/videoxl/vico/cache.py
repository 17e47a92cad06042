"""Answers that cost something, kept by what they depend on: an interrupted run pays for nothing twice.

One small JSON file an answer, named by the hash of its key, written whole or not at all. Any number of runs may share
a folder; deleting it costs time and nothing else.
"""

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

FORMAT = 1

Value = TypeVar("Value")

logger = logging.getLogger(__name__)


class VicoCache:
    """Values by key; a key is anything that JSON can say, and None is the key of what is not worth keeping.

    Args:
        folder: Where the files are; made when there is something to keep. None keeps nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def get(self, key: Any, read: Callable[[Any], Value]) -> Value | None:
        """The value of a key, read from its JSON; None where there is none, or only a damaged one."""
        path = self._path(key)
        if path is None:
            return None
        try:
            return read(json.loads(path.read_text(encoding="utf-8"))["value"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("the kept answer %s is damaged (%r); it is made again", path, error)
            return None

    def put(self, key: Any, value: Any) -> None:
        """Keep the JSON of a value."""
        path = self._path(key)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, json.dumps({"key": key, "value": value}, indent=1) + "\n")

    def _path(self, key: Any) -> Path | None:
        if self.folder is None or key is None:
            return None
        digest = hashlib.sha256(json.dumps([FORMAT, key], sort_keys=True).encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest}.json"


def _write_whole(path: Path, text: str) -> None:
    """A file that is there with all of its text, or is as it was before."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
