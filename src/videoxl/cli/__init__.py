"""The command line: one file per verb. Nothing heavy is imported until a verb runs."""

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code; without arguments, those that the process was given."""
    try:
        from videoxl.cli.app import app

        app(None if arguments is None else list(arguments), prog_name="videoxl")
    except KeyboardInterrupt:  # while the little that every command needs was imported
        sys.exit(130)
    sys.exit(0)
