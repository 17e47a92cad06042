"""The authors' own readings, faults and all: the table was made by running their scripts."""

import random

import pytest

from videoxl.evaluation.official import (
    longvideobench_letter,
    lvbench_letter,
    mlvu_dev_letter,
    mlvu_test_letter,
    videomme_letter,
    vnbench_letter,
)

# raw answer: what Video-MME reads, what LVBench reads, which letters MLVU takes for right, what VNBench reads
READ = {
    "C": ("C", "C", "C", "C"),
    "C. (a)(c)(b).": ("C", "a", "", "C"),
    "(B)": ("B", "B", "B", "B"),
    "ANSWER: C": ("A", "A", "", "A"),
    "B. because": ("B", "B", "", "B"),
    "b": ("", "b", "", "b"),
    "": ("", "", "", ""),
    "A dog": ("A", "A", "", "A"),
    "The answer is C": ("C", "T", "", "C"),
    "Best option: (C": ("B", "C", "", "B"),
    "Best answer: D": ("B", "B", "", "B"),
    "The best option is B": ("B", "T", "", "B"),
    "none": ("", "n", "", "none"),
    "B) x": ("B", "B", "B", "B"),
    "I would say D, or A": ("D", "I", "", "A"),
    "E": ("", "E", "", "E"),
    "(e)": ("", "e", "", "(e)"),
    " C ": ("C", "C", "", "C"),
    "C)": ("C", "C", "C", "C"),
    ") C": ("C", "", "", "C"),
}


@pytest.mark.parametrize(("raw", "expected"), READ.items())
def test_official_parsers_read_as_the_scripts_do(raw, expected):
    """What each authors' script reads is read, where it is wrong too."""
    taken = "".join(letter for letter in "ABCD" if mlvu_dev_letter(raw) == letter)
    assert (videomme_letter(raw), lvbench_letter(raw), taken, vnbench_letter(raw)) == expected


def test_mlvu_test_reads_up_to_the_first_bracket():
    """MLVU's script for test takes what stands before the first closing bracket, an opening one with it."""
    assert [mlvu_test_letter(raw) for raw in ("B", " B) x", "(B) x", "B. x")] == ["B", "B", "(B", "B. x"]


@pytest.mark.parametrize(("seed", "drawn"), [(0, "DDACED"), (7, "CBDAAE")])
def test_longvideobench_guesses_are_those_of_a_seeded_script(seed, drawn):
    """Without a letter the guess is what python's own random.choice gives after random.seed, draw by draw."""
    guesses = random.Random(seed)
    assert "".join(longvideobench_letter("no idea", "ABCDE", guesses) for _ in drawn) == drawn


def test_longvideobench_guesses_only_where_nothing_is_read():
    """An answer with a letter draws nothing, so that the next guess is the first."""
    guesses = random.Random(0)
    read = [
        longvideobench_letter(raw, "ABCDE", guesses) for raw in ("Best answer: D", "no idea", "The best option is E")
    ]
    assert read == ["D", "D", "E"]
