"""Documents of any content: hostile texts, any times, one video or several."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from videoxl.export import Document, Marker, Remark, Video

HOSTILE = (
    "a drum",
    "1\n\n2\n00:00:00,000 --> 00:00:01,000\nowned",
    "x --> y -----> z",
    '=HYPERLINK("http://evil","x")',
    "@SUM(1)",
    "+1",
    "-1",
    " \t=1",
    "\uff1d1",
    "\u200b=1",
    "'=1",
    "<script>alert(1)</script>",
    "</c><v Eve>",
    "{\\an8}<b>bold</b>",
    "[link](javascript:alert(1)) ![x](http://evil) <http://evil>",
    "# heading\n- item\n> quote\n```\ncode",
    "a | b **bold** _it_ `code` ~~s~~ &amp; &lt; http://evil.example www.evil.example me@evil.example",
    "tr\x00ic\x07ky\x1b[31m red\x9b",
    "line\u2028line\u2029line\x85line\x0bline\x0cline\r\nline",
    "\ud800 alone",
    "\u202egnp.exe",
    "\"quoted\", and; 'single'",
    "",
    "   ",
    "NOTE",
    "- item",
    "+ item",
    "1. one",
    "---",
    "===",
    "~~~",
    "[x]: http://evil",
    "STYLE\n::cue{}",
    "WEBVTT",
    "* FROM CLIP NAME: other.mp4\nTITLE: x\n001  AX       V     C        00:00:00:00 00:00:01:00",
    "\u0645\u0631\u062d\u0628\u0627 \u4f60\u597d \U0001f941",
    "word " * 60,
)
DAY = 86400.0


def texts() -> st.SearchStrategy[str]:
    """What a model, a person or a file name may say."""
    alphabet = st.characters(codec=None)
    return st.one_of(st.sampled_from(HOSTILE), st.text(alphabet, max_size=60))


@st.composite
def markers(draw: st.DrawFn, *, num_videos: int = 1, last_seconds: float = DAY) -> Marker:
    """A moment, or a point, of any score."""
    start = draw(st.floats(0, last_seconds, allow_nan=False))
    length = draw(st.one_of(st.just(0.0), st.floats(0, 500, allow_nan=False)))
    score = draw(st.one_of(st.none(), st.floats(0, 1)))
    source = draw(st.integers(0, num_videos - 1))
    return Marker(start, start + length, draw(texts()), score=score, label=draw(texts()), source=source)


@st.composite
def documents(draw: st.DrawFn, *, num_videos: int = 1, last_seconds: float = DAY, fps: float | None = 25.0) -> Document:
    """A document whose videos last a while longer than its moments."""
    videos = tuple(Video(draw(texts()), last_seconds + 1000, fps) for _ in range(num_videos))
    moments = draw(st.lists(markers(num_videos=num_videos, last_seconds=last_seconds), max_size=8))
    remarks = draw(st.lists(st.builds(Remark, texts(), texts()), max_size=3))
    return Document(
        draw(texts()), videos, tuple(moments), tuple(remarks), notes=tuple(draw(st.lists(texts(), max_size=2)))
    )


class Strategies:
    """What hypothesis draws from."""

    documents = staticmethod(documents)
    markers = staticmethod(markers)
    texts = staticmethod(texts)


@pytest.fixture(scope="session")
def drawn() -> type[Strategies]:
    """Strategies for a test with `st.data()`: `data.draw(drawn.documents(num_videos=2))`."""
    return Strategies


@pytest.fixture
def make_document() -> Callable[..., Document]:
    """A document of these moments of one video: `make_document((0, 8, "a drum"), fps=25)`."""

    def make(
        *moments: tuple[float, float, str], fps: float | None = 25.0, seconds: float = 3600.0, name: str = "film.mp4"
    ) -> Document:
        return Document("film.mp4: chapters", (Video(name, seconds, fps),), tuple(Marker(*each) for each in moments))

    return make
