"""Inserted advertising: what is advertised, and when."""

from videoxl.export.marker import Marker
from videoxl.export.recipes.prompt import Prompt
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.sightings import sightings
from videoxl.export.recipes.windows import windows
from videoxl.export.recipes.work import Found, Work, denied_note

ADVERT = Prompt(
    natural=(
        "Is something advertised in this part of the video: a commercial, a sponsor's message, a product for sale? "
        "If so, answer with what is advertised, in a few words; if not, answer: nothing."
    ),
    plain="What was inserted?",
)


def look(work: Work) -> Found:
    """Each part is asked until nothing more is advertised in it."""
    parts = windows(work.memory.intervals)
    markers: list[Marker] = []
    num_denied = 0
    for done, part in enumerate(parts, start=1):
        found, denied = sightings(work.interviewer, work.memory, part, ADVERT)
        markers += [work.marker(each.intervals, each.text, score=each.score, label="advertising") for each in found]
        num_denied += denied
        work.step(done, len(parts))
    return Found(markers, notes=denied_note(num_denied))


ADS = Recipe("ads", "Inserted advertising: what is advertised, and when.", "nothing", look)
