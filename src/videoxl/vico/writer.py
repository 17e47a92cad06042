"""Who turns captions into key events, and key events into questions: rules, or a language model."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from videoxl.vico.caption import Caption
from videoxl.vico.chat import ChatClient
from videoxl.vico.clip import Clip
from videoxl.vico.event import Event, Timeline, merged, plain
from videoxl.vico.prompts import EVENTS, QUESTIONS, events_prompt, questions_prompt
from videoxl.vico.quality import event_fault, question_fault
from videoxl.vico.question import VicoQuestion, rule_questions
from videoxl.vico.reply import ask_items

SPARE = 2  # questions asked for, for one that is wanted: some do not pass
EVENT_TOKENS, QUESTION_TOKENS = 160, 120  # room for the events of a clip and for a question, in JSON
MAX_NEW_TOKENS = 8192  # more than this is more than most endpoints give; cut long films with part_seconds
MIN_CLUES = 2

Faults = Counter[str]
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class Writer(Protocol):
    """Finds events and writes questions; what is left out is counted by reason."""

    @property
    def identity(self) -> str | None:
        """All that its work depends on besides its input; None where doing it again costs nothing."""

    def events(self, clips: Sequence[Clip], captions: Sequence[Caption | None]) -> tuple[list[Event], Faults]:
        """Key events of a film; None is a clip that nobody could describe."""

    def questions(
        self, timeline: Timeline, number: int, generator: np.random.Generator
    ) -> tuple[list[VicoQuestion], Faults]:
        """At most so many questions that need several clues in order."""


@dataclass(frozen=True, slots=True)
class RuleWriter:
    """No language model: events as the captioner knows them, or sentence by sentence; questions from templates."""

    @property
    def identity(self) -> str | None:
        return None

    def events(self, clips: Sequence[Clip], captions: Sequence[Caption | None]) -> tuple[list[Event], Faults]:
        faults: Faults = Counter()
        found = []
        for event in (event for caption in captions if caption is not None for event in _said(caption)):
            fault = event_fault(event.text)
            if fault is None:
                found.append(event)
            else:
                faults[fault] += 1
        return list(merged(found)), faults

    def questions(
        self, timeline: Timeline, number: int, generator: np.random.Generator
    ) -> tuple[list[VicoQuestion], Faults]:
        return rule_questions(timeline, number, generator), Counter()


@dataclass(frozen=True, slots=True)
class EndpointWriter:
    """A language model finds the events and writes the questions; what it writes is checked."""

    client: ChatClient

    @property
    def identity(self) -> str | None:
        endpoint = self.client.endpoint
        return json.dumps([endpoint.name, endpoint.model, EVENTS, QUESTIONS])

    def events(self, clips: Sequence[Clip], captions: Sequence[Caption | None]) -> tuple[list[Event], Faults]:
        faults: Faults = Counter()

        def read(items: list[dict[str, Any]]) -> list[Event]:
            faults.clear()
            found = []
            for item in items:
                number, text = _number(item, "stretch", most=len(clips)), _text(item, "event").rstrip(" .")
                fault = event_fault(text)
                if fault is None:
                    clip = clips[number - 1]
                    found.append(Event(text, clip.start_seconds, clip.stop_seconds))
                else:
                    faults[fault] += 1
            return list(merged(found))

        prompt = {"role": "user", "content": events_prompt(captions)}
        room = min(MAX_NEW_TOKENS, EVENT_TOKENS * len(clips))
        return ask_items(self.client, [prompt], read, max_new_tokens=room), faults

    def questions(
        self, timeline: Timeline, number: int, generator: np.random.Generator
    ) -> tuple[list[VicoQuestion], Faults]:
        faults: Faults = Counter()
        wanted = SPARE * number

        def read(items: list[dict[str, Any]]) -> list[VicoQuestion]:
            faults.clear()
            kept: list[VicoQuestion] = []
            for item in items:
                question = _question(item, timeline)
                if isinstance(question, str):
                    faults[question] += 1
                elif plain(question.text) in {plain(other.text) for other in kept}:
                    faults["question asked twice"] += 1
                else:
                    kept.append(question)
            return kept

        prompt = {"role": "user", "content": questions_prompt(timeline.events, number=wanted)}
        room = min(MAX_NEW_TOKENS, QUESTION_TOKENS * wanted)
        kept = ask_items(self.client, [prompt], read, max_new_tokens=room)
        return kept[:number], faults


def _said(caption: Caption) -> Sequence[Event]:
    if caption.events is not None:
        return caption.events
    sentences = SENTENCE_END.split(" ".join(caption.text.split()))
    clip = caption.clip
    return [Event(text.rstrip(" .!"), clip.start_seconds, clip.stop_seconds) for text in sentences if plain(text)]


def _question(item: dict[str, Any], timeline: Timeline) -> VicoQuestion | str:
    """A question as the model wrote it, or why it does not count."""
    text, answer, numbers = _text(item, "question"), _text(item, "answer"), item.get("clues")
    if not isinstance(numbers, list):
        raise ValueError(f"clues is {str(numbers)[:40]!r}, expected a list of numbers")
    clues = [timeline.events[_number({"clue": n}, "clue", most=len(timeline.events)) - 1] for n in numbers]
    in_order = tuple(sorted(set(clues), key=lambda event: event.start_seconds))
    if len({event.start_seconds for event in in_order}) < MIN_CLUES:
        return "question with fewer than two clues in order"
    fault = question_fault(text, answer)
    return VicoQuestion("written", text, answer, in_order) if fault is None else fault


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is {str(value)[:40]!r}, expected a text")
    return " ".join(value.split())


def _number(item: dict[str, Any], key: str, *, most: int) -> int:
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{key} is {str(value)[:40]!r}, expected a whole number from 1 to {most}")
    return value
