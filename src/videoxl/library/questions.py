"""What was asked about memories, and answered."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from videoxl.library.entries import update_entry
from videoxl.library.entry import Question

MOST_QUESTIONS = 1000  # of one memory; the oldest make room


def note_question(connection: sqlite3.Connection, entry_id: str, answer: Mapping[str, Any], *, now: float) -> Question:
    """Write an answer (as `Answer.to_json` gives it) down with its entry."""
    text, said = str(answer["question"]), json.dumps(answer)
    cursor = connection.execute(
        "INSERT INTO question (entry_id, text, answer, asked_at) VALUES (?, ?, ?, ?)",
        (entry_id, text, said, now),
    )
    assert cursor.lastrowid is not None
    update_entry(connection, entry_id, asked_at=now)
    connection.execute(
        """
        DELETE FROM question WHERE entry_id = ? AND id <= (
            SELECT id FROM question WHERE entry_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
        """,
        (entry_id, entry_id, MOST_QUESTIONS),
    )
    return Question(id=cursor.lastrowid, entry_id=entry_id, text=text, answer=json.loads(said), asked_at=now)


def read_questions(connection: sqlite3.Connection, entry_id: str) -> list[Question]:
    """All that is remembered of an entry's questions, the oldest first."""
    rows = connection.execute("SELECT * FROM question WHERE entry_id = ? ORDER BY id", (entry_id,))
    return [as_question(row) for row in rows]


def as_question(row: sqlite3.Row) -> Question:
    """A question from a row of the catalogue."""
    return Question(
        id=row["id"],
        entry_id=row["entry_id"],
        text=row["text"],
        answer=json.loads(row["answer"]),
        asked_at=row["asked_at"],
    )
