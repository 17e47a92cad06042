"""Tasks whose videos and annotations lie in a folder: reading, checking and finding, the same for all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from videoxl.errors import AnnotationError, UsageError, VideoNotFoundError
from videoxl.evaluation.annotations import Faults
from videoxl.evaluation.item import Item
from videoxl.evaluation.task import Loaded, MissingVideo

if TYPE_CHECKING:
    from videoxl.video.source import Watchable

VIDEO_SUFFIXES = (".mp4", ".MP4", ".mkv", ".webm", ".avi", ".mov")


class FileTask:
    """Brings `load` and `open` to a task that brings `load_items` and where its videos may lie."""

    __slots__ = ()
    name: ClassVar[str]
    needs: ClassVar[str]
    video_folders: ClassVar[tuple[str, ...]]
    """Folders below --data in which videos are looked for, in this order."""

    def load(self, folder: Path | None) -> Loaded:
        """See `Task.load`."""
        if folder is None:
            raise UsageError(f"{self.name} needs --data FOLDER with {self.needs}.")
        if not folder.exists():
            raise AnnotationError(f"{self.name}: {folder} does not exist. Give the folder with {self.needs}.")
        faults = Faults(self.name)
        items = self.load_items(folder, faults)
        _check(items, faults)
        faults.stop_if_any()
        if not items:
            raise AnnotationError(f"{self.name}: no items are left of {folder} with these options.")
        return self._located(items, folder if folder.is_dir() else folder.parent)

    def load_items(self, folder: Path, faults: Faults) -> list[Item]:
        """Items as the annotations have them; `path` is the name of the video file, with or without its folders."""
        raise NotImplementedError

    def videos_by_name(self, folder: Path) -> Mapping[str, Path]:
        """Files whose names are not those of the annotations, by those of the annotations; none for most tasks."""
        return {}

    def open(self, item: Item) -> "str | Watchable":
        """See `Task.open`."""
        if item.path is None:
            raise VideoNotFoundError(f"{item.video} is missing: the run was begun without it.")
        return item.path

    def _located(self, items: Sequence[Item], folder: Path) -> Loaded:
        """The same items with the paths of files that are there; all others are listed."""
        found: dict[str, Path | None] = dict(self.videos_by_name(folder))
        missing: dict[str, MissingVideo] = {}
        located = []
        for item in items:
            name = item.path or item.video
            if name not in found:
                found[name] = find_video(folder, self.video_folders, name)
            path = found[name]
            if path is None:
                before = missing.get(
                    item.video, MissingVideo(item.video, str(folder / self.video_folders[0] / name), 0)
                )
                missing[item.video] = replace(before, num_items=before.num_items + 1)
            located.append(replace(item, path=None if path is None else str(path)))
        return Loaded(tuple(located), tuple(missing.values()))


def find_video(folder: Path, video_folders: Iterable[str], name: str) -> Path | None:
    """The file of a video, whatever its suffix, in the first folder that holds it."""
    for below in video_folders:
        place = folder / below / name
        if place.is_file():
            return place
        # A name may hold dots that begin no suffix: only known suffixes are exchanged.
        stem = place.with_suffix("") if place.suffix in VIDEO_SUFFIXES else place
        for suffix in VIDEO_SUFFIXES:
            other = stem.with_name(stem.name + suffix)
            if other.is_file():
                return other
    return None


def _check(items: Sequence[Item], faults: Faults) -> None:
    """What every task's items must hold to."""
    for identity, count in Counter(item.id for item in items).items():
        if count > 1:
            faults.add(f"id {identity}", f"stands {count} times, expected once")
