"""The films of a folder, each with a name of its own."""

from dataclasses import dataclass
from pathlib import Path

from videoxl.errors import UsageError, VideoNotFoundError
from videoxl.vico.clip import Clip
from videoxl.video import open_video

FILM_SUFFIXES = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".mpg", ".mpeg", ".m4v", ".ts", ".flv", ".wmv", ".ogv")


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A video file; `name` is its path below the folder that was given, without the suffix."""

    path: Path
    name: str

    def whole(self) -> Clip:
        """From its beginning to its end; the file is opened."""
        return Clip(0.0, open_video(self.path).info.duration_seconds)


def find_films(folder: Path) -> list[FilmFile]:
    """Every video below a folder, by name; or the one file that was given."""
    if not folder.exists():
        raise VideoNotFoundError(f"{folder} does not exist: expected a folder of films, or a film. Check the path.")
    if not folder.is_dir():
        return [FilmFile(folder, folder.stem)]
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in FILM_SUFFIXES and path.is_file())
    if not paths:
        raise UsageError(f"{folder} holds no film; expected files that end in {', '.join(FILM_SUFFIXES)}.")
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    return [
        FilmFile(path, name if names.count(name) == 1 else path.relative_to(folder).as_posix())
        for path, name in zip(paths, names, strict=True)
    ]
