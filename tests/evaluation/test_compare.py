"""Two runs compared: what differs, how surely, and which questions flipped."""

import pytest

from videoxl.errors import UsageError
from videoxl.evaluation.compare import compare_runs
from videoxl.evaluation.rescoring import score_run


@pytest.fixture
def two_runs(make_item, write_run):
    """Writes two runs of the same items, from two rows of raw answers, and scores them."""

    def write(first, second, *, kinds=None, task="videomme"):
        items = [
            make_item(str(number), video=f"film{number}", categories={"type": (kinds or ["x"] * len(first))[number]})
            for number in range(len(first))
        ]
        rows = (("first", first), ("second", second))
        return [
            score_run(write_run(items, {str(place): raw for place, raw in enumerate(row)}, name=name, task=task))
            for name, row in rows
        ]

    return write


def test_flips_are_those_that_differ(two_runs):
    """A gain, a loss and two questions that stay: the flips are the first two, with what was read."""
    comparison = compare_runs(*two_runs("ABBA", "BABA"))
    assert [(flip.id, flip.is_gain, flip.first_read, flip.second_read) for flip in comparison.flips] == [
        ("0", True, "A", "B"), ("1", False, "B", "A"),
    ]  # fmt: skip
    assert (comparison.overall.num_gained, comparison.overall.num_lost, comparison.overall.value) == (1, 1, 0)


def test_a_run_equals_itself(two_runs):
    """Compared with itself, a run differs by nothing, with an interval of nothing."""
    comparison = compare_runs(*two_runs("ABBA", "ABBA"))
    overall = comparison.overall
    assert (overall.value, overall.low, overall.high, overall.is_clear, comparison.flips) == (0, 0, 0, False, ())


def test_the_other_way_round_is_the_negative(two_runs):
    """Exchanging the runs changes signs and nothing else."""
    runs = two_runs("ABBABBAB", "BBBBABBB")
    one, other = compare_runs(*runs).overall, compare_runs(*runs[::-1]).overall
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert (one.num_gained, one.num_lost) == (other.num_lost, other.num_gained)


def test_categories_are_compared_apart(two_runs):
    """Each category has its own difference, and they add up to the whole, question by question."""
    comparison = compare_runs(*two_runs("AABB", "BBBB", kinds=["x", "x", "y", "y"]))
    by = {each.category: each for each in comparison.by}
    assert (by["x"].value, by["y"].value, comparison.overall.value) == (1.0, 0.0, 0.5)
    assert sum(each.num_gained for each in by.values()) == comparison.overall.num_gained


def test_the_one_number_is_compared_as_the_task_counts_it(make_item, write_run):
    """Where categories count alike in the one number, they do in its difference: it is that of the two scores."""
    kinds = ["count"] * 6 + ["order"] * 2
    items = [make_item(str(n), video=str(n), categories={"task_type": kind}) for n, kind in enumerate(kinds)]
    runs = [
        score_run(write_run(items, dict(zip("01234567", raw, strict=True)), name=raw, task="mlvu-dev"))
        for raw in ("AAAAAABB", "BBBAAABA")
    ]
    one, other = (run.by_parser["strict"].overall.value for run in runs)
    comparison = compare_runs(*runs)
    assert comparison.overall.value == pytest.approx(other - one)
    assert (comparison.overall.first, comparison.overall.second) == pytest.approx((one, other))


def test_many_gains_are_clear_and_few_are_not(two_runs):
    """Twenty gains of sixty exclude chance; three gains and two losses do not."""
    kinds = ["clear"] * 60 + ["unclear"] * 60
    comparison = compare_runs(
        *two_runs("A" * 20 + "B" * 40 + "AAABB" + "B" * 55, "B" * 60 + "BBBAA" + "B" * 55, kinds=kinds)
    )
    assert [(each.category, each.is_clear) for each in comparison.by] == [("clear", True), ("unclear", False)]


def test_only_common_questions_are_compared(two_runs):
    """A question that one run did not answer is counted and left out."""
    comparison = compare_runs(*two_runs(["A", "B", None], ["B", None, "B"]))
    assert (comparison.overall.num, comparison.num_only_first, comparison.num_only_second) == (1, 1, 1)


def test_other_tasks_and_nothing_in_common_are_refused(make_item, write_run):
    """Runs of two tasks, or without a question in common, are not compared."""
    one = score_run(write_run([make_item("a")], {"a": "B"}, name="one"))
    other = score_run(write_run([make_item("b")], {"b": "B"}, name="other"))
    foreign = score_run(write_run([make_item("a")], {"a": "B"}, name="foreign", task="lvbench"))
    with pytest.raises(UsageError, match="no answered question in common"):
        compare_runs(one, other)
    with pytest.raises(UsageError, match=r"one is of videomme, .*foreign of lvbench"):
        compare_runs(one, foreign)


def test_films_of_other_seeds_are_not_compared(make_item, write_run):
    """Questions of the same name about films that show something else are no pair, and are refused by name."""
    runs = []
    for name, film in (("first", "a" * 16), ("second", "b" * 16)):
        details = {"kind": "what", "seconds": 8.0, "shown": ["drum"], "film": film}
        item = make_item("niah-8-0/0-what", options=(), answer="drum", categories={"kind": "what"}, details=details)
        runs.append(score_run(write_run([item], {item.id: "drum"}, name=name, task="niah")))
    with pytest.raises(UsageError, match=r"niah-8-0/0-what is about one film in .*first and about another in .*second"):
        compare_runs(*runs)
    assert compare_runs(runs[0], runs[0]).overall.value == 0
