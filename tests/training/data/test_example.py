"""An example is read whole or refused with the mistake in it."""

import copy
import json

import pytest

from videoxl.errors import ExampleError
from videoxl.training.data.conversations import parse_conversations
from videoxl.training.data.example import ImagePart, TextPart, VideoPart, example_json, parse_example

WHOLE = {
    "id": "7",
    "messages": [
        {"role": "system", "content": "Be short."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "video", "path": "a.mp4", "start": 1.5, "stop": 60.0},
                {"type": "image", "path": "b.jpg"},
                {"type": "text", "text": "Which is first?"},
            ],
        },
        {"role": "assistant", "content": "The video."},
        {"role": "user", "content": "And second?"},
        {"role": "assistant", "content": "The image."},
    ],
    "questions": "apart",
}
MESSAGES = "messages"


def changed(*path_and_value):
    """WHOLE with the value at a path replaced, or taken out where the value is `...`."""
    *path, last, value = path_and_value
    record = copy.deepcopy(WHOLE)
    place = record
    for step in path:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return record


def test_an_example_survives_json():
    """Written and read again, an example is the same, and so is its JSON."""
    example = parse_example(WHOLE, source="x")
    assert example.apart
    assert example.media == (VideoPart("a.mp4", 1.5, 60.0), ImagePart("b.jpg"))
    assert example_json(example) == WHOLE
    assert parse_example(json.loads(json.dumps(example_json(example))), source="x") == example


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "JSON object"),
        (changed("mesages", []), "did you mean 'messages'"),
        (changed("id", ...), "no key 'id'"),
        (changed("id", None), "the id is None"),
        (changed("id", True), "the id is True"),
        (changed("questions", "alone"), "'apart' or 'conversation'"),
        (changed(MESSAGES, {}), "expected a list of messages"),
        (changed(MESSAGES, []), "roles are missing"),
        (changed(MESSAGES, 2, "role", "gpt"), "expected one of system, user, assistant"),
        (changed(MESSAGES, 2, "role", ["user"]), "expected one of system, user, assistant"),
        (changed(MESSAGES, 2, "role", "user"), "user and assistant in turn"),
        (changed(MESSAGES, 4, ...), "the assistant last"),
        (changed(MESSAGES, 2, "content", "  "), "message 3, the assistant's, is empty"),
        (changed(MESSAGES, 2, "content", 5), "expected a text or a list of parts"),
        (changed(MESSAGES, 2, "contents", ""), "did you mean 'content'"),
        (changed(MESSAGES, 2, "content", [{"type": "image", "path": "x"}]), "only the user shows media"),
        (changed(MESSAGES, 1, "content", 1, "stopp", 3), "did you mean 'stop'"),
        (changed(MESSAGES, 1, "content", 1, "path", ""), "the path ''"),
        (changed(MESSAGES, 1, "content", 1, "path", ...), "no key 'path'"),
        (changed(MESSAGES, 1, "content", 1, "stop", 1), "a start before its stop"),
        (changed(MESSAGES, 1, "content", 1, "start", -1), "0 or more"),
        (changed(MESSAGES, 1, "content", 1, "start", float("nan")), "0 or more"),
        (changed(MESSAGES, 1, "content", 1, "type", "audio"), "expected one of text, image, video"),
        (changed(MESSAGES, 1, "content", 1, "type", {}), "expected one of text, image, video"),
        (changed(MESSAGES, 1, "content", 0, "text", "\ud800"), "half a character"),
        (changed(MESSAGES, 1, "content", 3, ...), "no words stand behind the last media"),
        (changed(MESSAGES, 1, "content", "What?"), "there is no media"),
    ],
)
def test_each_mistake_is_named(record, said):
    """Every mistake in a record has a sentence of its own."""
    with pytest.raises(ExampleError, match=said):
        parse_example(record)


def llava(*values, **media):
    """A record in LLaVA's form: the human's and gpt's values in turn."""
    turns = [{"from": ("human", "gpt")[number % 2], "value": value} for number, value in enumerate(values)]
    return {"id": 3, "conversations": turns, "model": "of no concern", **media}


@pytest.mark.parametrize(
    ("record", "parts"),
    [
        (llava("<image>\nWhat?", "A.", image="a.jpg"), (ImagePart("a.jpg"), TextPart("What?"))),
        (llava("What?\n<image>", "A.", image="a.jpg"), (ImagePart("a.jpg"), TextPart("What?"))),
        (llava("Say\n<image>\nwhat.", "A.", image="a.jpg"), (ImagePart("a.jpg"), TextPart("Say\nwhat."))),
        (llava("<video>\nWhat?", "A.", video="a.mp4"), (VideoPart("a.mp4"), TextPart("What?"))),
        (llava("<image>\nWhat?", "A.", video="a.mp4"), (VideoPart("a.mp4"), TextPart("What?"))),
        (llava("What?", "A."), (TextPart("What?"),)),
        (
            llava("A <image> or <image>?", "A.", image=["a.jpg", "b.jpg"]),
            (TextPart("A"), ImagePart("a.jpg"), TextPart("or"), ImagePart("b.jpg"), TextPart("?")),
        ),
        (
            llava("<image><video>Same?", "A.", image="a.jpg", video="a.mp4"),
            (ImagePart("a.jpg"), VideoPart("a.mp4"), TextPart("Same?")),
        ),
    ],
)
def test_conversations_become_messages(record, parts):
    """LLaVA's placeholders become the media they stand for, a single one in front of the words."""
    example = parse_conversations(record)
    assert example.id == "3"
    assert example.messages[0].parts == parts
    assert example.messages[1].text == "A."


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (llava("<image>What?", "A."), "1 <video> and the record has 0"),
        (llava("What?", "A.", image="a.jpg"), "0 <image> and the record has 1"),
        (llava("<image><image>", "A.", image=["a.jpg"]), "2 <image> and the record has 1"),
        (llava("<image>?", "A.", image="a.jpg", video="a.mp4"), "0 <video> and the record has 1"),
        (llava("<image>?", "A.", image=3), "expected a path or a list"),
        (llava("What?"), "the assistant last"),
        (llava("What?", 5), "expected a text"),
        (llava("What?", "A.", questions="no"), "'apart' or 'conversation'"),
        ({"conversations": {}}, "expected a list of turns"),
        ({"conversations": [{"from": "humans", "value": ""}]}, "did you mean 'human'"),
        ({"conversations": [{"from": "human"}]}, "'from' and 'value'"),
    ],
)
def test_each_mistake_of_conversations_is_named(record, said):
    """A placeholder without media, media without a placeholder and misspelt turns are said."""
    with pytest.raises(ExampleError, match=said):
        parse_conversations(record)


def test_a_record_without_id_is_named_by_its_place():
    """What LLaVA's files leave out is filled by where the record stands."""
    record = {"conversations": llava("What?", "A.")["conversations"]}
    assert parse_conversations(record, default_id="x.json entry 4").id == "x.json entry 4"
