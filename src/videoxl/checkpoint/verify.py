"""Run recorded cases of the released code through the product's own, and say by how much each differs.

Everything is computed as for a person: weights through the key map, memory through `remember_*`, answers through
`generate`, losses through the training forward. Cases are compared in float32 on the CPU.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import inf, isnan
from pathlib import Path
from typing import Any, Literal

from videoxl.checkpoint.parity_kinds import KINDS, Skipped
from videoxl.checkpoint.parity_set import ParityCase, ParitySet
from videoxl.errors import VideoXLError

TOLERANCE = 1e-4
"""Float32, summed in another order through all layers: about 1e-5. A wrong position or mask gives 0.1 and more."""

Status = Literal["ok", "FAIL", "skip"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went."""

    name: str
    kind: str
    status: Status
    largest_difference: float | None
    """Over everything the case records; None where nothing was compared, infinite where something is of another shape
    or a token differs."""
    reason: str = ""
    """Why it was skipped, or what failed."""

    def line(self) -> str:
        """The result as one line of a report."""
        difference = "-" if self.largest_difference is None else f"{self.largest_difference:.1e}"
        return f"{self.name:<34} {self.kind:<13} {difference:>8}  {self.status}" + (
            f"  {self.reason}" if self.reason else ""
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; an infinite difference reads as null, as JSON has no such number."""
        finite = self.largest_difference if self.largest_difference not in (None, inf) else None
        return {**asdict(self), "largest_difference": finite}


def verify(
    folder: str | Path, *, tolerance: float = TOLERANCE, on_result: Callable[[CaseResult], None] | None = None
) -> list[CaseResult]:
    """Results of every case that the folder's manifest lists, in its order.

    Args:
        on_result: Called after each case, for showing progress.
    """
    parity_set = ParitySet.open(folder)
    results = []
    for fields in parity_set.case_fields:
        result = _run(parity_set, parity_set.case(fields), tolerance)
        results.append(result)
        if on_result is not None:
            on_result(result)
    return results


def is_passed(results: list[CaseResult]) -> bool:
    """Whether no case failed, and at least one was compared."""
    return all(result.status != "FAIL" for result in results) and any(result.status == "ok" for result in results)


def _run(parity_set: ParitySet, case: ParityCase, tolerance: float) -> CaseResult:
    """One case; an error in it is its failure, so that the cases behind it are run as well."""
    run = KINDS.get(case.kind)
    if run is None:
        return CaseResult(case.name, case.kind, "FAIL", None, f"unknown kind, expected one of {', '.join(KINDS)}")
    try:
        differences = run(parity_set.model(str(case.fields["model"])), case)
    except Skipped as skipped:
        return CaseResult(case.name, case.kind, "skip", None, str(skipped))
    except (VideoXLError, AssertionError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        return CaseResult(case.name, case.kind, "FAIL", None, f"{type(error).__name__}: {error}")
    if not differences:
        return CaseResult(case.name, case.kind, "FAIL", None, "nothing is recorded that could be compared")
    worst = max(differences, key=lambda what: inf if isnan(differences[what]) else differences[what])
    largest = differences[worst]
    if largest <= tolerance:
        return CaseResult(case.name, case.kind, "ok", largest)
    return CaseResult(case.name, case.kind, "FAIL", largest, f"{worst} differs by more than {tolerance:.0e}")
