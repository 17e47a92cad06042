"""Films: the facts say exactly what is seen, drawn or written."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videoxl.errors import UsageError, VideoFormatError
from videoxl.synth.dealing import Repeats
from videoxl.synth.demo import DEMO, demo_film
from videoxl.synth.facts import FilmFacts
from videoxl.synth.film import Film
from videoxl.synth.footage import FootageSet
from videoxl.synth.needle import INSERT_HEIGHT, NEEDLE_KINDS, NeedleKind, render_needle
from videoxl.synth.pictures import PictureSet
from videoxl.synth.script import GAP_SECONDS, NEEDLE_SECONDS, TICKS_PER_SECOND, random_film
from videoxl.synth.splits import split_generator
from videoxl.video.opening import open_video

JUST_BEFORE = 1e-6
LOSSY = 12.0  # mean difference of 8-bit levels that H.264 and 4:2:0 colour may cause here
MAX_DEMO_BYTES = 500_000  # what the repository takes in one file


def small_film(seed: int = 0, **options) -> Film:
    """A short film of validation stills and procedural backgrounds, quick to draw."""
    options = {"seconds": 30.0, "num_needles": 3, "split": "validation", "width": 96, "height": 54} | options
    return random_film(np.random.default_rng(seed), **options)


@pytest.mark.parametrize("kind", NEEDLE_KINDS)
def test_a_needle_is_seen_from_its_start_to_just_before_its_stop(kind: NeedleKind) -> None:
    """The film differs from its clean timeline inside a needle's times and nowhere else, to the edge."""
    film = small_film(kinds=(kind,))
    for needle in film.facts.needles:
        middle = (needle.start_seconds + needle.stop_seconds) / 2
        for seconds in (needle.start_seconds, middle, needle.stop_seconds - JUST_BEFORE):
            assert not np.array_equal(film.frame(seconds), film.scene(seconds))
        for seconds in (needle.start_seconds - JUST_BEFORE, needle.stop_seconds):
            assert np.array_equal(film.frame(seconds), film.scene(seconds))


@given(st.integers(0, 2**32), st.floats(20, 4000), st.integers(0, 4))
@settings(max_examples=60)
def test_facts_are_well_formed(seed: int, seconds: float, num_needles: int) -> None:
    """Shots tile the film; needles have different names, lie inside it and on the grid, and last as asked."""
    facts = small_film(seed, seconds=seconds, num_needles=num_needles, names=("apple", "drum", "owl", "pear")).facts
    edges = [0.0, *(shot.stop_seconds for shot in facts.shots)]
    assert edges == [*(shot.start_seconds for shot in facts.shots), seconds]
    assert edges == sorted(set(edges))
    assert len({needle.name for needle in facts.needles}) == len(facts.needles) == num_needles
    for needle in facts.needles:
        assert 0 <= needle.start_seconds < needle.stop_seconds <= seconds
        assert NEEDLE_SECONDS[0] <= round(needle.stop_seconds - needle.start_seconds, 6) <= NEEDLE_SECONDS[1]
        assert needle.start_seconds == round(needle.start_seconds * TICKS_PER_SECOND) / TICKS_PER_SECOND


def test_crowded_needles_keep_their_distance() -> None:
    """Needles that only just fit still have a second of film between them, and come in order."""
    for seed in range(40):
        needles = small_film(seed, seconds=16.0, num_needles=4).facts.needles
        gaps = [other.start_seconds - one.stop_seconds for one, other in pairwise(needles)]
        assert min(gaps) >= GAP_SECONDS - JUST_BEFORE


def test_one_frame_a_second_meets_every_needle() -> None:
    """A needle of a second or more is on at least one frame of a film sampled at 1 fps."""
    for seed in range(40):
        film = small_film(seed, needle_seconds=(1.0, 1.0))
        times = film.times(1.0)
        assert all(any(needle.covers(seconds) for seconds in times) for needle in film.facts.needles)


def test_clips_are_not_read_past_their_end() -> None:
    """No shot asks its footage for a time after the footage ends."""
    film = small_film(3, seconds=600.0, split="test")
    footage = FootageSet.builtin("test")
    for shot in film.facts.shots:
        last = shot.source_start_seconds + shot.stop_seconds - shot.start_seconds
        assert last <= footage[shot.source].seconds + 1 / TICKS_PER_SECOND


def test_same_facts_same_film() -> None:
    """A film made again from its JSON, or drawn in another order, shows the same pictures."""
    film = small_film(kinds=NEEDLE_KINDS, num_needles=5, repeats=Repeats(most=2), most_noise=9.0)
    again = Film(FilmFacts.from_json(film.facts.to_json()))
    assert again.facts == film.facts
    times = [needle.start_seconds for needle in film.facts.needles] + [0.0, 29.9, 12.34]
    forwards = [film.frame(seconds) for seconds in times]
    backwards = [again.frame(seconds) for seconds in reversed(times)]
    assert all(np.array_equal(one, other) for one, other in zip(forwards, reversed(backwards), strict=True))


def test_grain_is_as_strong_as_the_facts_say() -> None:
    """A shot's noise is the standard deviation between its frames and those of the film without grain."""
    film = small_film(seconds=20.0, num_needles=0, most_noise=12.0, procedural=0.0)
    clean = Film(replace(film.facts, shots=tuple(replace(shot, noise=0.0) for shot in film.facts.shots)))
    for shot in film.facts.shots:
        seconds = (shot.start_seconds + shot.stop_seconds) / 2
        expected, found = clean.frame(seconds).astype(int), film.frame(seconds).astype(int)
        is_open = (expected > 4 * shot.noise) & (expected < 255 - 4 * shot.noise)  # elsewhere levels end at 0 and 255
        if is_open.sum() > 1000:
            assert (found - expected)[is_open].std() == pytest.approx(shot.noise, rel=0.15, abs=0.4)
    assert len({shot.noise for shot in film.facts.shots}) == len(film.facts.shots)


