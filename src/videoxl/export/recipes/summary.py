"""A summary with times: what happens in each scene, and in the whole."""

from videoxl.export.marker import Marker, Remark
from videoxl.export.recipes.excerpt import excerpt
from videoxl.export.recipes.prompt import Prompt
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.scenes import scenes_of
from videoxl.export.recipes.sightings import THING, sightings
from videoxl.export.recipes.work import Found, Work, denied_note
from videoxl.export.said import is_nothing

WHOLE = Prompt(natural="Summarise the whole video in one short paragraph.")
SCENE = Prompt(natural="Describe in one or two sentences what happens in this part of the video.")


def look(work: Work) -> Found:
    """A sentence or two a scene; from a model that cannot describe, the things that it sees and when."""
    scenes = scenes_of(work.memory)
    whole = work.interviewer.ask(work.memory, WHOLE)
    remarks = [Remark(whole.text, label="summary")] if whole else []
    markers: list[Marker] = []
    num_denied = 0
    for number, scene in enumerate(scenes, start=1):
        said = work.interviewer.ask(excerpt(work.memory, scene.intervals), SCENE)
        if said is None:
            things, denied = sightings(work.interviewer, work.memory, scene.intervals, THING)
            markers += [work.marker(thing.intervals, thing.text, score=thing.score) for thing in things]
            num_denied += denied
        elif not is_nothing(said.text):
            markers.append(Marker(scene.start_seconds, scene.stop_seconds, said.text, source=scene.source))
        work.step(number, len(scenes))
    return Found(markers, remarks, denied_note(num_denied))


SUMMARY = Recipe(
    "summary", "What happens when: a line or more for each scene, and a summary of the whole.", "nothing", look
)
