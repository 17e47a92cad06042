"""Searching by what was written and by what is seen."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from videoxl.errors import UsageError
from videoxl.library import KeptInterval
from videoxl.library.embedding import NUM_VECTORS, TextEmbedder, interval_vectors
from videoxl.library.search import LEAST_SHARE, VECTOR_TYPE

from .conftest import FINGERPRINT, SECONDS

WIDTH = 8


class Axes:
    """Sees each word as one axis: `red` is the first, `green` the second; other words say nothing."""

    model_fingerprint = FINGERPRINT
    words = ("red", "green", "the")

    def embed(self, text):
        axes = np.eye(WIDTH, dtype=np.float32)
        known = [self.words.index(word) for word in text.split() if word in self.words]
        return axes[known]


def seen(*axes):
    """Vectors of an interval that shows these words."""
    vectors = np.zeros((NUM_VECTORS, WIDTH), np.float32)
    vectors[:, Axes.words.index("the")] = 0.5  # what every interval is a little like
    for row, axis in enumerate(axes):
        vectors[row, axis] = 1.0
    return vectors.astype(VECTOR_TYPE).tobytes()


@pytest.fixture
def add_seen(library, add):
    """Adds a video with intervals that show words."""

    def add_one(name, *intervals, model=FINGERPRINT):
        entry = add(name, model=model)
        job = library.lease("worker", SECONDS, only={entry.id})
        for index, vectors in enumerate(intervals):
            kept = KeptInterval(
                index=index, start_seconds=10.0 * index, stop_seconds=10.0 * index + 10, num_rows=1, num_tokens=4,
                ratio=4,
            )  # fmt: skip
            job.keep_interval(kept, vectors, num_frames=10, num_rows=1, num_bytes=100)
        return entry

    return add_one


def found(hits):
    return [(hit.entry_id, hit.kind, hit.start_seconds) for hit in hits]


def test_what_is_written_is_found_without_a_model(library, add):
    """Titles, file names, questions and answers are found by whole or begun words, whatever their case and accents."""
    walk, night = add("p.mp4", title="Un Été à Paris"), add("night-drive.mp4")
    answer = {"question": "Who drives?", "text": "A tall man", "evidence": [{"start_seconds": 5, "stop_seconds": 9}]}
    library.note_answer(night.id, answer)
    assert found(library.search("ETE")) == [(walk.id, "title", None)]
    assert found(library.search("night dri"))[0] == (night.id, "title", None)
    assert found(library.search("tall")) == [(night.id, "answer", 5)]
    assert found(library.search("who")) == [(night.id, "question", 5)]
    assert library.search("elephant") == []


def test_what_was_asked_again_is_found_once(library, add):
    """A question asked ten times takes one place; another moment of it, or another video, takes its own."""
    night, day = add("night.mp4"), add("day.mp4")
    answer = {"question": "Who drives?", "text": "A tall man", "evidence": [{"start_seconds": 5, "stop_seconds": 9}]}
    for _ in range(3):
        library.note_answer(night.id, answer)
    library.note_answer(night.id, answer | {"evidence": [{"start_seconds": 20, "stop_seconds": 29}]})
    library.note_answer(day.id, answer)
    for words, kind in (("drives", "question"), ("tall", "answer")):
        assert sorted(found(library.search(words)), key=str) == sorted(
            [(night.id, kind, 5), (night.id, kind, 20), (day.id, kind, 5)], key=str
        )


def test_the_best_come_first_and_no_more_than_asked_for(library, add):
    """What holds more of the words is better; what holds too few is none."""
    both, one = add("red car.mp4"), add("red.mp4")
    assert [hit.entry_id for hit in library.search("red car")] == [both.id, one.id]
    assert [hit.entry_id for hit in library.search("red car", limit=1)] == [both.id]
    assert library.search("what is it that is red") == []
    assert all(hit.score >= LEAST_SHARE for hit in library.search("red car"))


def test_intervals_are_found_by_what_they_show(library, add_seen):
    """The interval that shows a word is found, one word of a question is enough, and common ground is no hit."""
    film = add_seen("a.mp4", seen(), seen(0), seen())
    other = add_seen("b.mp4", seen(1), seen(), seen())
    assert found(library.search("red", embedder=Axes())) == [(film.id, "interval", 10.0)]
    assert found(library.search("when is the red", embedder=Axes())) == [(film.id, "interval", 10.0)]
    assert found(library.search("green", embedder=Axes())) == [(other.id, "interval", 0.0)]
    assert library.search("the", embedder=Axes()) == []
    assert library.search("unknown", embedder=Axes()) == []


def test_intervals_of_another_model_are_not_compared(library, add_seen):
    """Vectors of other weights mean something else."""
    add_seen("a.mp4", seen(0), seen(), model="0" * 64)
    assert library.search("red", embedder=Axes()) == []


def test_a_removed_video_is_not_found(library, add_seen):
    """What was shown in a removed video is gone from every search."""
    film = add_seen("a.mp4", seen(0), seen())
    library.remove(film.id)
    assert library.search("red a", embedder=Axes()) == []


@pytest.mark.parametrize(
    "vectors",
    [
        b"",
        b"x",
        b"\0" * 3,
        b"\xff\x7f" * WIDTH,
        np.full(WIDTH, np.inf, "<f2").tobytes(),
        np.full(WIDTH, 6e4, "<f2").tobytes(),
    ],
)
def test_vectors_of_strangers_disturb_nobody(library, add_seen, vectors):
    """Vectors of another width, NaN and infinity neither fail a search nor win it."""
    add_seen("bad.mp4", vectors)
    film = add_seen("a.mp4", seen(), seen(0), seen())
    assert found(library.search("red", embedder=Axes()))[0] == (film.id, "interval", 10.0)


@pytest.mark.parametrize(("text", "limit"), [("", 5), ("  !?", 5), ("x" * 5000, 5), ("red", 0)])
def test_a_search_for_nothing_is_refused(library, text, limit):
    """No word, too many characters, and no hits wanted."""
    with pytest.raises(UsageError):
        library.search(text, limit=limit)


@given(st.text(max_size=60))
def test_words_of_strangers_are_only_words(text):
    """Whatever is typed is looked for, and never read as a query language."""
    from videoxl.library.search import _share, _words

    words = _words(text)
    assert all(word.isprintable() for word in words)
    if words:
        assert _share(words, text) == 1.0


def test_a_short_sight_does_not_drown(vxl):
    """Of an interval of one colour with another for two frames, both have a vector; a still one has equally many."""
    frames = torch.zeros(8, 4, WIDTH)
    frames[..., 0] = 1.0
    still = np.frombuffer(interval_vectors(frames.flatten(0, 1), 8), VECTOR_TYPE).reshape(-1, WIDTH)
    frames[5:7] = 0.0
    frames[5:7, :, 1] = 1.0
    mixed = np.frombuffer(interval_vectors(frames.flatten(0, 1), 8), VECTOR_TYPE).reshape(-1, WIDTH)
    assert len(still) == len(mixed) == NUM_VECTORS
    assert np.allclose(np.linalg.norm(mixed, axis=1), 1.0, atol=1e-3)
    assert mixed[:, 1].max() == 1.0
    assert mixed[:, 0].max() > 0.9


def test_words_become_vectors_once_each(vxl):
    """A text has one unit vector a known word; unknown words and control tokens have none."""
    embedder = TextEmbedder(vxl)
    assert embedder.model_fingerprint == vxl.fingerprint
    assert len(embedder.embed("cat dog cat")) == 2
    assert len(embedder.embed("zebra")) == len(embedder.embed("")) == len(embedder.embed("<|im_end|>")) == 0
    assert np.allclose(np.linalg.norm(embedder.embed("what appears"), axis=1), 1.0, atol=1e-5)


def test_a_watched_film_can_be_searched(library, vxl, watch, make_film):
    """What a worker keeps of each interval is as wide as the model's words, for every interval."""
    entry = watch(make_film(25))
    hits = library.search("cat", embedder=TextEmbedder(vxl))
    assert {hit.entry_id for hit in hits} <= {entry.id}


@pytest.mark.slow
def test_nano_finds_an_inserted_picture_by_its_name(library):
    """In the demo film, the interval with the inserted picture comes first, by its name and in a whole question."""
    from videoxl.engine import load
    from videoxl.library import WatchSettings
    from videoxl.library.worker import work_on
    from videoxl.synth.demo import DEMO
    from videoxl.video import SampleConfig

    nano = load("nano", device="cpu")
    chosen = WatchSettings.of(nano.watch_config(SampleConfig(fps=1.0), 16))
    library.add(DEMO, chosen, model_name=nano.name, model_fingerprint=nano.fingerprint)
    work_on(library.lease("worker", SECONDS), library, nano)
    for text in ("blowfish", "when does the blowfish appear?"):
        best = library.search(text, embedder=TextEmbedder(nano))[0]
        assert (best.kind, best.start_seconds) in {("interval", 48.0), ("interval", 56.0)}
