"""Text cards: a framed board with one word on it, laid over the film.

A card's name is its word. The words are nouns that nobody can draw, so that a card is never taken for a picture.

Shapes: H height, W width.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from videoxl.synth.procedural import font

CARD_WORDS = (
    *("answer", "autumn", "beginning", "birthday", "chapter", "choice", "courage", "danger", "december", "decision"),
    *("ending", "evening", "freedom", "friday", "future", "harmony", "history", "holiday", "journey", "justice"),
    *("kingdom", "lesson", "luck", "magic", "meeting", "midnight", "monday", "morning", "mystery", "nonsense"),
    *("opinion", "palace", "patience", "peace", "problem", "promise", "reason", "season", "secret", "silence"),
    *("spring", "station", "story", "summer", "theory", "tomorrow", "victory", "welcome", "winter", "wonder"),
)
CARD_WIDTH = (0.5, 0.8)  # of the frame's width
CARD_HEIGHT = (0.34, 0.55)  # of the frame's height
INK_SHARE = 0.8  # of the board's width that the word may take
MAX_TURN_DEGREES = 6.0
LEAST_CONTRAST = 110  # levels between ink and paper, in grey
DRAWN_LARGER = 2  # drawn at this scale, so that edges come out smooth


def render_card(word: str, scene_HW3: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The scene with a card over it, uint8 (H, W, 3); board, colours, turn and place drawn from the generator."""
    height, width = scene_HW3.shape[:2]
    size = (round(generator.uniform(*CARD_WIDTH) * width), round(generator.uniform(*CARD_HEIGHT) * height))
    board = _board(word, generator, (DRAWN_LARGER * size[0], DRAWN_LARGER * size[1]))
    board = board.rotate(generator.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES), Image.Resampling.BICUBIC, expand=True)
    board = board.resize((min(width, board.width // DRAWN_LARGER), min(height, board.height // DRAWN_LARGER)))
    frame = Image.fromarray(scene_HW3)
    across, down = generator.uniform(0, 1, size=2)
    frame.paste(board, (round(across * (width - board.width)), round(down * (height - board.height))), mask=board)
    return np.array(frame)


def _board(word: str, generator: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    paper, ink = _colours(generator)
    edge = tuple(int(level) for level in generator.integers(0, 256, size=3))
    board = Image.new("RGBA", size, (*paper, 255))
    draw = ImageDraw.Draw(board)
    draw.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=(*edge, 255), width=max(2, min(size) // 16))
    text = word.upper() if generator.random() < 0.5 else word
    letters = font(_letter_height(text, size))
    draw.text((size[0] / 2, size[1] / 2), text, fill=(*ink, 255), font=letters, anchor="mm")
    return board


def _letter_height(text: str, size: tuple[int, int]) -> int:
    """As large as the board allows in both directions."""
    tried = size[1] // 2
    length = font(tried).getlength(text)
    return max(8, min(tried, int(tried * INK_SHARE * size[0] / length)))


def _colours(generator: np.random.Generator) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Paper and ink that can be told apart without colour; the ink is turned over where they cannot."""
    paper, ink = ([int(level) for level in row] for row in generator.integers(0, 256, size=(2, 3)))
    if abs(sum(paper) - sum(ink)) < 3 * LEAST_CONTRAST:
        ink = [0, 0, 0] if sum(paper) > 3 * 127 else [255, 255, 255]
    return (paper[0], paper[1], paper[2]), (ink[0], ink[1], ink[2])
