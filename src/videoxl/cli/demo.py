"""`videoxl demo`: the whole path on a real video file and on an hour of film, with the truth beside every answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import print_json
from videoxl.cli.failure import naming
from videoxl.cli.home import memories
from videoxl.cli.loading import load_vxl
from videoxl.errors import UsageError, VideoNotFoundError

if TYPE_CHECKING:
    from videoxl.synth.questions import Question
    from videoxl.synth.wording import QuestionKind

KINDS: "tuple[QuestionKind, ...]" = ("what", "when_it", "is_there", "when", "count")
KIND_ASKED_AGAIN: "QuestionKind" = "when"
NUM_DRAWS = 8  # wordings tried for one that was not asked before


def demo(
    film: Annotated[
        Path | None,
        typer.Option("--film", metavar="VIDEO", help="Only another film, with its facts as NAME.json beside it."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILM.vxl", help="Where the file's memory goes; default: kept at home."),
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="Only the file of two minutes, without the hour.")] = False,
    ratio: opt.Ratio = None,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Watch films with known facts and ask about them.

    First a video file of two minutes; the last question is asked of its saved memory alone. Then an hour that is drawn
    while it is watched, condensed 16 to 1 unless --ratio says otherwise: nothing is written but its memory, and the
    next demo opens that at once. After Ctrl-C the same command goes on. The truth stands beside each answer, and right
    ones are counted; wrong ones are no failure.
    """
    from videoxl.cli.demo_hour import HourSettings, screen_hour
    from videoxl.cli.screening import Screening
    from videoxl.cli.watching import WatchOptions, watch_with_progress
    from videoxl.synth.demo import DEMO
    from videoxl.video import open_video

    source = film or DEMO
    path = out or memories() / f"{source.stem}.vxl"
    with naming(source):
        questions = _questions(source)
        vxl = load_vxl(model, device)
        watched = watch_with_progress(vxl, source, WatchOptions(fps=1.0, ratio=ratio))
        shown = Screening(vxl, open_video(source).info, watched, is_json=json)
        watched.memory.save(path, overwrite=out is None)  # one that a person named is never replaced
        for question in questions[:-1]:
            shown.ask(question)
        shown.reopen_and_ask(path, questions[-1:])
    shown.say_score()
    document, question = shown.to_json(), questions[0]
    if not (short or film):
        settings = HourSettings(model=model, device=device, ratio=ratio, is_json=json)
        hour, path, question = screen_hour(vxl, settings, usual_rate=watched.num_frames_watched / watched.seconds)
        document["hour"] = hour.to_json()
    if json:
        print_json(document)
    else:
        print(f'Ask yourself: videoxl ask {path} "{question.text}"')


def _questions(source: Path) -> "list[Question]":
    """Questions whose answers follow from the film's facts; the last one is for the memory that is opened again."""
    import numpy as np

    from videoxl.synth.demo import QUESTIONS_SEED
    from videoxl.synth.facts import FilmFacts
    from videoxl.synth.pictures import PictureSet
    from videoxl.synth.questions import make_questions

    if not source.exists():
        raise VideoNotFoundError(f"{source} does not exist. Check the path, or make a film with `videoxl synth films`.")
    beside = source.with_suffix(".json")
    if not beside.exists():
        raise UsageError(
            f"{source} has no {beside.name} beside it, and without facts nothing can be called right. "
            "Make a film with `videoxl synth films`, or use `videoxl ask`."
        )
    generator, names = np.random.default_rng(QUESTIONS_SEED), PictureSet.builtin().names
    facts = FilmFacts.open(beside)
    asked = make_questions(facts, generator, names=names, kinds=KINDS)
    again = [make_questions(facts, generator, names=names, kinds=[KIND_ASKED_AGAIN]) for _ in range(NUM_DRAWS)]
    texts = {question.text for question in asked}
    fresh = [question for drawn in again for question in drawn if question.text not in texts]
    return [*asked, *(fresh[:1] or asked[-1:])]
