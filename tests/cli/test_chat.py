"""A conversation that is typed, or piped."""

import pytest


@pytest.mark.parametrize("end", ["\n", "/quit\n", ""])
def test_a_chat_ends_as_people_end_it(videoxl, memory, model_folder, end):
    """An empty line, /quit and the end of the input end it; what comes after is not asked."""
    after = "never asked ?\n" if end else ""
    result = videoxl(
        "chat", memory, "--model", model_folder, "--max-new-tokens", 3, typed=f"what ?\nwhen ?\n{end}{after}"
    )
    assert result.code == 0, result.err
    assert len([line for line in result.out.splitlines() if not line.startswith("  ")]) == 2


def test_later_questions_read_earlier_ones(videoxl, memory, model_folder):
    """The second answer is that of one conversation, not of a question asked alone."""
    from videoxl.engine import load

    vxl = load(model_folder, device="cpu")
    chat = vxl.chat(vxl.open(memory))
    expected = [chat.ask(question, max_new_tokens=6).text for question in ("what ?", "when ?")]
    result = videoxl("chat", memory, "--model", model_folder, "--max-new-tokens", 6, typed="what ?\nwhen ?\n")
    assert [line for line in result.out.splitlines() if not line.startswith("  ")] == expected


def test_a_question_that_is_refused_does_not_end_the_chat(videoxl, memory, model_folder):
    """Too long a question is said on stderr, and the next one is answered."""
    typed = f"{'what ' * 9000}\nwhen ?\n"
    result = videoxl("chat", memory, "--model", model_folder, "--max-new-tokens", 3, typed=typed)
    assert result.code == 0
    assert len(result.complaints) == 1
    assert result.out.strip()
