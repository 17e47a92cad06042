"""What is not good enough to learn from, and why; every fault is a few words that a report can count."""

import re
from collections import Counter

from videoxl.vico.event import plain

MIN_CAPTION_CHARACTERS = 8
MAX_CAPTION_CHARACTERS = 4000
MAX_EVENT_CHARACTERS = 160
MIN_QUESTION_CHARACTERS = 12
MAX_QUESTION_CHARACTERS = 500
MAX_ANSWER_CHARACTERS = 240
MAX_REPEATS = 4  # of the same three words in one caption: a model that runs in circles

# Said by models that will not, or cannot, describe; never by one that did.
REFUSAL = re.compile(
    r"\b(i('m| am) (sorry|unable)|i can(no|')t (see|view|help|assist|provide|identify)|as an ai\b|"
    r"(unable|not able) to (see|view|describe)|no (image|video|frames?) (was|were|is|has been) (provided|attached))",
    re.IGNORECASE,
)
# A question about the notes that were made on the way, not about the film.
INSIDE_WORD = re.compile(r"\b(captions?|clips? \d|events? \d|key events?|the list|numbered|clues?)\b", re.IGNORECASE)
FIXED_ANSWER = re.compile(r"yes|no|first|second|third|[A-H]([, ]+[A-H])*", re.IGNORECASE)


def caption_fault(text: str) -> str | None:
    """Why a caption is of no use, or None."""
    if len(text) < MIN_CAPTION_CHARACTERS:
        return "empty caption"
    if len(text) > MAX_CAPTION_CHARACTERS:
        return "endless caption"
    if REFUSAL.search(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        return "refused caption"
    words = plain(text).split()
    thrice = Counter(zip(words, words[1:], words[2:], strict=False))
    if thrice and max(thrice.values()) > MAX_REPEATS:
        return "caption in circles"
    return None


def event_fault(text: str) -> str | None:
    """Why an event's words are of no use, or None."""
    if not plain(text):
        return "empty event"
    if len(text) > MAX_EVENT_CHARACTERS:
        return "endless event"
    return "event about the notes" if INSIDE_WORD.search(text) else None


def question_fault(question: str, answer: str) -> str | None:
    """Why a question with its answer teaches nothing, or None."""
    if not MIN_QUESTION_CHARACTERS <= len(question) <= MAX_QUESTION_CHARACTERS:
        return "question too short or too long"
    if not plain(answer) or len(answer) > MAX_ANSWER_CHARACTERS:
        return "answer empty or too long"
    if INSIDE_WORD.search(question) or INSIDE_WORD.search(answer):
        return "question about the notes"
    if f" {plain(answer)} " in f" {plain(question)} " and not FIXED_ANSWER.fullmatch(answer.strip(" .")):
        return "answer given away"
    return None
