"""Cards, shapes and advertisements: seen, told apart, and drawn as their names say."""

import numpy as np
import pytest

from videoxl.errors import UsageError
from videoxl.synth.advert import BANNER_HEIGHT, render_advert
from videoxl.synth.card import CARD_HEIGHT, CARD_WIDTH, CARD_WORDS, LEAST_CONTRAST, render_card
from videoxl.synth.pictures import PictureSet
from videoxl.synth.shape import COLOURS, FORMS, SHAPE_NAMES, SIZE, _stamp, render_shape
from videoxl.synth.splits import split_generator

WIDTH, HEIGHT = 320, 180
SCENE = np.random.default_rng(0).integers(0, 256, size=(HEIGHT, WIDTH, 3), dtype=np.uint8)


def covered(frame: np.ndarray) -> np.ndarray:
    """Where a frame is not the scene."""
    return (frame != SCENE).any(axis=2)


def test_a_card_covers_a_third_of_the_height() -> None:
    """The board takes the share of the frame that it should, and what it does not cover is the film's own."""
    for seed in range(20):
        is_card = covered(render_card("silence", SCENE, split_generator("train", seed)))
        rows, columns = np.flatnonzero(is_card.any(axis=1)), np.flatnonzero(is_card.any(axis=0))
        assert np.ptp(rows) + 1 >= CARD_HEIGHT[0] * HEIGHT - 2
        assert np.ptp(columns) + 1 >= CARD_WIDTH[0] * WIDTH - 2
        assert is_card.mean() >= 0.9 * CARD_WIDTH[0] * CARD_HEIGHT[0]
        assert is_card.mean() < 0.7


def test_a_card_can_be_read() -> None:
    """Every word fits on its board, and its ink stands out from the paper in grey, too."""
    flat = np.full((HEIGHT, WIDTH, 3), 127, np.uint8)
    for seed, word in enumerate(CARD_WORDS):
        blank, written = (render_card(text, flat, split_generator("test", seed)) for text in (" ", word))
        is_ink = (blank != written).any(axis=2)
        ink, paper = (frame.astype(int).mean(axis=2) for frame in (written, blank))
        assert np.abs(ink - paper)[is_ink].max() >= 0.9 * LEAST_CONTRAST, word
        assert is_ink.sum() >= 40 * len(word)
        board, letters = (np.flatnonzero(mask.any(axis=0)) for mask in ((blank != 127).any(axis=2), is_ink))
        margin = 0.03 * np.ptp(board)
        assert board[0] + margin <= letters[0] <= letters[-1] <= board[-1] - margin, word


def test_cards_differ_by_word_and_by_seed() -> None:
    """Another word on the same board, or the same word from another split, is another picture."""
    cards = [
        render_card(word, SCENE, split_generator(split, seed)).tobytes()
        for word in ("reason", "season")
        for split in ("train", "test")
        for seed in (0, 1)
    ]
    assert len(set(cards)) == len(cards)
    assert render_card("reason", SCENE, split_generator("train", 0)).tobytes() == cards[0]


@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_a_shape_has_its_colour(name: str) -> None:
    """Most of what a shape covers has the colour that its name says, wherever it has moved to."""
    for seconds in (0.0, 1.3, 50.0):
        frame = render_shape(name, SCENE, split_generator("train", 4), seconds=seconds)
        is_shape = covered(frame)
        assert (frame[is_shape] == COLOURS[name.split()[0]]).all(axis=1).mean() > 0.55
        assert is_shape.sum() > 0.25 * (SIZE[0] * HEIGHT) ** 2


def test_shapes_move_and_stay_in_the_frame() -> None:
    """From second to second a shape is somewhere else, and after a minute it is still whole."""
    for seed in range(10):
        masks = [
            covered(render_shape("red circle", SCENE, split_generator("test", seed), seconds=t)) for t in (0, 1, 60)
        ]
        assert not np.array_equal(masks[0], masks[1])
        assert masks[2].sum() == pytest.approx(masks[0].sum(), rel=0.02)


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_symmetric(form: str) -> None:
    """A form that points right is its own mirror image; it covers its middle, and no two forms are alike."""
    stamp = np.asarray(_stamp(form, 64, 0.0)).astype(int)
    assert np.abs(stamp - stamp[::-1]).mean() < 4
    assert stamp[32, 32] == 255
    others = [np.asarray(_stamp(other, 64, 0.0)).astype(int) for other in FORMS if other != form]
    assert all(np.abs(stamp - other).mean() > 20 for other in others)


def test_an_advertisement_shows_the_picture_and_a_banner() -> None:
    """The frame is filled; the banner, above or below, has its share of it and one colour but for the slogan."""
    picture = next(iter(PictureSet.builtin()))
    places = set()
    for seed in range(12):
        frame = render_advert(picture, SCENE, split_generator("train", seed), (WIDTH, HEIGHT))
        assert frame.shape == (HEIGHT, WIDTH, 3)
        least = int(BANNER_HEIGHT[0] * HEIGHT)
        sides = {"above": frame[:least], "below": frame[-least:]}
        plain = {side for side, rows in sides.items() if (rows == rows[:, :1]).all(axis=2).mean() > 0.7}
        assert plain
        places |= plain
    assert places == {"above", "below"}


def test_a_shape_that_is_none_is_refused() -> None:
    """A colour or a form that nobody can draw is refused with those that there are."""
    for name in ("red", "red dog", "grey circle", ""):
        with pytest.raises(UsageError, match="is no shape; expected a colour of red, green"):
            render_shape(name, SCENE, split_generator("train", 0), seconds=0.0)
