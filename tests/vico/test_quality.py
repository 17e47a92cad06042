"""What is filtered out, and what is not."""

import pytest

from videoxl.vico.quality import caption_fault, event_fault, question_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("A man opens a red door and looks out. It rains.", None),
        ("The host says sorry to the guest and they laugh.", None),
        ("ok", "empty caption"),
        ("word " * 2000, "endless caption"),
        ("I'm sorry, but I can't help with that.", "refused caption"),
        ("I\N{RIGHT SINGLE QUOTATION MARK}m sorry, no image was provided.", "refused caption"),
        ("As an AI model I have no eyes.", "refused caption"),
        ("the cat sat on the cat sat on the cat sat on the cat sat on the cat sat on the mat", "caption in circles"),
    ],
)
def test_captions_that_describe_nothing_are_told(text, fault):
    """Refusals, empty and endless captions and those that run in circles are named; descriptions pass."""
    assert caption_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a man opens a red door", None),
        ("she clips her nails", None),
        ("  . ", "empty event"),
        ("the caption mentions a dog", "event about the notes"),
        ("clip 3 shows a dog", "event about the notes"),
        ("a" * 200, "endless event"),
    ],
)
def test_events_about_the_notes_are_told(text, fault):
    """An event is about the film, and short."""
    assert event_fault(text) == fault


@pytest.mark.parametrize(
    ("question", "answer", "fault"),
    [
        ("What does the man pick up after the rain has stopped?", "a red umbrella", None),
        ("Does the dog bark before the door opens, yes or no?", "yes", None),
        ("Which comes first: (A) rain; (B) sun?", "A, B", None),
        ("What?", "a dog", "question too short or too long"),
        ("What does the man pick up after that?", " . ", "answer empty or too long"),
        ("What does the man pick up after that?", "word " * 100, "answer empty or too long"),
        ("Which event comes after event 3?", "a dog", "question about the notes"),
        ("Who sees the red umbrella after the rain?", "Red umbrella.", "answer given away"),
        ("What is read after the rain has stopped?", "red", None),
    ],
)
def test_questions_that_teach_nothing_are_told(question, answer, fault):
    """An answer that stands in its question is given away, unless it chooses among what is told."""
    assert question_fault(question, answer) == fault
