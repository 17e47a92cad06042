"""JSON out of what language models say."""

import time

import pytest

from videoxl.errors import EndpointAnswerError
from videoxl.vico.chat import ChatClient
from videoxl.vico.reply import ask_items, items_in

ITEMS = [{"event": "a dog runs [fast]"}]
TEXT = '[{"event": "a dog runs [fast]"}]'


@pytest.mark.parametrize(
    "reply",
    [
        TEXT,
        f"Sure! Here it is:\n```json\n{TEXT}\n```\nAnything else?",
        f"<think>maybe [1, 2]? or [{{}}]</think>\n{TEXT}",
        f'I looked at [1] and [2].\n{{"events": {TEXT}}}',
    ],
)
def test_the_list_is_found_in_what_stands_around_it(reply):
    """Fences, thoughts, greetings and wrappers do not matter."""
    assert items_in(reply) == ITEMS


@pytest.mark.parametrize(
    "reply", ["", "no", "[]", "[1, 2]", '{"event": "x"}', '[{"event": ', "[" * 200_000, "<think>" * 50_000]
)
def test_what_is_no_list_of_objects_is_refused_at_once(reply):
    """Hostile replies cost neither a crash nor noticeable time."""
    start = time.perf_counter()
    with pytest.raises(ValueError, match="no JSON list of objects"):
        items_in(reply)
    assert time.perf_counter() - start < 10.0  # what is not bounded takes minutes


def read(items):
    """Takes events only."""
    if "event" not in items[0]:
        raise ValueError("event is missing")
    return items


def test_a_bad_list_is_asked_for_again_with_the_reason(server):
    """The model is told what was wrong, once, and may do better."""
    replies = ['[{"thing": 1}]', TEXT]
    server.answer = lambda request: replies[len(server.requests) - 1]
    client = ChatClient(server.endpoint())
    assert ask_items(client, [{"role": "user", "content": "events!"}], read, max_new_tokens=9) == ITEMS
    told = server.requests[1]["messages"]
    assert [message["role"] for message in told] == ["user", "assistant", "user"]
    assert "event is missing" in told[2]["content"]


def test_repairs_are_bounded(server):
    """A model that cannot do it is given up."""
    server.answer = lambda request: "I would rather talk."
    with pytest.raises(EndpointAnswerError, match="2 times for a JSON list: got no JSON list"):
        ask_items(ChatClient(server.endpoint()), [{"role": "user", "content": "x"}], read, max_new_tokens=9)
    assert len(server.requests) == 2
