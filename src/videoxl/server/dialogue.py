"""A chat as the model takes it: videos in front, turns behind them, and one question that is to be answered.

The videos of all messages come first, in their order: a memory stands before every question on it. Instructions of the
system stand in front of the first question, for a memory's own prompt is part of it and cannot be changed any more.
"""

from dataclasses import dataclass

from videoxl.server.problem import Problem
from videoxl.server.protocol.chat import MediaPart, Message


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What a chat asks, and about what."""

    media: tuple[MediaPart, ...]
    history: tuple[tuple[str, str], ...]
    question: str


def dialogue(messages: list[Message]) -> Dialogue:
    """Raises Problem (400) where the messages are no chat that can be answered."""
    instructions = [message.text for message in messages if message.role in ("system", "developer")]
    turns = [message for message in messages if message.role in ("user", "assistant")]
    if any(message.media for message in messages if message.role != "user"):
        raise _refused("videos and pictures belong into messages of the user")
    if not turns or turns[-1].role != "user":
        raise _refused("the last message has to be the user's, for that is what is answered")
    if turns[0].role != "user":
        raise _refused("the first message has to be the user's; an answer without a question has no place")
    questions: list[str] = []
    answers: list[str] = []
    for turn in turns:
        place = questions if turn.role == "user" else answers
        if len(questions) - len(answers) == (1 if turn.role == "user" else 0):  # said in two messages
            place[-1] = f"{place[-1]}\n{turn.text}"
        else:
            place.append(turn.text)
    questions[0] = "\n".join(text for text in [*instructions, questions[0]] if text)
    if not questions[-1].strip():
        raise _refused("the last message has no words; ask something")
    media = tuple(part for message in messages for part in message.media)
    return Dialogue(media, tuple(zip(questions[:-1], answers, strict=True)), questions[-1])


def _refused(reason: str) -> Problem:
    return Problem(400, f"{reason}.", code="invalid_value", param="messages")
