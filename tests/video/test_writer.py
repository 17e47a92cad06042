"""The film writer."""

from pathlib import Path

import numpy as np
import pytest

from videoxl.errors import UsageError
from videoxl.video.opening import open_video
from videoxl.video.writer import FilmWriter

LOSSY = 5.0  # mean difference of 8-bit levels that H.264 may cause on plain frames


def plain(grey: int) -> np.ndarray:
    """One flat frame."""
    return np.full((48, 64, 3), grey, np.uint8)


def test_frames_come_back_at_their_times(tmp_path: Path) -> None:
    """Frame n of a film at f frames a second is on screen from n / f on."""
    greys = range(10, 250, 30)
    with FilmWriter(tmp_path / "film.mp4", width=64, height=48, fps=4) as film:
        for grey in greys:
            film.write(plain(grey))
    source = open_video(tmp_path / "film.mp4")
    assert (source.info.width, source.info.height) == (64, 48)
    assert source.info.duration_seconds == pytest.approx(len(greys) / 4)
    seen = np.concatenate([batch.frames_FCHW for batch in source.read([n / 4 + 0.1 for n in range(len(greys))])])
    assert [abs(float(frame.mean()) - grey) < LOSSY for frame, grey in zip(seen, greys, strict=True)] == [True] * 8


def test_same_frames_same_bytes(tmp_path: Path) -> None:
    """Writing the same frames again gives the same file, whatever lies in the process' memory."""
    generator = np.random.default_rng(0)
    scene = generator.integers(0, 256, (12, 60, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    files, clutter = [], []
    for run in range(4):
        clutter.append(generator.integers(0, 256, 10 ** (4 + run % 3)).astype(np.uint8))
        with FilmWriter(tmp_path / f"{run}.mp4", width=160, height=96, fps=10) as film:
            for step in range(20):
                film.write(scene[:, 2 * step : 2 * step + 160])
        files.append((tmp_path / f"{run}.mp4").read_bytes())
    assert len(set(files)) == 1


def test_a_failed_film_leaves_no_file(tmp_path: Path) -> None:
    """An error inside the block removes the unfinished file and is passed on."""

    def fail() -> None:
        with FilmWriter(tmp_path / "film.mp4", width=64, height=48, fps=4) as film:
            for grey in range(100):  # more than the encoder holds back: the file is there by then
                film.write(plain(grey))
            assert film.path.exists()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "message"), [({"width": 63}, "even"), ({"fps": 0}, "0 frames a second")])
def test_impossible_films_are_refused(tmp_path: Path, options: dict, message: str) -> None:
    """Odd sides and rates of zero are refused before a file is made."""
    with pytest.raises(UsageError, match=message):
        FilmWriter(tmp_path / "film.mp4", **({"width": 64, "height": 48, "fps": 4} | options))
    assert list(tmp_path.iterdir()) == []
