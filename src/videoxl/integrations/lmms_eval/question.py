"""One request of lmms-eval as we ask it: which films are watched, what is asked, how it is answered.

A request holds a function that turns a row of a data set into chat messages. Films are watched before anything is
asked, so text that stands before a film is asked behind it, with all other text, in order.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from videoxl.errors import UsageError
from videoxl.integrations.lmms_eval.answering import Answering
from videoxl.video import Watchable

FILE_URL = "file://"
PATHS_OF_A_PART = ("url", "path", "video")


@dataclass(frozen=True, slots=True)
class Film:
    """A film, or a part of one."""

    source: str | Watchable
    start_seconds: float = 0.0
    end_seconds: float | None = None

    @property
    def key(self) -> tuple[str | int, float, float | None]:
        """Equal where the same would be watched: a file by its path, what needs no file by being the same object."""
        return self.source if isinstance(self.source, str) else id(self.source), self.start_seconds, self.end_seconds

    @property
    def name(self) -> str:
        """What an error calls it."""
        return self.source if isinstance(self.source, str) else self.source.as_source().info.name

    @property
    def is_missing(self) -> bool:
        """Whether it is a file that is not there."""
        return isinstance(self.source, str) and not Path(self.source).exists()


class Spot(NamedTuple):
    """Where a request comes from."""

    task: str
    split: str
    doc_id: int

    def __str__(self) -> str:
        return f"{self.task} ({self.split}) question {self.doc_id}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a memory of `films`; of nothing seen, where there are none."""

    spot: Spot
    films: tuple[Film, ...]
    text: str
    answering: Answering
    is_reordered: bool
    """Whether text stood before a film."""


def read_question(
    arguments: tuple[Any, ...],
    task_dict: Mapping[str, Mapping[str, Any]],
    read_messages: Callable[[Any], Iterable[Any]],
) -> Question:
    """The question of a request.

    Args:
        arguments: those of the request: (context, doc_to_messages, generation_kwargs, doc_id, task, split). The context
            is not needed, and some pages of lmms-eval's documentation leave it out.
        read_messages: lmms-eval's own reading of chat messages.
    """
    *_, doc_to_messages, generation_kwargs, doc_id, task, split = arguments
    spot = Spot(task, split, doc_id)
    films: list[Film] = []
    texts: list[str] = []
    is_reordered = False
    for message in read_messages(doc_to_messages(task_dict[task][split][doc_id])):
        if message.role == "assistant":
            raise UsageError(f"{spot} holds an answer already; videoxl is asked without examples (num_fewshot=0).")
        for part in message.content:
            if part.type == "text":
                texts.append(part.text)
            elif part.type == "video":
                is_reordered |= any(text.strip() for text in texts)
                films.append(_film(part, spot))
            else:
                raise UsageError(f"{spot} shows an {part.type}; videoxl is asked about videos and text only.")
    text = "\n".join(text.strip() for text in texts if text.strip())
    if not text:
        raise UsageError(f"{spot} asks nothing: its messages hold no text.")
    return Question(spot, tuple(films), text, Answering.read(generation_kwargs), is_reordered)


def _film(part: Any, spot: Spot) -> Film:
    source, start, end = part.url, part.start_time, part.end_time
    if isinstance(source, Mapping):  # how tasks give a part of a film
        start, end = source.get("video_start", start), source.get("video_end", end)
        source = next((source[name] for name in PATHS_OF_A_PART if source.get(name)), None)
    if isinstance(source, Path | str):
        return Film(str(source).removeprefix(FILE_URL), float(start or 0), None if end is None else float(end))
    if isinstance(source, Watchable):
        return Film(source, float(start or 0), None if end is None else float(end))
    raise UsageError(f"{spot} shows a {type(source).__name__}; expected the path of a video on this machine.")
