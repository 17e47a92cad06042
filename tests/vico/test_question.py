"""Questions from rules, checked against the events that they are about by a reader of their own."""

import re

import numpy as np
import pytest

from videoxl.vico.event import Event, Timeline
from videoxl.vico.question import KINDS, LETTERS, WORDINGS, VicoQuestion, rule_questions

TEXTS = [f"thing {word} happens" for word in ("red", "blue", "green", "black", "white", "pink", "brown", "grey")]


def solve(question: VicoQuestion, events: list[Event]) -> str:
    """The answer, found in the question's words and the true order alone."""
    texts = [event.text for event in events]
    quoted = re.findall(r'"([^"]+)"', question.text)
    options = dict(re.findall(r"\((\w)\) (thing \w+ happens)", question.text))
    if question.kind == "order":
        return ", ".join(sorted(options, key=lambda letter: texts.index(options[letter])))
    if question.kind in ("earliest", "latest"):
        return {"earliest": min, "latest": max}[question.kind](options.values(), key=texts.index)
    if question.kind == "claim":
        return "yes" if sorted(quoted, key=texts.index) == quoted else "no"
    steps = {"after": 1, "between": 1, "second": 2, "before": -1}[question.kind]
    return texts[texts.index(quoted[0]) + steps]


@pytest.mark.parametrize("seed", range(20))
def test_answers_follow_from_the_order_of_events(seed, timeline_events):
    """Whoever knows the order of all events, and the words of a question, comes to its answer."""
    generator = np.random.default_rng(seed)
    events = timeline_events(*generator.permutation(TEXTS))
    questions = rule_questions(Timeline(events), 12, generator)
    assert len(questions) == 12
    assert {question.kind for question in questions} == set(KINDS)
    for question in questions:
        assert question.answer == solve(question, events), question


def test_every_question_needs_several_clues_in_order(timeline_events):
    """A question names two events or more that one must have seen, each over before the next begins."""
    questions = rule_questions(Timeline(timeline_events(*TEXTS)), 30, np.random.default_rng(1))
    for question in questions:
        assert len(question.clues) >= 2
        assert all(a.is_before(b) for a, b in zip(question.clues, question.clues[1:], strict=False))


def test_questions_differ(timeline_events):
    """No film is asked the same thing twice, and fewer are written where there is no more to ask."""
    questions = rule_questions(Timeline(timeline_events(*TEXTS[:3])), 60, np.random.default_rng(2))
    assert len({question.text for question in questions}) == len(questions) < 60


def test_claims_are_right_as_often_as_wrong(timeline_events):
    """Yes and no are balanced, so that neither can be learned by heart."""
    answers = []
    for seed in range(60):
        for question in rule_questions(Timeline(timeline_events(*TEXTS)), 8, np.random.default_rng(seed)):
            if question.kind == "claim":
                answers.append(question.answer)
    assert 0.3 < answers.count("yes") / len(answers) < 0.7


def test_what_is_shown_twice_is_never_named(timeline_events):
    """An event whose words belong to two moments may be an answer, and is not what a question starts from."""
    events = timeline_events("thing red happens", "thing blue happens", "thing red happens", "thing green happens")
    for seed in range(10):
        for question in rule_questions(Timeline(events), 8, np.random.default_rng(seed)):
            assert "red" not in question.text


def test_events_without_an_order_are_not_asked_about():
    """Of things that go on at the same time nothing is asked."""
    events = [Event(text, 0.0, 10.0) for text in TEXTS]
    assert rule_questions(Timeline(events), 8, np.random.default_rng(0)) == []


def test_there_are_letters_and_wordings_for_all():
    """Every kind has several wordings, and every option a letter."""
    assert all(len(WORDINGS[kind]) >= 2 for kind in KINDS)
    assert len(LETTERS) == 5
