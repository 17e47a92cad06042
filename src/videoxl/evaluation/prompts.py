"""The wording of every question that is asked: tasks take it from here and from nowhere else."""

from collections.abc import Sequence
from typing import Literal

from videoxl.evaluation.item import Item

OptionStyle = Literal["A.", "(A)"]
AnswerForm = Literal["name", "truth", "number", "names", "time"]

LETTER_ONLY = "Answer with the option's letter from the given choices directly."
"""What models of the LLaVA family were trained to be asked for a letter with."""
BEST_OPTION = "Best option: ("
"""An opened bracket: what follows it is a letter."""
SUBTITLES_ARE = "Subtitles of the video, in order:"
NO_SUBTITLES = "The video has no subtitles."
HINTS: dict[AnswerForm, str] = {
    "name": "Answer with one or two words.",
    "truth": "Answer with yes or no.",
    "number": "Answer with a number.",
    "names": "Answer with the names only, in order, with commas between them.",
    "time": "Answer with the time only, as minutes and seconds: 0:00.",
}
"""How short an answer is to be, for models that would talk around it."""


def choice_prompt(item: Item, *, subtitles: Sequence[str] | None = None, style: OptionStyle = "A.") -> str:
    """A multiple-choice question that asks for a letter.

    Args:
        subtitles: lines to show before the question; an empty list says that there are none, None shows nothing.
        style: how options are lettered; "(A)" ends with an opened bracket for the answer.
    """
    if style == "(A)":
        options = [f"({letter}) {text}" for letter, text in zip(item.letters, item.options, strict=True)]
        lines = [f"Question: {item.question}", "Options:", *options, BEST_OPTION]
    else:
        options = [f"{letter}. {text}" for letter, text in zip(item.letters, item.options, strict=True)]
        lines = [item.question, *options, LETTER_ONLY]
    return "\n".join([*_subtitle_lines(subtitles), *lines])


def free_prompt(item: Item, *, hint: AnswerForm | None = None) -> str:
    """A question to be answered in free words: as its authors put it.

    Args:
        hint: what the answer is; it is then asked for in just that form.
    """
    return item.question if hint is None else f"{item.question}\n{HINTS[hint]}"


def _subtitle_lines(subtitles: Sequence[str] | None) -> list[str]:
    if subtitles is None:
        return []
    return [SUBTITLES_ARE, *subtitles, ""] if subtitles else [NO_SUBTITLES, ""]
