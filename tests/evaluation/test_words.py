"""Answers in free words about films."""

import pytest

from videoxl.evaluation.words import read_name, read_names, read_number, read_truth
from videoxl.synth.pictures import PictureSet


def test_every_name_reads_as_itself():
    """A picture's name, as it stands, with an article and as a sentence's end, is read as that name."""
    for name in PictureSet.builtin().names:
        assert read_name(name) == read_name(f"A {name}.") == read_name(f"The {name.upper()}!\n") == name


@pytest.mark.parametrize(
    ("read", "raw", "expected"),
    [
        (read_name, "", ""),
        (read_name, "<think>a cat?</think> an  apple", "apple"),
        (read_name, "a drum and a bell", "drum and a bell"),
        (read_truth, "Yes.", "yes"),
        (read_truth, "no, there is none", "no"),
        (read_truth, "Nothing", ""),
        (read_truth, "yesterday", ""),
        (read_number, "3", "three"),
        (read_number, "Three pictures.", "three"),
        (read_number, "12", "many"),
        (read_number, "some", ""),
        (read_names, "apple, drum", "apple, drum"),
        (read_names, "1. An apple\n2. A drum", "apple, drum"),
        (read_names, "an apple, a drum, and a bell.", "apple, drum, bell"),
        (read_names, "an apple and a drum", "apple, drum"),
        (read_names, " ", ""),
    ],
)
def test_words_are_read_exactly_but_for_what_means_nothing(read, raw, expected):
    """Case, articles and stops mean nothing; everything else does."""
    assert read(raw) == expected
