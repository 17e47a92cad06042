"""The letter that an answer names, read as a careful person would: `strict`, our default parser.

In order, the first that applies:

1. The text of exactly one option, alone: "A dog." where B is "A dog".
2. A letter in brackets, a letter with a stop after it, or a letter alone, at the beginning: "(B)", "b. because", "C".
3. What an announcement names: "ANSWER: C", "The best option is (d)."
4. The one option whose text stands in the answer, where no other's does.
5. The only letter that stands alone anywhere: "I would pick C". "A" and "I" must not be words there.

Letters beyond the item's options are none. Two announcements that differ are no answer. What stands within <think> is
not read.
"""

import re
from collections.abc import Sequence

_MARKUP = re.compile(r"[*_`$\"]+|\\(?:boxed|text|mathbf)\b|</?[a-z]+>", re.IGNORECASE)
_OPENED = re.compile(r"^\W*?[(\[{<]\s*([A-Za-z])\s*[)\]}>]")
_STOPPED = re.compile(r"^([A-Za-z])\s*(?:[^\w\s'&+/-]|-\s|\n|$)")
_FIRST = re.compile(r"^([A-Z])\s+(\S.*)", re.DOTALL)
_REASONS = r"(?:because|since|as|so|which|where|for)\b"
_ANNOUNCED = re.compile(
    r"\b(?:answer|option|choice|letter)\b(?:\s+(?:is|would be|should be|must be|option|choice|letter))*\s*[:=-]?\s*"
    r"(?:(?:option|choice|letter)\s+)?[(\[{<]?\s*"
    r"(?:((?-i:[B-HJ-Z]))(?![\w'])|([A-Z])\s*(?:[)\]}>.,;:]|$|\n|\s(?=[^a-z])|\s(?=" + _REASONS + ")))",
    re.IGNORECASE,
)
_ALONE = re.compile(r"(?<![A-Za-z'])([A-Z])(?![A-Za-z'])")
_WORD = re.compile(r"(?<![A-Za-z'])(?:A|I)(?=\s+(?!(?:or|and|nor)\b)[a-z])")
"""A or I as a word of a sentence."""
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)


def read_letter(raw: str, options: Sequence[str], letters: str) -> str | None:
    """The letter of the option that an answer names; None where it names none, or several."""
    text = _MARKUP.sub(" ", _THOUGHT.sub(" ", raw)).strip()
    if not text:
        return None
    return (
        _exact(text, options, letters)
        or _at_the_beginning(text, options, letters)
        or _announced(text, letters)
        or _contained(text, options, letters)
        or _alone(text, letters)
    )


def _exact(text: str, options: Sequence[str], letters: str) -> str | None:
    """The option that the answer repeats; a single letter is a letter first."""
    said = _plain(text)
    found = [letter for letter, option in zip(letters, options, strict=True) if _plain(option) == said]
    return found[0] if len(found) == 1 and not _is_letter(said, letters) else None


def _at_the_beginning(text: str, options: Sequence[str], letters: str) -> str | None:
    match = _OPENED.match(text) or _STOPPED.match(text)
    if match:
        return _valid(match[1], letters)
    first = _FIRST.match(text)  # "B a dog", "C because", and not "A dog"
    if first and _valid(first[1], letters):
        is_word = first[1] in "AI" and not re.match(_REASONS, first[2])
        others = set(_ALONE.findall(_WORD.sub(" ", first[2]))) & set(letters) - {first[1]}
        if not others and (not is_word or _contained(first[2], options, letters) == first[1]):
            return first[1]
    return None


def _announced(text: str, letters: str) -> str | None:
    """What "answer: X" names; the same letter each time, or none."""
    named = (match[1] or match[2] for match in _ANNOUNCED.finditer(text))
    found = {letter for each in named if (letter := _valid(each, letters))}
    return found.pop() if len(found) == 1 else None


def _contained(text: str, options: Sequence[str], letters: str) -> str | None:
    """The one option that the answer contains as words, longer ones covering those that are within them."""
    said = f" {_plain(text)} "
    found: list[str] = []
    for letter, option in sorted(zip(letters, options, strict=True), key=lambda pair: -len(_plain(pair[1]))):
        words = f" {_plain(option)} "
        if words.strip() and words in said:
            found.append(letter)
            said = said.replace(words, " | ")
    return found[0] if len(found) == 1 else None


def _alone(text: str, letters: str) -> str | None:
    """The only capital letter among words, which is no article."""
    found = {match[1] for match in _ALONE.finditer(_WORD.sub(" ", text))} & set(letters)
    return found.pop() if len(found) == 1 else None


def _valid(letter: str, letters: str) -> str | None:
    return letter.upper() if letter.upper() in letters else None


def _is_letter(said: str, letters: str) -> bool:
    return len(said) == 1 and said.upper() in letters


def _plain(text: str) -> str:
    """Lower case, without a leading article, and with one space where there were stops and spaces."""
    words = re.sub(r"[^\w>%+.-]+|(?<!\d)[.-]|[.-](?!\d)", " ", text.lower()).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("a", "an", "the") else words)
