"""What an answer in free words says: a name, yes or no, a number, names in order.

Read exactly but for what carries no meaning: case, an article in front, stops, thoughts in <think>. "" is nothing read.
"""

import re

from videoxl.synth.questions import NUMBERS

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:a|an|the|some)\s+")
_EDGES = " \t\r\n.,;:!?\"'`*_()[]"
_BETWEEN = re.compile(r"\s*[,;\n]\s*(?:and\s+)?|\s+and\s+")
_NUMBERED = re.compile(r"^(?:\d+[.)]|-)\s+")


def read_name(raw: str) -> str:
    """ "A drum." is "drum"."""
    text = _THOUGHT.sub(" ", raw).casefold().strip(_EDGES)
    return " ".join(_ARTICLE.sub("", text).split())


def read_truth(raw: str) -> str:
    """ "Yes, there is one." is "yes"; what begins with neither yes nor no is nothing."""
    first = re.match(r"\w*", read_name(raw))
    return first[0] if first and first[0] in ("yes", "no") else ""


def read_number(raw: str) -> str:
    """ "3 pictures" is "three"; a number is read where an answer begins with it."""
    first = re.match(r"\w*", read_name(raw))
    word = first[0] if first else ""
    if word.isdecimal():
        return NUMBERS[min(int(word), len(NUMBERS) - 1)]
    return word if word in NUMBERS else ""


def read_names(raw: str) -> str:
    """ "1. A drum 2. an apple", in lines or with commas, is "drum, apple"."""
    parts = _BETWEEN.split(_THOUGHT.sub(" ", raw).strip(_EDGES))
    names = (read_name(_NUMBERED.sub("", part.strip())) for part in parts)
    return ", ".join(name for name in names if name)
