"""A list of questions, each answered from the whole memory."""

from videoxl.export.plain_text import counted
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.work import Found, Work
from videoxl.export.said import said_moments


def look(work: Work) -> Found:
    """Every answer at its best moment; a question that the model cannot read is named and not answered."""
    answers, notes = [], []
    unknown: dict[str, None] = {}
    for done, question in enumerate(work.questions, start=1):
        answer = work.asker.ask(work.memory, question)
        if answer.unknown_words:
            unknown |= dict.fromkeys(answer.unknown_words)
            words = ", ".join(repr(word) for word in answer.unknown_words)
            notes.append(f"not answered, for the model does not know {words}: {question}")
        else:
            answers.append(answer)
        work.step(done, len(work.questions))
    if unknown and not answers:
        raise work.interviewer.does_not_know(tuple(unknown))
    num_cut = sum(not answer.finished for answer in answers)
    if num_cut:
        notes.append(f"cut at the token limit: {counted(num_cut, 'answer')}")
    markers, remarks, left_out = said_moments(answers)
    return Found(markers, remarks, [*notes, *left_out])


ANSWERS = Recipe(
    "answers", "Every question of a list, answered at the moment that the answer rests on.", "questions", look
)
