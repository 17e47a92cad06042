"""Recipes: named ways to look through a memory, each a plan of prompts and what is made of the answers' evidence.

They ask any model in the same way. What a model has no words for it is not asked; what it says without understanding
the question is not used.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from videoxl.errors import UsageError
from videoxl.export.document import Document
from videoxl.export.plain_text import one_line
from videoxl.export.recipes.ads import ADS
from videoxl.export.recipes.anomalies import ANOMALIES
from videoxl.export.recipes.answers import ANSWERS
from videoxl.export.recipes.asker import Asker
from videoxl.export.recipes.breaks import BREAKS
from videoxl.export.recipes.chapters import CHAPTERS
from videoxl.export.recipes.highlights import HIGHLIGHTS
from videoxl.export.recipes.interviewer import Interviewer
from videoxl.export.recipes.recipe import Recipe
from videoxl.export.recipes.summary import SUMMARY
from videoxl.export.recipes.work import ProgressListener, Work
from videoxl.export.video import Video

if TYPE_CHECKING:
    from videoxl.memory import CompressedMemory

__all__ = ["RECIPES", "Recipe", "recipe_named", "run_recipe"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (CHAPTERS, SUMMARY, HIGHLIGHTS, BREAKS, ADS, ANOMALIES, ANSWERS)
}


def recipe_named(name: str, *, query: str | None = None, questions: Sequence[str] = ()) -> Recipe:
    """The recipe, given what it needs and nothing that it has no use for."""
    if name not in RECIPES:
        raise UsageError(f"the recipe is {name!r}, expected one of {', '.join(RECIPES)}.")
    recipe = RECIPES[name]
    if (recipe.needs == "query") != (query is not None):
        wanted = "what to look for, as a query" if recipe.needs == "query" else "no query"
        raise UsageError(f"the recipe {name} takes {wanted}, got {'none' if query is None else repr(query)}.")
    if (recipe.needs == "questions") != bool(questions):
        wanted = "one question or more" if recipe.needs == "questions" else "no questions"
        raise UsageError(f"the recipe {name} takes {wanted}, got {len(questions) or 'none'}.")
    if query is not None and not one_line(query):
        raise UsageError(f"the recipe {name} looks for the query, which is empty; say what to look for.")
    return recipe


def run_recipe(
    name: str,
    asker: Asker,
    memory: "CompressedMemory",
    *,
    query: str | None = None,
    questions: Sequence[str] = (),
    videos: Sequence[Video] = (),
    progress: ProgressListener | None = None,
) -> Document:
    """Look through a memory.

    Args:
        asker: A `VideoXL`, or anything else with its `ask`; it is asked of excerpts of the memory, too.
        query: What `highlights` looks for.
        questions: What `answers` asks.
        videos: What the memory's videos are called, and how long they are, where its own sources say it less well.
        progress: Called with steps done and steps in all; what it raises ends the work.

    Raises:
        UsageError: There is no such recipe, it lacks something, or the model does not know the words.
    """
    recipe = recipe_named(name, query=query, questions=questions)
    if not memory.intervals:
        raise UsageError("this memory holds no video yet; watch some of it first.")
    model = memory.about.model_name
    interviewer = Interviewer(asker, model=model)
    looked_for = "" if query is None else one_line(query)
    found = recipe.look(Work(asker, interviewer, memory, looked_for, tuple(questions), progress))
    shown = tuple(videos) or Video.of(memory.about.sources)
    return Document(
        title=f"{', '.join(video.name for video in shown)}: {name}" + (f" of {looked_for}" if looked_for else ""),
        videos=shown,
        markers=tuple(found.markers),
        remarks=tuple(found.remarks),
        notes=(*found.notes, *interviewer.notes()),
        recipe=name,
        query=query,
        model=model,
    )
