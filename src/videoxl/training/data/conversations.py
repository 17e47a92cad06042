"""LLaVA's way of writing an example, read as ours.

    {"id": "7", "video": "a.mp4", "conversations": [{"from": "human", "value": "<video>\\nWhat is it?"},
     {"from": "gpt", "value": "A dog."}]}

`image` and `video` are a path or a list of paths, and `<image>` and `<video>` stand for them in order; where there are
only videos, `<image>` stands for one too, as it does in LLaVA-Video's files. A single placeholder is moved in front of
its message, as all releases of that family do. Other keys of such files are of no concern to us.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from videoxl.errors import ExampleError
from videoxl.training.data.example import (
    QUESTIONS,
    Example,
    ImagePart,
    MediaPart,
    Message,
    Part,
    Role,
    TextPart,
    VideoPart,
    example_id,
)

SPEAKERS = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
PLACEHOLDER = re.compile("(<image>|<video>)")


def parse_conversations(record: Mapping[str, Any], *, source: str = "", default_id: str = "") -> Example:
    """The example of one record; `default_id` where it has no id.

    Raises:
        ExampleError: Names the first mistake.
    """
    turns = record["conversations"]
    if not isinstance(turns, list):
        raise ExampleError(f"conversations is {type(turns).__name__}: expected a list of turns.")
    images, videos = _paths(record, "image"), _paths(record, "video")
    queues: dict[str, list[MediaPart]] = {
        "<image>": [ImagePart(path) for path in images] or [VideoPart(path) for path in videos],
        "<video>": [VideoPart(path) for path in videos],
    }
    queues["<video>"] = queues["<image>"] if not images else queues["<video>"]
    said = [_said(turn, number) for number, turn in enumerate(turns, start=1)]
    _check_placeholders([text for role, text in said if role == "user"], len(images), len(videos))
    messages = tuple(Message(role, _parts(role, text, queues)) for role, text in said)
    questions = record.get("questions", "conversation")
    if questions not in QUESTIONS:
        raise ExampleError(f"questions is {questions!r}: expected {' or '.join(map(repr, QUESTIONS))}.")
    given_id = example_id(record["id"]) if record.get("id") not in (None, "") else default_id
    return Example(given_id, messages, source, questions == "apart")


def _said(turn: Any, number: int) -> tuple[Role, str]:
    if not isinstance(turn, Mapping) or not {"from", "value"} <= set(turn):
        raise ExampleError(f"turn {number} of conversations has not the keys 'from' and 'value'.")
    speaker, text = turn["from"], turn["value"]
    if not isinstance(speaker, str) or speaker not in SPEAKERS:
        near = difflib.get_close_matches(str(speaker), SPEAKERS, n=1, cutoff=0)[0]
        raise ExampleError(f"turn {number} is from {speaker!r}; did you mean {near!r}?")
    if not isinstance(text, str):
        raise ExampleError(f"turn {number} has a value of type {type(text).__name__}: expected a text.")
    return cast(Role, SPEAKERS[speaker]), text


def _paths(record: Mapping[str, Any], key: str) -> list[str]:
    value = record.get(key)
    paths = [] if value in (None, "", []) else [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
        raise ExampleError(f"{key} is {value!r}: expected a path or a list of paths.")
    return paths


def _check_placeholders(texts: Sequence[str], num_images: int, num_videos: int) -> None:
    found = [place for text in texts for place in PLACEHOLDER.findall(text)]
    wanted = {"<image>": num_images, "<video>": num_videos}
    if not num_images:  # either placeholder stands for a video
        found, wanted = ["<video>"] * len(found), {"<video>": num_videos}
    for place, number in wanted.items():
        if found.count(place) != number:
            kind = place.strip("<>")
            raise ExampleError(
                f"the human's turns have {found.count(place)} {place} and the record has {number} paths under "
                f"{kind!r}: expected one placeholder for each path."
            )


def _parts(role: Role, text: str, queues: Mapping[str, list[MediaPart]]) -> tuple[Part, ...]:
    if role != "user":
        return (TextPart(text.strip()),)
    pieces = PLACEHOLDER.split(text)
    if len(pieces) == 3:  # one placeholder, with words on either side
        around = [pieces[0].strip(), pieces[2].strip()]
        pieces = ["", pieces[1], "\n".join(words for words in around if words)]
    parts: list[Part] = []
    for piece in pieces:
        if piece in queues:
            parts.append(queues[piece].pop(0))
        elif piece.strip():
            parts.append(TextPart(piece.strip()))
    return tuple(parts)
