"""Items, records and headers: written as JSON, read back the same, and refused where they do not fit."""

import json

import numpy as np
import pytest

from videoxl.errors import EvaluationError
from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Record


def test_an_item_survives_json(make_item):
    """What is written is what is read, tuples and all."""
    item = make_item(spans=((1.0, 2.5),), categories={"type": "x"}, details={"points": ["a"]}, group="g")
    assert Item.from_json(json.loads(json.dumps(item.to_json()))).to_json() == item.to_json()
    assert Item.from_json(json.loads(json.dumps(make_item().to_json()))) == make_item()


def test_a_record_survives_json(make_item, make_record):
    """Evidence and counts come back as they were."""
    record = make_record(make_item(), "B", evidence=((1.0, 2.0, 0.5),), num_frames=8)
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


@pytest.mark.parametrize(
    ("document", "said"),
    [({"id": "a"}, "lacks fields"), ({"answer_b": 1}, "has no answer_b"), ([1], "is a JSON object")],
)
def test_what_is_no_item_is_refused(document, said):
    """Missing fields, unknown ones, and what is no object at all are named."""
    with pytest.raises(EvaluationError, match=said):
        Item.from_json(document)


def test_shuffling_keeps_the_right_option(make_item):
    """Options change places and the right one's letter goes with it; the same seed gives the same order."""
    item = make_item()
    shuffled = [item.shuffled(np.random.default_rng(seed)) for seed in range(20)]
    assert {each.answer_text for each in shuffled} == {item.answer_text}
    assert {each.answer for each in shuffled} == set("ABCD")
    assert all(sorted(each.options) == sorted(item.options) for each in shuffled)
    assert item.shuffled(np.random.default_rng(3)) == shuffled[3]


def test_what_has_no_options_is_not_shuffled(make_item):
    """A free question stays as it is, and so does the lack of a right option."""
    free = make_item(options=(), answer="rain")
    assert free.shuffled(np.random.default_rng(0)) == free
    assert make_item(answer="").shuffled(np.random.default_rng(0)).answer == ""
