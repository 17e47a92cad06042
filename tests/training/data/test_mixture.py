"""Which example an item is follows from the seed and its number alone."""

from collections import Counter

import pytest

from videoxl.errors import UsageError
from videoxl.training.data.mixture import Mixture


class Counting:
    """Stands for a source of so many examples."""

    def __init__(self, name, size):
        self.name, self.size = name, size

    def __len__(self):
        return self.size


A, B = Counting("a", 7), Counting("b", 30)


def drawn(mixture):
    """Name and number of every item of a run."""
    return [(source.name, number) for source, number in (mixture[index] for index in range(len(mixture)))]


def test_every_example_comes_once_in_an_epoch():
    """Without weights an epoch is every example of every source once."""
    assert sorted(drawn(Mixture([A, B]))) == sorted([("a", n) for n in range(7)] + [("b", n) for n in range(30)])


@pytest.mark.parametrize("weights", [(3.0, 1.0), (0.5, 2.0), (2.6, 0.3)])
def test_nothing_comes_again_before_all_has_come(weights):
    """In any stretch of a source as long as the source, from a whole epoch on, each example comes once."""
    items = drawn(Mixture([A, B], weights=weights, epochs=2, seed=3))
    for source in (A, B):
        numbers = [number for name, number in items if name == source.name]
        for start in range(0, len(numbers), source.size):
            epoch = numbers[start : start + source.size]
            assert len(set(epoch)) == len(epoch)
    assert Counter(name for name, _ in items) == {
        "a": pytest.approx(14 * weights[0], abs=1), "b": pytest.approx(60 * weights[1], abs=1)
    }  # fmt: skip


def test_a_run_is_the_same_whoever_asks():
    """Two mixtures of one seed agree in any order of asking, and another seed gives another run."""
    first, second, other = (Mixture([A, B], seed=seed, epochs=3) for seed in (1, 1, 2))
    expected = drawn(first)
    assert [(second[i][0].name, second[i][1]) for i in reversed(range(len(second)))] == expected[::-1]
    assert drawn(other) != expected


def test_epochs_have_orders_of_their_own():
    """The second epoch is not a repetition of the first."""
    numbers = [number for _, number in drawn(Mixture([B], epochs=2))]
    assert numbers[:30] != numbers[30:]


def test_a_length_keeps_the_proportions():
    """A run of a given number of items has that many, in the proportions of an epoch."""
    assert Mixture([A, B], num_items=74).counts == [14, 60]
    assert sum(Mixture([A, B], weights=[0.3, 0.7], num_items=101).counts) == 101


def test_a_source_without_a_turn_is_said(caplog):
    """A share that rounds to nothing does not pass in silence."""
    assert Mixture([A, B], weights=[0.01, 1], num_items=10).counts == [0, 10]
    assert "comes from a" in caplog.text


def test_a_replacement_is_another_example_of_the_same_source():
    """What stands in for a bad example is never that example, where there is a choice."""
    mixture = Mixture([A, B], seed=5)
    for index in range(len(mixture)):
        source, number = mixture[index]
        for attempt in (1, 2, 3):
            chosen = mixture.replacement(index, attempt)
            assert chosen == mixture.replacement(index, attempt)
            assert chosen[0] is source
            assert chosen[1] != number
    assert Mixture([Counting("c", 1)]).replacement(0, 1)[1] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 1, "num_items": 5}, "epochs 1 and num_items 5"),
        ({"epochs": 0}, "epochs is 0"),
        ({"num_items": 0}, "num_items is 0"),
        ({"weights": [1]}, "1 weights for 2 sources"),
        ({"weights": [1, 0]}, "the weight of b is 0"),
        ({"seed": -1}, "the seed is -1"),
    ],
)
def test_impossible_runs_are_refused(options, said):
    """Options that make no run are named with their values."""
    with pytest.raises(UsageError, match=said):
        Mixture([A, B], **options)
    with pytest.raises(UsageError, match="no data"):
        Mixture([])
