"""One training example: a conversation about text, images and videos, and how it is written as JSON.

    {"id": "7", "messages": [{"role": "user", "content": [{"type": "video", "path": "a.mp4", "start": 0, "stop": 60},
     {"type": "image", "path": "b.jpg"}, {"type": "text", "text": "Which is first?"}]},
     {"role": "assistant", "content": "The video."}], "questions": "apart"}

`questions: apart` says that the pairs of question and answer behind the last media do not know of each other: the media
are watched once and all pairs are asked on that memory. Without it they are one conversation.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from videoxl.errors import ExampleError

Role = Literal["system", "user", "assistant"]
ROLES = ("system", "user", "assistant")
QUESTIONS = ("apart", "conversation")
PART_KEYS = {
    "text": ("type", "text"),
    "image": ("type", "path"),
    "video": ("type", "path", "start", "stop"),
}
"""Keys of a part of each type; all but `start` and `stop` are needed."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A still image: a path beside the data file, or the name of a member of the same shard."""

    path: str


@dataclass(frozen=True, slots=True)
class VideoPart:
    """A video, or the part of it between two moments."""

    path: str
    start_seconds: float | None = None
    stop_seconds: float | None = None


MediaPart = ImagePart | VideoPart
Part = TextPart | MediaPart


@dataclass(frozen=True, slots=True)
class Message:
    """What one side says; only the user shows media."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def media(self) -> tuple[MediaPart, ...]:
        """Images and videos of this message, in order."""
        return tuple(part for part in self.parts if not isinstance(part, TextPart))

    @property
    def text(self) -> str:
        """All words of this message."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation to learn from: user and assistant in turn, perhaps a system message before.

    `apart`: the pairs behind the last media are separate questions on one memory.
    """

    id: str
    messages: tuple[Message, ...]
    source: str = ""
    apart: bool = False

    def __post_init__(self) -> None:
        _check_turns(self.messages)
        _check_unicode(self.messages)
        if self.apart:
            _check_apart(self.messages)

    @property
    def media(self) -> tuple[MediaPart, ...]:
        """Images and videos of the whole example, in order."""
        return tuple(part for message in self.messages for part in message.media)

    @property
    def num_questions(self) -> int:
        """How many answers it teaches."""
        return sum(message.role == "assistant" for message in self.messages)


def parse_example(record: Any, *, source: str = "") -> Example:
    """The example that a JSON object describes.

    Raises:
        ExampleError: Names the first mistake, and the nearest known key for one that is not known.
    """
    record = _object(record, "an example")
    check_keys(record, ("id", "messages", "questions"), needed=("id", "messages"), where="the example")
    questions = record.get("questions", "conversation")
    if questions not in QUESTIONS:
        raise ExampleError(f"questions is {questions!r}: expected {' or '.join(map(repr, QUESTIONS))}.")
    messages = record["messages"]
    if not isinstance(messages, list):
        raise ExampleError(f"messages is {_shown(messages)}: expected a list of messages.")
    parsed = tuple(_message(message, f"message {number}") for number, message in enumerate(messages, start=1))
    return Example(example_id(record["id"]), parsed, source, questions == "apart")


def example_json(example: Example) -> dict[str, Any]:
    """The JSON object that `parse_example` reads as this example."""
    messages = [
        {
            "role": message.role,
            "content": message.text if not message.media else [_part_json(part) for part in message.parts],
        }
        for message in example.messages
    ]
    record: dict[str, Any] = {"id": example.id, "messages": messages}
    return {**record, "questions": "apart"} if example.apart else record


def check_keys(record: Mapping[str, Any], known: Sequence[str], *, needed: Sequence[str], where: str) -> None:
    """Refuse keys that nobody reads, and the absence of those that somebody must."""
    for key in record:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0)[0]
            raise ExampleError(f"{where} has the unknown key {key!r}; did you mean {near!r}?")
    for key in needed:
        if key not in record:
            raise ExampleError(f"{where} has no key {key!r}: expected {', '.join(map(repr, known))}.")


def example_id(value: Any) -> str:
    """An id as text; whole numbers are taken too."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise ExampleError(f"the id is {_shown(value)}: expected a short text or a number that names the example.")
    return str(value)


