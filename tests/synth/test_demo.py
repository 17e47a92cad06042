"""The films of the demo, as the facts say them; what a model makes of them is no matter here."""

import numpy as np

from videoxl.synth.demo import DEMO, hour_film, hour_source
from videoxl.synth.facts import FilmFacts

VISIBLE_DIFFERENCE = 2.0  # mean 8-bit levels; an edit covers a tenth of the frame or more


def test_the_hour_shows_a_handful_of_pictures_one_of_them_over_the_footage() -> None:
    """3,600 seconds of unseen footage, five names once each, all of them visible at whole seconds."""
    film = hour_film()
    needles = film.facts.needles
    assert (film.facts.seconds, film.facts.split, len(film.times())) == (3600.0, "test", 3600)
    assert sorted(needle.kind for needle in needles) == ["edit"] + 4 * ["insert"]
    assert len({needle.name for needle in needles}) == 5
    for needle in needles:
        seconds = float(np.ceil(needle.start_seconds))
        assert needle.covers(seconds)
        assert np.abs(film.frame(seconds).astype(int) - film.scene(seconds)).mean() > VISIBLE_DIFFERENCE


def test_the_hour_is_the_same_film_every_time() -> None:
    """Two draws have one fingerprint, so that a memory of it is found again."""
    assert hour_source().fingerprint() == hour_source().fingerprint()
    assert hour_source().info.name == "demo-hour"


def test_the_hour_shows_other_pictures_than_the_short_film() -> None:
    """What was just seen in the one cannot answer for the other."""
    short = {needle.name for needle in FilmFacts.open(DEMO.with_suffix(".json")).needles}
    assert not short & {needle.name for needle in hour_film().facts.needles}
