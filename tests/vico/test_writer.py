"""Events and questions by rules and by a language model."""

import json
from collections import Counter

import numpy as np
import pytest

from videoxl.errors import EndpointAnswerError
from videoxl.vico import Caption, ChatClient, EndpointWriter, Event, RuleWriter, Timeline
from videoxl.vico.clip import Clip

CLIPS = [Clip(14.0 * index, 14.0 * (index + 1)) for index in range(4)]


def captions(*texts):
    return [None if text is None else Caption(clip, text) for clip, text in zip(CLIPS, texts, strict=True)]


@pytest.fixture
def writer(server):
    return EndpointWriter(ChatClient(server.endpoint(num_retries=0)))


def test_rules_take_sentences_where_events_are_not_known():
    """Each sentence of a caption is an event of its clip; one that goes on is one event."""
    told = captions("A dog runs. It barks!", "A dog runs.", None, "It rains.")
    events, faults = RuleWriter().events(CLIPS, told)
    assert events == [Event("A dog runs", 0, 28), Event("It barks", 0, 14), Event("It rains", 42, 56)]
    assert not faults


def test_rules_take_events_as_the_captioner_knows_them():
    """Known events are taken with their times, and a clip that is known to hold none gives none."""
    known = (Event("a bell rings", 3.0, 4.0),)
    told = [Caption(CLIPS[0], "A bell rings.", known), Caption(CLIPS[1], "Nothing happens.", ())]
    assert RuleWriter().events(CLIPS[:2], told)[0] == list(known)


def test_a_model_is_shown_all_captions_and_its_events_are_checked(server, writer):
    """Captions go out numbered and quoted, gaps are said, and events come back in order with the time of their clip."""
    found = [(4, "the man leaves the house."), (1, "a man opens a door"), (2, "caption 2 shows a dog")]
    server.answer = lambda request: json.dumps([{"stretch": number, "event": text} for number, text in found])
    events, faults = writer.events(CLIPS, captions('A "man".\nHello', "A dog.", None, "He goes."))
    prompt = server.requests[0]["messages"][0]["content"]
    assert '1. "A \\"man\\". Hello"' in prompt
    assert "3. (not described)" in prompt
    assert events == [Event("a man opens a door", 0, 14), Event("the man leaves the house", 42, 56)]
    assert faults == {"event about the notes": 1}


@pytest.mark.parametrize("number", [0, 5, "1", True, None])
def test_events_of_no_clip_are_refused(server, writer, number):
    """A number that no clip has spoils the answer, not the program."""
    server.answer = lambda request: json.dumps([{"stretch": number, "event": "a man opens a door"}])
    with pytest.raises(EndpointAnswerError, match="whole number from 1 to 4"):
        writer.events(CLIPS, captions("A man.", "A dog.", None, "He goes."))


def test_questions_of_a_model_are_filtered_by_reason(server, writer, timeline_events):
    """Fewer than two clues, given-away answers, talk of the notes and repeats are left out and counted."""
    timeline = Timeline(timeline_events("a man sits", "a dog barks", "it rains", "a car stops"))
    good = {"question": "Which animal is heard before the rain starts?", "answer": "a dog", "clues": [3, 2]}
    items = [
        good,
        {**good, "question": good["question"].upper()},
        {**good, "question": "Who sits there at the beginning?", "clues": [1]},
        {**good, "question": "Who sits there before it rains?", "clues": [1, 1]},
        {**good, "question": "Does the dog bark before a dog sleeps there?"},
        {**good, "question": "What comes after event 2 and the rain?"},
    ]
    server.answer = lambda request: json.dumps(items)
    questions, faults = writer.questions(timeline, 3, np.random.default_rng(0))
    assert [(question.text, question.answer) for question in questions] == [(good["question"], "a dog")]
    assert questions[0].clues == timeline.events[1:3]
    assert faults == Counter(
        {
            "question asked twice": 1,
            "question with fewer than two clues in order": 2,
            "answer given away": 1,
            "question about the notes": 1,
        }
    )
    assert "Write 6 questions" in server.requests[0]["messages"][0]["content"]


def test_no_more_questions_than_wanted_are_kept(server, writer, timeline_events):
    """Spare questions are asked for, and dropped where they are not needed."""
    timeline = Timeline(timeline_events("a man sits", "a dog barks", "it rains"))
    items = [
        {"question": f"What happens there {n} moments later?", "answer": "it rains", "clues": [1, 3]} for n in "abcd"
    ]
    server.answer = lambda request: json.dumps(items)
    assert len(writer.questions(timeline, 2, np.random.default_rng(0))[0]) == 2


def test_a_key_in_the_address_is_not_kept(server):
    """What answers are kept under holds the address without its query."""
    endpoint = server.endpoint(url=f"{server.url}?key=secret")
    assert "secret" not in EndpointWriter(ChatClient(endpoint)).identity
