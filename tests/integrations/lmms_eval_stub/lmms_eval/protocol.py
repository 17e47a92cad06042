"""Chat messages, read from the plain dicts that tasks give. There they are pydantic models."""

from dataclasses import dataclass
from typing import Any

KINDS = ("text", "image", "video", "audio")


@dataclass
class Part:
    """Text, or a medium by its url, which may be anything."""

    type: str
    text: str | None = None
    url: Any = None
    start_time: float | None = None
    end_time: float | None = None

    def __post_init__(self) -> None:
        if self.type not in KINDS or (self.text is None) == (self.type == "text"):
            raise ValueError(f"no part of a message: {self}")


@dataclass
class Message:
    """What one side says."""

    role: str
    content: list[Part]


class ChatMessages:
    """A whole chat."""

    def __init__(self, *, messages: list[dict]) -> None:
        self.messages = [Message(each["role"], [Part(**part) for part in each["content"]]) for each in messages]