def _message(value: Any, where: str) -> Message:
    record = _object(value, where)
    check_keys(record, ("role", "content"), needed=("role", "content"), where=where)
    role, content = record["role"], record["content"]
    if role not in ROLES:
        raise ExampleError(f"{where} has the role {_shown(role)}: expected one of {', '.join(ROLES)}.")
    if isinstance(content, str):
        return Message(role, (TextPart(content),))
    if not isinstance(content, list):
        raise ExampleError(f"{where} has the content {_shown(content)}: expected a text or a list of parts.")
    return Message(role, tuple(_part(part, f"part {n} of {where}") for n, part in enumerate(content, start=1)))


def _part(value: Any, where: str) -> Part:
    record = _object(value, where)
    kind = record.get("type")
    if not isinstance(kind, str) or kind not in PART_KEYS:
        raise ExampleError(f"{where} has the type {_shown(kind)}: expected one of {', '.join(PART_KEYS)}.")
    check_keys(record, PART_KEYS[kind], needed=PART_KEYS[kind][:2], where=where)
    said = record[PART_KEYS[kind][1]]
    if not isinstance(said, str) or (kind != "text" and not said):
        raise ExampleError(f"{where} has the {PART_KEYS[kind][1]} {_shown(said)}: expected a text.")
    if kind == "text":
        return TextPart(said)
    if kind == "image":
        return ImagePart(said)
    start, stop = (_seconds(record.get(key), f"{key} of {where}") for key in ("start", "stop"))
    if stop is not None and stop <= (start or 0.0):
        raise ExampleError(
            f"{where} stops at {stop:g} s and starts at {start or 0:g} s: expected a start before its stop."
        )
    return VideoPart(said, start, stop)


def _seconds(value: Any, where: str) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:
        raise ExampleError(f"{where} is {_shown(value)}: expected seconds, 0 or more.")
    return float(value)


def _check_turns(messages: Sequence[Message]) -> None:
    """System at most once and first; then user and assistant in turn, the assistant last; words where words belong."""
    turns = messages[1:] if messages and messages[0].role == "system" else messages
    expected = ["user", "assistant"] * (len(turns) // 2)
    roles = [message.role for message in turns]
    if not turns or roles != expected:
        raise ExampleError(
            f"the roles are {', '.join(roles) or 'missing'}: expected user and assistant in turn, the assistant last, "
            "and nothing before them but one system message."
        )
    for number, message in enumerate(messages, start=1):
        if message.role != "user" and message.media:
            raise ExampleError(f"message {number} is the {message.role}'s and has media: only the user shows media.")
        if message.role != "system" and not message.media and not message.text.strip():
            raise ExampleError(f"message {number}, the {message.role}'s, is empty: expected words.")


def _check_unicode(messages: Sequence[Message]) -> None:
    """JSON can hold half a character (an unpaired surrogate), and no tokenizer or file system can."""
    for number, message in enumerate(messages, start=1):
        for part in message.parts:
            text = part.text if isinstance(part, TextPart) else part.path
            if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
                raise ExampleError(f"message {number} holds half a character (an unpaired surrogate): mend its text.")


def _check_apart(messages: Sequence[Message]) -> None:
    last = max((index for index, message in enumerate(messages) if message.media), default=None)
    if last is None:
        raise ExampleError("questions is 'apart' and there is no media to ask about: leave it out, or add the media.")
    if isinstance(messages[last].parts[-1], TextPart) and messages[last].parts[-1].text.strip():
        return
    raise ExampleError(
        "questions is 'apart' and no words stand behind the last media: the first question must, or all other "
        "questions would know of it."
    )


def _part_json(part: Part) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, ImagePart):
        return {"type": "image", "path": part.path}
    times = {"start": part.start_seconds, "stop": part.stop_seconds}
    return {"type": "video", "path": part.path} | {key: value for key, value in times.items() if value is not None}


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ExampleError(f"{where} is {_shown(value)}: expected a JSON object.")
    return value


def _shown(value: Any) -> str:
    """A value short enough for a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
