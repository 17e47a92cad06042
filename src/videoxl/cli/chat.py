"""`videoxl chat`: a conversation on a memory; each question may refer to the ones before it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.answering import AnswerPrinter
from videoxl.cli.console import complain
from videoxl.cli.failure import naming
from videoxl.cli.subject import open_kept
from videoxl.errors import VideoXLError

PROMPT = "> "
QUIT = ("", "/quit", "/exit")


def chat(
    memory_path: Annotated[
        Path, typer.Argument(metavar="FILM.vxl", help="A memory, as `videoxl watch` makes it, or its id.")
    ],
    partial: opt.Partial = False,
    max_new_tokens: opt.MaxNewTokens = opt.DEFAULT_NEW_TOKENS,
    temperature: opt.Temperature = 0.0,
    seed: opt.Seed = 0,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
) -> None:
    """Talk about a memory, a question a line.

    Each question may refer to the ones before it. An empty line, /quit or the end of the input ends the talk.
    """
    with naming(memory_path):
        subject = open_kept(memory_path, model=model, device=device, partial=partial)
        vxl, memory = subject.vxl, subject.memory
        conversation = vxl.chat(memory)
    printer = AnswerPrinter(vxl, memory)
    for question in _questions():
        try:
            answer = printer.ask(
                conversation, question, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed
            )
            subject.note(answer)
        except VideoXLError as error:  # this question cannot be asked; the next one may
            complain(str(error))


def _questions() -> Iterator[str]:
    """Lines that a person types, or that another program writes."""
    if not sys.stdin.isatty():
        lines: Iterator[str] = iter(sys.stdin)
    else:
        import readline  # noqa: F401 (its import gives `input` a history)

        lines = iter(_input, None)
    for line in lines:
        question = line.strip()
        if question in QUIT:
            return
        yield question


def _input() -> str | None:
    try:
        return input(PROMPT)
    except EOFError:
        print(file=sys.stderr)
        return None
