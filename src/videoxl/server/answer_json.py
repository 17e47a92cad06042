"""An answer as our own routes say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from videoxl.library import Question


def answer_json(
    answer: Mapping[str, Any], *, question_id: int | None, watched_until: float | None = None
) -> dict[str, Any]:
    """Args: answer: As `Answer.to_json` gives it."""
    return {
        "object": "answer",
        "id": None if question_id is None else str(question_id),
        "question": answer["question"],
        "text": answer["text"],
        "evidence": evidence_json(answer),
        "finished": answer["finished"],
        "unknown_words": list(answer["unknown_words"]),
        "usage": answer["usage"],
        "timings": answer["timings"],
        "watched_until": watched_until,
    }


def evidence_json(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where an answer comes from, best first."""
    return [
        {
            "start": moment["start_seconds"],
            "stop": moment["stop_seconds"],
            "score": moment["score"],
            "source": moment["source"],
        }
        for moment in answer["evidence"]
    ]


def question_json(question: Question) -> dict[str, Any]:
    """A question that was asked before."""
    return {**answer_json(question.answer, question_id=question.id), "created_at": question.asked_at}


@dataclass(frozen=True, slots=True)
class KeptMoment:
    """Where a kept answer comes from."""

    start_seconds: float
    stop_seconds: float
    score: float
    source: int


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that the library kept, as exports read it."""

    question: str
    text: str
    evidence: tuple[KeptMoment, ...]

    @classmethod
    def of(cls, question: Question) -> "KeptAnswer":
        """The answer of a question that was asked before."""
        moments = tuple(KeptMoment(**moment) for moment in question.answer["evidence"])
        return cls(question.text, question.answer["text"], moments)
