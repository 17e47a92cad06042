"""All verbs under one name. Importing this loads typer and the standard library, nothing else."""

from typing import Annotated

import typer

from videoxl import __version__
from videoxl.cli.ask import ask
from videoxl.cli.chat import chat
from videoxl.cli.convert import convert
from videoxl.cli.data import data
from videoxl.cli.demo import demo
from videoxl.cli.doctor import doctor
from videoxl.cli.evaluate import evaluate
from videoxl.cli.export import export
from videoxl.cli.failure import guarded
from videoxl.cli.info import info
from videoxl.cli.inspect import inspect
from videoxl.cli.library import library
from videoxl.cli.models import models
from videoxl.cli.plan import plan
from videoxl.cli.serve import serve
from videoxl.cli.synth import synth
from videoxl.cli.train import train
from videoxl.cli.verify import verify
from videoxl.cli.watch import watch

VERBS = (ask, watch, chat, export, info, plan, demo, serve, train, inspect, convert, verify, doctor)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would take longer to import than all the rest of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"videoxl {__version__}")
        raise typer.Exit


@app.callback()
def videoxl(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Ask questions about videos that last hours: watch once into a small memory, ask as often as you like.

    Answers go to stdout, progress and notes to stderr; --json prints one document. Exit codes: 0 done, 1 failed,
    2 misused, 3 partly done, 130 interrupted. Environment: VIDEOXL_HOME (where memories are kept), VIDEOXL_DEVICE
    (cpu, cuda, ...), VIDEOXL_LOG (warning, info or debug).
    """


for verb in VERBS:
    app.command()(guarded(verb))
app.add_typer(library, name="library")
app.add_typer(models, name="models")
app.add_typer(synth, name="synth")
app.add_typer(data, name="data")
app.add_typer(evaluate, name="evaluate")
