"""Films watched without a file: the frames, times and refusals of a file, and a name by content."""

from pathlib import Path

import numpy as np
import pytest

from videoxl.engine import VideoXL
from videoxl.errors import UsageError
from videoxl.synth.film import Film
from videoxl.synth.film_source import FilmSource
from videoxl.synth.script import random_film
from videoxl.video import SampleConfig, open_video, sample_times

LOSSY = 12.0  # mean difference of 8-bit levels that H.264 and 4:2:0 colour may cause here


@pytest.fixture
def film() -> Film:
    return small_film()


def small_film(seed: int = 3, seconds: float = 12.0) -> Film:
    generator = np.random.default_rng(seed)
    return random_film(generator, seconds=seconds, num_needles=1, split="validation", width=64, height=48)


def test_a_film_shows_what_its_file_shows(film, tmp_path: Path) -> None:
    """Asked for the same times, the lazy source and the written file give the same moments and pictures."""
    film.write(tmp_path / "film.mp4", fps=5)
    lazy, file = FilmSource(film, fps=5), open_video(tmp_path / "film.mp4")
    assert (lazy.info.width, lazy.info.height, lazy.info.fps) == (file.info.width, file.info.height, file.info.fps)
    assert lazy.info.duration_seconds == pytest.approx(file.info.duration_seconds)
    asked = [0.0, 0.33, 4.999, 5.0, 11.9]
    for one, other in zip(lazy.read(asked), file.read(asked), strict=True):
        assert one.seconds_F == pytest.approx(other.seconds_F)
        assert np.abs(one.frames_FCHW.astype(int) - other.frames_FCHW).mean() < LOSSY


def test_every_frame_is_drawn_from_the_timeline(film) -> None:
    """At a frame a second, frame n is the film at second n, and nothing is lost."""
    (batch,) = film.as_source().read(sample_times(12.0, SampleConfig(fps=1)).seconds_F)
    assert batch.num_lost == 0
    expected = [film.frame(float(second)).transpose(2, 0, 1) for second in range(12)]
    assert np.array_equal(batch.frames_FCHW, expected)


def test_frames_are_scaled_and_times_past_the_end_are_lost(film) -> None:
    """`max_side` makes frames smaller; a time after the film's end is counted as lost, as it is for files."""
    (batch,) = open_video(film).read([11.0, 12.0, 13.0], max_side=32)
    assert batch.frames_FCHW.shape == (1, 3, 24, 32)
    assert batch.num_lost == 2


def test_films_are_known_by_what_they_show() -> None:
    """Equal facts have one fingerprint; another seed, rate or length has another."""
    prints = [
        FilmSource(small_film()).fingerprint(),
        FilmSource(small_film(), fps=5).fingerprint(),
        FilmSource(small_film(4)).fingerprint(),
        FilmSource(small_film(seconds=13.0)).fingerprint(),
    ]
    assert len(set(prints)) == len(prints)
    assert small_film().as_source().fingerprint() == prints[0]
    with pytest.raises(UsageError, match="0 frames a second"):
        FilmSource(small_film(), fps=0)


def test_the_engine_watches_a_film_without_a_file(make_model, processor, film, tmp_path: Path) -> None:
    """Watching a film keeps what watching its pictures keeps; its memory resumes, and refuses another film."""
    from PIL import Image

    from videoxl.errors import MemoryMismatchError

    vxl = VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")
    lazy = vxl.watch(film, out=tmp_path / "film.vxl", ratio=4)
    paths = [tmp_path / f"{second:02}.png" for second in range(12)]
    for second, path in enumerate(paths):
        Image.fromarray(film.frame(float(second))).save(path)
    pictures = vxl.watch(paths, ratio=4)
    assert lazy.num_frames == 12
    assert np.allclose(lazy.keys, pictures.keys, atol=1e-6)
    assert lazy.about.sources[0].sha256 == film.as_source().fingerprint()
    made: list[object] = []
    vxl.watch(film, out=tmp_path / "film.vxl", ratio=4, progress=made.append)
    assert made == []
    with pytest.raises(MemoryMismatchError):
        vxl.watch(small_film(4), out=tmp_path / "film.vxl", ratio=4)
    vxl.append(lazy, FilmSource(small_film(4), name="second film"), ratio=4)
    assert [source.name for source in lazy.about.sources] == ["synth film", "second film"]
