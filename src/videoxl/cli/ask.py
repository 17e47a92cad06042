"""`videoxl ask`: answers on a memory, or on a video that is watched first and remembered for the next time."""

from pathlib import Path
from typing import Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.answering import AnswerPrinter
from videoxl.cli.console import print_json
from videoxl.cli.failure import naming
from videoxl.cli.recipes import check_recipe, print_found
from videoxl.cli.subject import open_subject
from videoxl.errors import UsageError


def ask(
    source: Annotated[
        Path,
        typer.Argument(metavar="VIDEO_OR_VXL", help="A video, a picture, a folder of pictures, a memory, or its id."),
    ],
    questions: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION...", help="One question or several; none with most recipes.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            metavar="NAME",
            help="Look for chapters, summary, highlights, breaks, ads, anomalies, or answers to the questions.",
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", metavar="TEXT", help="What --recipe highlights looks for.")
    ] = None,
    fps: opt.Fps = None,
    num_frames: opt.NumFrames = None,
    start: opt.Start = None,
    end: opt.End = None,
    max_frames: opt.MaxFrames = None,
    ratio: opt.Ratio = None,
    planner: opt.PlannerChoice = "fixed",
    interval_frames: opt.IntervalFrames = None,
    no_keep: Annotated[bool, typer.Option("--no-keep", help="Do not keep the memory of a video.")] = False,
    partial: opt.Partial = False,
    max_new_tokens: opt.MaxNewTokens = opt.DEFAULT_NEW_TOKENS,
    temperature: opt.Temperature = 0.0,
    seed: opt.Seed = 0,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Answer questions, with the moments they rest on.

    A video is watched once: its memory is kept in the library under $VIDEOXL_HOME, and the next question about the
    same video with the same settings and model is answered at once. Answers are kept there, too.
    """
    from videoxl.cli.watching import WatchOptions

    questions = questions or []
    _check_wanted(questions, recipe, query)
    watch = WatchOptions(
        fps=fps, num_frames=num_frames, start=start, end=end, max_frames=max_frames, ratio=ratio, planner=planner,
        interval_frames=interval_frames,
    )  # fmt: skip
    with naming(source):
        subject = open_subject(source, watch, model=model, device=device, partial=partial, is_kept=not no_keep)
        vxl, memory = subject.vxl, subject.memory
        if recipe is not None:
            settings = {"max_new_tokens": max_new_tokens, "temperature": temperature, "seed": seed}
            return print_found(subject, recipe, query=query, questions=questions, is_json=json, **settings)
        printer = AnswerPrinter(vxl, memory, is_json=json, has_several=len(questions) > 1)
        answers = []
        for question in questions:
            answers.append(
                printer.ask(
                    vxl.chat(memory), question, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed
                )
            )
            subject.note(answers[-1])
    if json:
        kept = None if subject.path is None else str(subject.path)
        print_json(
            {
                "memory": kept,
                "id": subject.entry_id,
                "model": vxl.name,
                "answers": [answer.to_json() for answer in answers],
            }
        )


def _check_wanted(questions: list[str], recipe: str | None, query: str | None) -> None:
    """Refuse what no recipe and no question can use, before anything is watched."""
    if recipe is not None:
        check_recipe(recipe, query=query, questions=questions)
    elif query is not None:
        raise UsageError(f"--query {query!r} goes with --recipe highlights only; give the words as a question.")
    elif not questions:
        raise UsageError('got no question, expected one such as "What appears in the film?", or --recipe chapters.')
