"""`videoxl verify`: recorded cases of the released code through this package, and by how much they differ."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import print_json
from videoxl.cli.failure import FAILED
from videoxl.cli.loading import quieten

if TYPE_CHECKING:
    from videoxl.checkpoint.verify import CaseResult


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with the manifest.json of recorded cases.")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", metavar="X", help="Largest difference that passes, in float32.")
    ] = 1e-4,
    json: opt.Json = False,
) -> None:
    """Compare with recorded cases of the released code.

    One line a case with the largest difference; exit 1 if any fails.
    """
    quieten()
    from videoxl.checkpoint.verify import is_passed
    from videoxl.checkpoint.verify import verify as verify_folder

    results = verify_folder(folder, tolerance=tolerance, on_result=None if json else _print_line)
    counts = {status: sum(result.status == status for result in results) for status in ("ok", "FAIL", "skip")}
    passed = is_passed(results)
    if json:
        print_json({"passed": passed, **counts, "cases": [result.to_dict() for result in results]})
    else:
        print(f"{counts['ok']} ok, {counts['FAIL']} failed, {counts['skip']} skipped, tolerance {tolerance:g}")
    if not passed:
        raise typer.Exit(FAILED)


def _print_line(result: "CaseResult") -> None:
    print(result.line(), flush=True)
