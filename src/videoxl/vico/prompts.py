"""What language models are told. A change here changes every key of the cache, because the text is part of it."""

import json
from collections.abc import Sequence

from videoxl.vico.caption import Caption
from videoxl.vico.event import Event
from videoxl.video.clock import clock

CAPTION = (
    "The pictures below ({number}, in order) are of one clip of {seconds:g} seconds. Describe in two or three plain "
    "sentences what is seen and what happens: who, what, where. Only what is visible; do not guess what comes before "
    "or after, and do not speak of frames or of the clip."
)

EVENTS = (
    "Below are descriptions of consecutive stretches of one film, numbered in order of time. Find the key events: what "
    "a person who watched it would retell. Rules: in order; each one is a clause of 4 to 16 words in the present "
    "tense, without a full stop, that can be understood alone and cannot be mistaken for another; what goes on over "
    "several stretches is one event, at the stretch where it begins; leave out what is mere background.\n"
    'Answer with JSON only: [{{"stretch": 1, "event": "..."}}, ...]\n\n{captions}'
)

QUESTIONS = (
    "Below are the key events of one film, numbered in order of time. Write {number} questions about the film, each of "
    "which can only be answered by somebody who has seen at least two of the events and knows their order. Rules: ask "
    "for a thing, person, place or action, not for a number of the list or a time; the answer is one to twelve words "
    "and does not stand in the question; no question can be answered by common sense alone; do not mention the list.\n"
    'Answer with JSON only: [{{"question": "...", "answer": "...", "clues": [1, 4]}}, ...], where clues are the '
    "numbers of all the events that one must have seen, in order.\n\n{events}"
)


def caption_prompt(*, number: int, seconds: float) -> str:
    """How a clip's frames are asked about."""
    return CAPTION.format(number=number, seconds=round(seconds, 1))


def events_prompt(captions: Sequence[Caption | None]) -> str:
    """How key events are asked for; None is a clip without a caption. Captions are data: each is quoted as JSON."""
    told = (
        "(not described)" if caption is None else json.dumps(" ".join(caption.text.split())) for caption in captions
    )
    return EVENTS.format(captions="\n".join(f"{number}. {text}" for number, text in enumerate(told, start=1)))


def questions_prompt(events: Sequence[Event], *, number: int) -> str:
    """How questions are asked for."""
    lines = [f"{index}. [{clock(event.start_seconds)}] {event.text}" for index, event in enumerate(events, start=1)]
    return QUESTIONS.format(number=number, events="\n".join(lines))
