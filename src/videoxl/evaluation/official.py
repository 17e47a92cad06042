"""Letters as the benchmarks' own scripts read them, to the bit: `--parser official`.

Kept for comparing with published numbers, faults and all; each says where it goes wrong.
"""

import random
import re
from collections.abc import Sequence

_VIDEOMME_REMOVED = (
    "The best answer is",
    "The correct answer is",
    "The answer is",
    "The answer",
    "The best option isThe correct option is",  # two that a missing comma joins, so that neither is removed
    "Best answer:Best option:",
)
_LONGVIDEOBENCH_REMOVED = (
    *_VIDEOMME_REMOVED[:4],
    "The best option is",
    "The correct option is",
    "Best answer:",
    "Best option:",
)


def videomme_letter(raw: str) -> str:
    """Video-MME's and lmms-eval's: the first capital A to D anywhere; "" where there is none.

    "ANSWER: C" is A, and so is "A man, so C". An empty reading leaves the authors' denominator.
    """
    return _first_letter(raw, "ABCD", _VIDEOMME_REMOVED)


def longvideobench_letter(raw: str, letters: str, guesses: random.Random) -> str:
    """LongVideoBench's: the first capital A to E anywhere, or else any of the options, by chance.

    Guesses come from one `random.Random(seed)` for a whole run, in the order of its items, as `random.choice` after
    `random.seed(seed)` gives them.
    """
    return _first_letter(raw, "ABCDE", _LONGVIDEOBENCH_REMOVED) or guesses.choice(list(letters))


def lvbench_letter(raw: str) -> str:
    """LVBench's: the first character of what stands before the first ")" and after the first "(".

    Nothing is checked to be an option: "The answer is C" is "T".
    """
    text = raw.strip().split(")")[0].strip()
    if "(" in text:
        text = text.split("(")[1].strip()
    return text.split(" ")[0][:1]


def mlvu_dev_letter(raw: str) -> str:
    """MLVU's script for dev: the character before the first ")", or else the whole answer.

    Made for prompts that end with an open bracket: "B) ..." is B, "B." is nothing.
    """
    if ")" not in raw:
        return raw
    place = raw.index(")")
    return raw[place - 1 : place]


def mlvu_test_letter(raw: str) -> str:
    """MLVU's script for test: all before the first ")", so that "(B)" is "(B"."""
    text = raw.strip()
    return text[: text.index(")")].strip() if ")" in text else text


def vnbench_letter(raw: str) -> str:
    """VNBench's: of what stands before the first stop, A if it has an A anywhere, else B, C, D; else the text.

    "ANSWER: C" is A, and so is "C) A man".
    """
    text = raw.split(".")[0]
    return next((letter for letter in "ABCD" if letter in text), text)


def _first_letter(raw: str, letters: str, removed: Sequence[str]) -> str:
    text = raw.strip()
    for words in removed:
        text = text.replace(words, "")
    match = re.search(f"[{letters}]", text)
    return match[0] if match else ""
