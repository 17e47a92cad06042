"""Highlights: every moment that shows what is looked for."""

from videoxl.export.recipes.excerpt import excerpt
from videoxl.export.recipes.prompt import Prompt
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.windows import windows
from videoxl.export.recipes.work import Found, Work
from videoxl.export.said import is_nothing

SHOWS = Prompt(
    natural='Does this part of the video show this: "{query}"? Answer with yes or no.',
    plain="Does the film show {query}?",
)
LEAST_OF_BEST = 0.5  # a stretch of evidence counts beside the best of its part from this share of its score on


def look(work: Work) -> Found:
    """Each part is asked for the query by itself; where the answer is yes, its evidence is a moment."""
    memory, markers = work.memory, []
    parts = windows(memory.intervals)
    for done, part in enumerate(parts, start=1):
        answer = work.interviewer.ask(excerpt(memory, part), SHOWS, query=work.query)
        if answer is not None and not is_nothing(answer.text) and answer.evidence:
            least = LEAST_OF_BEST * answer.evidence[0].score
            markers += [work.moment(evidence, work.query) for evidence in answer.evidence if evidence.score >= least]
        work.step(done, len(parts))
    return Found(markers)


HIGHLIGHTS = Recipe("highlights", "Every moment that shows what is looked for.", "query", look)
