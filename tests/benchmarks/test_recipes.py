"""What the measurement of recipes counts, shown on documents whose truth is plain."""

import numpy as np

from benchmarks import recipes
from videoxl.export import Document, Marker, Video
from videoxl.synth.script import random_film


def document(*markers: Marker) -> Document:
    """Moments of a short film."""
    return Document("t", (Video("film"),), markers)


def test_a_moment_counts_where_it_meets_what_is_shown():
    """A second of slack is given on either side, and a name counts only where it is the right one."""
    found = document(Marker(0, 8, "drum"), Marker(16, 24, "apple"), Marker(100, 108, "drum"))
    assert recipes.moments(found, [(9.0, 10.0)]) == 1
    assert recipes.moments(found, [(9.1, 10.0)]) == 0
    assert recipes.moments(found, [(5.0, 6.0), (20.0, 21.0)], text="drum") == 1


def test_times_near_cuts_are_counted():
    """Two seconds from a cut is near, more is not."""
    assert recipes.is_near(10.0, [12.0, 50.0])
    assert not recipes.is_near(10.0, [12.1, 50.0])


def test_a_recipe_that_finds_everything_and_one_thing_more(monkeypatch):
    """Found, named and false are counted from the facts, whatever finds the moments."""
    film = random_film(np.random.default_rng(1), seconds=60, num_needles=2, split="validation")
    one, other = film.facts.needles
    truth = document(
        Marker(one.start_seconds, one.stop_seconds, one.name),
        Marker(other.start_seconds, other.stop_seconds, "something else"),
        *([Marker(0, 0.5, "nothing")] if one.start_seconds > 2 else []),
    )
    monkeypatch.setattr(recipes, "run_recipe", lambda *_, **__: truth)
    watched = recipes.Watched(film.facts, None, np.random.default_rng(0))
    counts = recipes.of_things(None, "ads", watched)
    assert (counts["shown"], counts["found"], counts["named"]) == (2, 2, 1)
    assert counts["false"] == len(truth.markers) - 2


def test_a_camera_shows_one_shot():
    """Films of a camera have one piece of footage from end to end, and what is laid over it."""
    film = recipes.draw_film(np.random.default_rng(0), "camera", "validation")
    assert len(film.facts.shots) == 1
    assert {needle.kind for needle in film.facts.needles} == {"edit"}
