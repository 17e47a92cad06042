"""Where a library keeps what: its folder, readable by its owner alone."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from videoxl.errors import CapacityError, LibraryError
from videoxl.memory.folder import is_disk_full

OWNER_ONLY = 0o700


class LibraryFolder:
    """Paths inside the folder of a library; making it makes what is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.catalogue = self.path / "catalogue.sqlite"
        self.memories = self.path / "memories"
        self.thumbnails = self.path / "thumbnails"
        self.files = self.path / "files"
        self.fetched = self.path / "fetched"
        """Videos that were downloaded for an entry, and go with it."""
        self.locks = self.path / "locks"
        self.incoming = self.path / "incoming"
        """What is being copied or unpacked; each in a folder of its own until it is whole."""
        self.trash = self.path / "trash"
        """What nobody can find any more; whoever comes by may empty it."""
        for folder in (self.path, *self._rooms):
            _make(folder)

    @property
    def _rooms(self) -> tuple[Path, ...]:
        return self.memories, self.thumbnails, self.files, self.fetched, self.locks, self.incoming, self.trash

    def memory(self, entry_id: str) -> Path:
        """The .vxl folder of an entry; it may not exist yet."""
        return self.memories / f"{entry_id}.vxl"

    def thumbnails_of(self, entry_id: str) -> Path:
        """The folder of an entry's thumbnails; it may not exist yet."""
        return self.thumbnails / entry_id

    def lock(self, entry_id: str) -> Path:
        """The file whose lock says that somebody needs the memory."""
        return self.locks / f"{entry_id}.lock"

    def new_incoming(self) -> Path:
        """An empty folder for something that is not whole yet."""
        return Path(tempfile.mkdtemp(dir=self.incoming))

    def throw_away(self, path: Path) -> Path | None:
        """Move a file or folder out of sight in one step; where it now lies, to be removed at leisure."""
        while True:
            place = Path(tempfile.mkdtemp(dir=self.trash)) / path.name
            try:
                os.replace(path, place)
            except FileNotFoundError:  # the path is gone, or the place, with whoever empties the trash just now
                with suppress(FileNotFoundError):
                    place.parent.rmdir()
                if not os.path.lexists(path):
                    return None
            else:
                return place.parent


def remove_tree(path: Path) -> int:
    """Remove a folder with all in it, as far as it lets itself be removed; the bytes that this freed."""
    num_bytes = tree_bytes(path)
    shutil.rmtree(path, ignore_errors=True)
    return num_bytes - (tree_bytes(path) if path.exists() else 0)


def tree_bytes(path: Path) -> int:
    """Bytes of all regular files below a folder; what vanishes while one looks counts nothing."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    except OSError as error:
        if is_disk_full(error):
            raise CapacityError(f"the disk is full: {folder} cannot be made. Free some space and try again.") from error
        raise LibraryError(
            f"{folder} cannot be made ({error.strerror or error}). Point VIDEOXL_HOME to a folder you may write to."
        ) from error