def test_facts_of_the_first_format_are_read() -> None:
    """A facts file written before shots had labels and grain is the film that it was."""
    facts = small_film().facts
    about = json.loads(facts.to_json())
    for shot in about["shots"]:
        del shot["label"], shot["noise"]
    again = FilmFacts.from_json(json.dumps({**about, "format": 1}))
    assert again == replace(facts, shots=tuple(replace(shot, label=None) for shot in facts.shots))


def test_other_seed_other_film() -> None:
    """Two seeds give two films; one seed in two splits gives two renderings."""
    assert small_film(1).facts != small_film(2).facts
    picture = next(iter(PictureSet.builtin()))
    train, test = (render_needle(picture, None, split_generator(split, 5)) for split in ("train", "test"))
    assert not np.array_equal(train, test)


def test_an_hour_costs_nothing_until_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making an hour-long film decodes and draws nothing, and a look at one time draws one frame."""
    calls: list[float] = []
    scene = Film.scene
    monkeypatch.setattr(Film, "scene", lambda self, seconds: calls.append(seconds) or scene(self, seconds))
    monkeypatch.setattr("videoxl.synth.footage._decode", lambda *_: pytest.fail("a clip was decoded"))
    film = random_film(np.random.default_rng(0), seconds=3600, num_needles=40, split="train", procedural=1.0)
    stream = film.frames(1.0)
    assert calls == []
    assert len(film.times(1.0)) == 3600
    next(stream)
    film.frame(3599.9)
    assert calls == [0.0, 3599.9]


def test_an_insert_has_the_size_it_should() -> None:
    """The picture of an insert takes 60 to 95 % of the frame's height, turned or not, and stays in the frame."""
    disc = np.zeros((100, 100, 4), np.uint8)
    y, x = np.mgrid[:100, :100]
    disc[(x - 49.5) ** 2 + (y - 49.5) ** 2 < 50**2] = (255, 0, 0, 255)
    from videoxl.synth.pictures import Picture

    for seed in range(25):
        scene = np.zeros((20, 20, 3), np.uint8)
        frame = render_needle(Picture("disc", disc), scene, split_generator("train", seed), (320, 180), kind="edit")
        assert frame.shape == (180, 320, 3)
        frame = render_needle(Picture("disc", disc), scene, split_generator("train", seed), 180)
        plain = render_needle(Picture("disc", disc * 0), scene, split_generator("train", seed), 180)
        rows = np.flatnonzero((frame.astype(int) - plain).any(axis=(1, 2)))
        share = (rows[-1] + 1 - rows[0]) / 180
        assert INSERT_HEIGHT[0] - 0.03 <= share <= INSERT_HEIGHT[1] + 0.03


def test_a_written_film_read_back_shows_its_needles_at_their_times(tmp_path: Path) -> None:
    """Frames read from the file match the film at those times, and only needles' times differ from the clean one."""
    film = small_film(seconds=12.0, num_needles=2, width=160, height=90)
    film.write(tmp_path / "film.mp4", fps=5)
    facts = FilmFacts.open(tmp_path / "film.json")
    assert facts == film.facts
    source = open_video(tmp_path / "film.mp4")
    assert source.info.duration_seconds == pytest.approx(facts.seconds)
    times = film.times(5.0)
    seen = np.concatenate([batch.frames_FCHW for batch in source.read((times + 0.1).tolist())]).transpose(0, 2, 3, 1)
    assert len(seen) == len(times)
    for seconds, frame in zip(times, seen, strict=True):
        assert _difference(frame, film.frame(seconds)) < LOSSY
        assert (_difference(frame, film.scene(seconds)) > LOSSY) == (facts.needle_at(seconds) is not None)


def test_the_demo_is_what_its_command_makes() -> None:
    """The shipped demo is small, its facts are those of demo_film(), and its needles are on screen at their times."""
    film = demo_film()
    assert FilmFacts.open(DEMO.with_suffix(".json")) == film.facts
    assert DEMO.stat().st_size <= MAX_DEMO_BYTES
    assert film.facts.split == "test"
    times = [needle.start_seconds + 0.55 for needle in film.facts.needles]
    seen = np.concatenate([batch.frames_FCHW for batch in open_video(DEMO).read(times)]).transpose(0, 2, 3, 1)
    assert all(_difference(frame, film.frame(seconds)) < LOSSY for frame, seconds in zip(seen, times, strict=True))


def test_impossible_films_are_refused() -> None:
    """Too many needles, a time outside the film, footage of another split, and facts that are none, are refused."""
    with pytest.raises(UsageError, match="do not fit"):
        small_film(seconds=4.0, num_needles=4)
    with pytest.raises(UsageError, match="different names"):
        small_film(num_needles=3, names=("apple", "drum"))
    with pytest.raises(UsageError, match="no frame at"):
        small_film().frame(30.0)
    with pytest.raises(UsageError, match="split"):
        small_film(footage=FootageSet.builtin("test"))
    with pytest.raises(VideoFormatError, match="no film facts"):
        FilmFacts.from_json("[]")
    with pytest.raises(VideoFormatError, match="format 9"):
        FilmFacts.from_json(small_film().facts.to_json().replace('"format": 2', '"format": 9'))


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())
