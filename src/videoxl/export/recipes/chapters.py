"""Chapters: scenes by what changes in the picture, each with a title by the model."""

from videoxl.export.marker import Marker
from videoxl.export.recipes.excerpt import excerpt
from videoxl.export.recipes.prompt import Prompt
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.scenes import Scene, scenes_of
from videoxl.export.recipes.sightings import THING, sightings
from videoxl.export.recipes.work import Found, Work
from videoxl.export.said import is_nothing

TITLE = Prompt(natural="Give this part of the video a title of at most six words. Answer with the title alone.")


def look(work: Work) -> Found:
    """A marker a scene; scenes in which the model names nothing are numbered."""
    scenes = scenes_of(work.memory)
    markers = []
    for number, scene in enumerate(scenes, start=1):
        title = _title(work, scene) or f"Chapter {number}"
        markers.append(Marker(scene.start_seconds, scene.stop_seconds, title, source=scene.source))
        work.step(number, len(scenes))
    no_change = len(scenes) == len({scene.source for scene in scenes})
    return Found(markers, notes=["no change of scene stands out, so there is one chapter a video"] * no_change)


def _title(work: Work, scene: Scene) -> str:
    """What the model calls a scene; from one that cannot find titles, the things that it sees there."""
    answer = work.interviewer.ask(excerpt(work.memory, scene.intervals), TITLE)
    if answer is None:
        things, _ = sightings(work.interviewer, work.memory, scene.intervals, THING)
        return ", ".join(dict.fromkeys(thing.text for thing in things))
    return "" if is_nothing(answer.text) else answer.text.strip().strip('"')


CHAPTERS = Recipe(
    "chapters", "The video cut into chapters where its scenes change, each with a title.", "nothing", look
)
