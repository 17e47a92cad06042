"""Places in a library that have to do with some words: by what was written about them, and by what they show.

Everything is compared with everything (a thousand hours take about a second); an index would be the next step.

V vectors of all intervals, T tokens of the query, D hidden width.
"""

import heapq
import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from videoxl.errors import UsageError
from videoxl.library.entry import Hit, HitKind

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEAST_SIGHT = 0.4  # above the library's average; chosen on films so that few names that are not shown reach it
ROWS_AT_ONCE = 4096
MOST_WORDS = 64
MOST_CHARACTERS = 4000
LEAST_SHARE = 0.5  # of the words; a text that holds only "the" and "is" of a question has nothing to do with it
VECTOR_TYPE = "<f2"

_WORD = re.compile(r"\w+")
_VECTORS = """
    SELECT i.entry_id, i.number, i.vectors FROM interval i JOIN entry e ON e.id = i.entry_id
    WHERE e.removed_at IS NULL AND e.model_fingerprint = ? AND i.vectors IS NOT NULL
"""


class QueryEmbedder(Protocol):
    """A model's sight of words."""

    @property
    def model_fingerprint(self) -> str:
        """Whose intervals the vectors may be compared with."""

    def embed(self, text: str) -> "npt.NDArray[np.float32]":
        """Unit vectors (T, D), one a token that says something; none where nothing is known."""


def search(
    connection: sqlite3.Connection, text: str, *, limit: int, embedder: QueryEmbedder | None, now: float
) -> list[Hit]:
    """Hits of all kinds, the best first; titles before questions and answers before intervals where they tie."""
    words = list(dict.fromkeys(_words(text)))[:MOST_WORDS]
    if not words or len(text) > MOST_CHARACTERS:
        raise UsageError(f"got {len(text)} characters to search for: expected one word or more, in {MOST_CHARACTERS}.")
    if limit < 1:
        raise UsageError(f"limit is {limit}, expected 1 or more.")
    hits = [*_in_titles(connection, words), *_in_questions(connection, words)]
    if embedder is not None:
        hits += _in_intervals(connection, embedder, text, limit)
    return heapq.nsmallest(limit, hits, key=lambda hit: -hit.score)


def _in_titles(connection: sqlite3.Connection, words: list[str]) -> Iterator[Hit]:
    for row in connection.execute("SELECT id, title, source_name FROM entry WHERE removed_at IS NULL"):
        score = _share(words, f"{row['title']} {row['source_name']}")
        if score:
            yield _hit(row["id"], row["title"], "title", row["title"], score)


def _in_questions(connection: sqlite3.Connection, words: list[str]) -> Iterator[Hit]:
    """The latest first; what was asked of a video again, or said of it again at the same moment, is one hit."""
    known: set[tuple[object, ...]] = set()
    rows = connection.execute(
        """
        SELECT q.*, e.title FROM question q JOIN entry e ON e.id = q.entry_id
        WHERE e.removed_at IS NULL ORDER BY q.id DESC
        """
    )
    for row in rows:
        answer = json.loads(row["answer"])
        moment: Mapping[str, Any] = next(iter(answer.get("evidence") or ()), {})
        kinds: tuple[tuple[HitKind, str], ...] = ("question", row["text"]), ("answer", str(answer.get("text", "")))
        for kind, text in kinds:
            key = row["entry_id"], kind, text, moment.get("start_seconds"), moment.get("stop_seconds")
            if key not in known and (score := _share(words, text)):
                known.add(key)
                yield _hit(row["entry_id"], row["title"], kind, text, score, moment)


def _in_intervals(connection: sqlite3.Connection, embedder: QueryEmbedder, text: str, limit: int) -> list[Hit]:
    """Intervals that show one of the words more than the library does on average.

    Every interval is a little like "the" and "picture"; only what is above that says anything about it.
    """
    import numpy as np

    query_TD = embedder.embed(text)
    if not len(query_TD):
        return []
    width_bytes = np.dtype(VECTOR_TYPE).itemsize * query_TD.shape[1]
    places: list[tuple[str, int, int]] = []  # entry, interval, number of vectors
    likeness: list[npt.NDArray[np.float32]] = []
    rows = connection.execute(_VECTORS, (embedder.model_fingerprint,))
    while batch := rows.fetchmany(ROWS_AT_ONCE):
        usable = [row for row in batch if row["vectors"] and len(row["vectors"]) % width_bytes == 0]
        places += [(row["entry_id"], row["number"], len(row["vectors"]) // width_bytes) for row in usable]
        joined = np.frombuffer(b"".join(row["vectors"] for row in usable), VECTOR_TYPE)
        vectors_VD = np.nan_to_num(joined.astype(np.float32), posinf=0.0, neginf=0.0).reshape(-1, query_TD.shape[1])
        # Ours are of unit length already; a stranger's long ones would win every search.
        lengths_V1 = np.linalg.norm(vectors_VD, axis=1, keepdims=True)
        likeness.append((vectors_VD / np.maximum(lengths_V1, 1.0)) @ query_TD.T)
    if not places:
        return []
    likeness_VT = np.concatenate(likeness)
    above_V = (likeness_VT - likeness_VT.mean(axis=0)).max(axis=1)
    starts = np.cumsum([0, *(number for _, _, number in places[:-1])])
    scores = np.maximum.reduceat(above_V, starts)
    best = [int(index) for index in np.argsort(-scores, kind="stable")[:limit] if scores[index] >= LEAST_SIGHT]
    return [_interval_hit(connection, *places[index][:2], float(scores[index])) for index in best]


def _interval_hit(connection: sqlite3.Connection, entry_id: str, number: int, score: float) -> Hit:
    row = connection.execute(
        """
        SELECT e.title, i.start_seconds, i.stop_seconds FROM interval i JOIN entry e ON e.id = i.entry_id
        WHERE i.entry_id = ? AND i.number = ?
        """,
        (entry_id, number),
    ).fetchone()
    return Hit(
        entry_id=entry_id,
        title=row["title"],
        kind="interval",
        text="",
        start_seconds=row["start_seconds"],
        stop_seconds=row["stop_seconds"],
        score=min(1.0, score),
        interval=number,
    )


def _hit(
    entry_id: str, title: str, kind: HitKind, text: str, score: float, moment: Mapping[str, Any] | None = None
) -> Hit:
    moment = moment or {}
    return Hit(
        entry_id=entry_id,
        title=title,
        kind=kind,
        text=text,
        start_seconds=moment.get("start_seconds"),
        stop_seconds=moment.get("stop_seconds"),
        score=score,
    )


def _share(words: list[str], text: str) -> float:
    """How many of the words a text has; a word also counts where it begins one. 0 where they are too few."""
    there = _words(text)
    num_found = sum(any(word.startswith(wanted) for word in there) for wanted in words)
    share = num_found / len(words)
    return share if share >= LEAST_SHARE else 0.0


def _words(text: str) -> list[str]:
    """Words without case and accents."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(character for character in folded if not unicodedata.combining(character)))
