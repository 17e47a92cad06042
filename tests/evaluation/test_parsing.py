"""What the strict parser makes of answers as models give them."""

import pytest

from videoxl.evaluation.parsing import read_letter

OPTIONS = ("Two cats", "A dog", "Blue", "C major")

READ = {
    # a letter, however it is put
    "C. (a)(c)(b).": "C",
    "(B)": "B",
    "( b ) a dog": "B",
    "b": "B",
    "d.": "D",
    "C\n": "C",
    "A: Two cats": "A",
    "B - A dog": "B",
    "[C] because": "C",
    "**B**": "B",
    "\\boxed{C}": "C",
    "<answer>B</answer>": "B",
    "B) A dog": "B",
    "Best option: (C": "C",
    # announced
    "ANSWER: C": "C",
    "Answer: (d)": "D",
    "The best option is B.": "B",
    "The answer is: \n\n D": "D",
    "the answer is b": "B",
    "The answer is a": "A",
    "Answer A": "A",
    "The correct answer is \"B\".": "B",
    "The answer is A because the dog sleeps": "A",
    "The answer is C since no dog is seen": "C",
    # with reasons
    "B. because C is not seen": "B",
    "C because the dog runs": "C",
    "A because the dog is gone": "A",
    "<think>It may be A, or C.</think> B": "B",
    # the option's words, with an article that is no letter
    "A dog": "B",
    "a dog.": "B",
    "The answer is A dog": "B",
    "A man walks a dog": "B",
    "I think it is blue.": "C",
    "C major": "D",
    # a lone letter within words
    "I would pick C": "C",
}  # fmt: skip
UNREAD = (
    "", "  \n", "E", "(E) none", "no idea", "I", "C and D", "A or B", "It could be A or B", "Not A, but C",
    "Answer: A. Answer: B", "A man walks", "The answer cannot be determined", "An option is missing",
    "Two cats and blue",
)  # fmt: skip


@pytest.mark.parametrize(("raw", "letter"), READ.items())
def test_a_letter_is_read_however_it_is_put(raw, letter):
    """An answer that names one option is read as that option."""
    assert read_letter(raw, OPTIONS, "ABCD") == letter


@pytest.mark.parametrize("raw", UNREAD)
def test_an_answer_that_names_none_or_several_is_none(raw):
    """An answer that names no option, or more than one, is not guessed at."""
    assert read_letter(raw, OPTIONS, "ABCD") is None


@pytest.mark.parametrize("letter", "ABCD")
def test_every_form_is_read_for_every_letter(letter):
    """No letter is favoured: the same form is read alike for each of them."""
    forms = ("{}", "({})", "{}.", "{}) x", "ANSWER: {}", "The answer is {}.", "option {}", "{}. because x", "**{}**")
    for form in forms:
        for raw in (form.format(letter), form.format(letter.lower())):
            assert read_letter(raw, OPTIONS, "ABCD") == letter, raw


def test_longer_options_cover_those_within_them():
    """An option whose words stand only within a longer option that is named is not named itself."""
    assert read_letter("It is the red car.", ("car", "red car", "bus"), "ABC") == "B"
    assert read_letter("It shows 12 birds", ("1", "2", "12"), "ABC") == "C"


def test_orders_of_events_are_told_apart():
    """Options that differ by the order of their numbers are read from the words alone."""
    options = ("1->2->3", "3->2->1", "2->1->3")
    assert read_letter("The order is 3->2->1.", options, "ABC") == "B"
