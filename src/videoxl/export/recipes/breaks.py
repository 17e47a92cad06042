"""Ad placement: where a break would disturb least, because one scene has ended and the next has not begun."""

from videoxl.export.marker import Marker
from videoxl.export.recipes.excerpt import excerpt
from videoxl.export.recipes.prompt import Prompt
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.scene_changes import SceneChange, chosen_changes, scene_changes
from videoxl.export.recipes.windows import numbers_within
from videoxl.export.recipes.work import Found, Work
from videoxl.export.said import is_nothing

EVERY_SECONDS = 480.0  # no two breaks closer than this in a long film
LEAST_APART_SHARE = 0.2  # in a short one, than this share of it
AROUND_SECONDS = 30.0
CONTEXT = Prompt(natural="In one short sentence: which scene ends here, and which one begins?")
CHANGE = "a scene ends here"


def look(work: Work) -> Found:
    """A point for each break, with what ends and what begins there where the model can say it."""
    intervals, markers, notes = work.memory.intervals, [], []
    chosen: list[tuple[int, SceneChange]] = []
    for source in sorted({interval.source for interval in intervals}):
        own = [interval for interval in intervals if interval.source == source]
        begin, end = own[0].start_seconds, own[-1].stop_seconds
        apart = min(EVERY_SECONDS, LEAST_APART_SHARE * (end - begin))
        changes = chosen_changes(scene_changes(own), begin_seconds=begin, end_seconds=end, apart_seconds=apart)
        chosen += [(source, change) for change in changes]
    for done, (source, change) in enumerate(chosen, start=1):
        text = _context(work, source, change)
        score = min(1.0, change.score)
        markers.append(Marker(change.seconds, change.seconds, text, score=score, label="break", source=source))
        work.step(done, len(chosen))
    if not chosen:
        notes = ["no change of scene stands out, so no break is proposed"]
    return Found(markers, notes=notes)


def _context(work: Work, source: int, change: SceneChange) -> str:
    """What the model says of the minute around a break."""
    start, stop = change.seconds - AROUND_SECONDS, change.seconds + AROUND_SECONDS
    numbers = numbers_within(work.memory.intervals, source, start, stop)
    answer = work.interviewer.ask(excerpt(work.memory, numbers), CONTEXT)
    return CHANGE if answer is None or is_nothing(answer.text) else answer.text


BREAKS = Recipe("breaks", "Ad placement: points where a scene ends, spread over the video.", "nothing", look)
