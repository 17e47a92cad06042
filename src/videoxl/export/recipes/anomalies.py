"""Unusual events, as in the footage of a camera that watches: what the model calls unusual, and what the memory does.

The two are independent. The model is asked part by part. The memory's own rows say which intervals are unlike all
others; one that is so by far is a moment even where the model names nothing.
"""

import numpy as np

from videoxl.export.marker import Marker
from videoxl.export.recipes.novelty import novelty
from videoxl.export.recipes.prompt import Prompt
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.sightings import sightings
from videoxl.export.recipes.windows import windows
from videoxl.export.recipes.work import Found, Work, denied_note

EVENT = Prompt(
    natural=(
        "What unusual event happens in this part of the recording, such as an accident, a fight, a theft or somebody "
        "who should not be there? Answer in a few words; if nothing unusual happens, answer: nothing."
    ),
    plain="What is unusual in the film?",
)
UNNAMED = "unlike the rest of the recording; the model does not say why"
LEAST_NOVELTY = 0.25  # of a cosine
LEAST_DEVIATION = 8.0  # times the median deviation of novelty from its median


def look(work: Work) -> Found:
    """Named events first; their score, too, is how far the interval stands apart."""
    memory = work.memory
    novelty_I = novelty(memory)
    parts = windows(memory.intervals)
    markers: list[Marker] = []
    taken: set[int] = set()
    num_denied = 0
    for done, part in enumerate(parts, start=1):
        found, denied = sightings(work.interviewer, memory, part, EVENT)
        for each in found:
            score = min(1.0, float(novelty_I[list(each.intervals)].max()))
            markers.append(work.marker(each.intervals, each.text, score=score, label="unusual"))
            taken |= {number + step for number in each.intervals for step in (-1, 0, 1)}
        num_denied += denied
        work.step(done, len(parts))
    alone = [int(number) for number in _outliers(novelty_I) if int(number) not in taken]
    markers += [
        work.marker([number], UNNAMED, score=min(1.0, float(novelty_I[number])), label="unusual") for number in alone
    ]
    return Found(markers, notes=denied_note(num_denied))


def _outliers(novelty_I: np.ndarray) -> np.ndarray:
    """Intervals that stand far apart; the first one never: the rows that follow could read it, it could read none."""
    middle = float(np.median(novelty_I)) if len(novelty_I) else 0.0
    deviation = float(np.median(np.abs(novelty_I - middle))) if len(novelty_I) else 0.0
    numbers = np.flatnonzero(novelty_I >= max(LEAST_NOVELTY, middle + LEAST_DEVIATION * deviation))
    return numbers[numbers > 0]


ANOMALIES = Recipe("anomalies", "Unusual events in footage that is otherwise much the same.", "nothing", look)
