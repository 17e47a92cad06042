"""Chats as the model takes them."""

import pytest

from videoxl.server.dialogue import dialogue
from videoxl.server.problem import Problem
from videoxl.server.protocol.chat import Message

VIDEO = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def say(*turns):
    return [Message.model_validate({"role": role, "content": content}) for role, content in turns]


def text(words):
    return {"type": "text", "text": words}


def test_turns_become_history_and_a_question():
    """Each answer goes with the question before it; the last question is the one to be answered."""
    said = dialogue(say(("user", "one"), ("assistant", "1"), ("user", "two"), ("assistant", "2"), ("user", "three")))
    assert said.history == (("one", "1"), ("two", "2"))
    assert said.question == "three"


def test_videos_come_first_in_their_order():
    """A memory stands before every question, wherever in the chat its videos were shown."""
    said = dialogue(say(("user", [VIDEO, text("what?")]), ("assistant", "a cat"), ("user", [text("and here?"), IMAGE])))
    assert [part.type for part in said.media] == ["video_url", "image_url"]
    assert said.history == (("what?", "a cat"),)
    assert said.question == "and here?"


def test_instructions_stand_before_the_first_question():
    """What the system says is read, and said once."""
    said = dialogue(say(("system", "Be brief."), ("user", "one"), ("assistant", "1"), ("user", "two")))
    assert said.history == (("Be brief.\none", "1"),)
    assert said.question == "two"


def test_what_is_said_in_two_messages_is_one_turn():
    """Messages of the same side in a row belong together."""
    said = dialogue(say(("user", "one"), ("user", "more"), ("assistant", "1"), ("assistant", "2"), ("user", "three")))
    assert said.history == (("one\nmore", "1\n2"),)


@pytest.mark.parametrize(
    "messages",
    [
        say(("system", "Be brief.")),
        say(("user", "one"), ("assistant", "1")),
        say(("assistant", "1"), ("user", "one")),
        say(("user", "   ")),
        say(("user", [VIDEO])),
        say(("user", "one"), ("assistant", [VIDEO]), ("user", "two")),
        say(("system", [VIDEO]), ("user", "two")),
    ],
)
def test_what_is_no_chat_is_refused(messages):
    """A chat without a question at its end, or with videos of the wrong side, is the client's mistake."""
    with pytest.raises(Problem) as refused:
        dialogue(messages)
    assert refused.value.status_code == 400
    assert refused.value.param == "messages"
