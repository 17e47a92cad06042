"""Bad examples: each is said with its reason and replaced, and too many of them stop the run.

A dataset works in processes that come and go, so it counts nothing: an item carries the `Fault`s of the examples that
it stands in for, and whoever takes batches gives them to the one `FaultLedger` of the run before anything else.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from videoxl.errors import TrainingError, UsageError

LEDGER_NAME = "bad_examples.jsonl"
NUM_REASONS_SHOWN = 3
NUM_ATTEMPTS = 10
"""Examples tried for one item; when all are bad the data as a whole is, whatever the share."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """An example that could not be learned from: which item of the run asked for it, and what was wrong."""

    index: int
    attempt: int
    source: str
    place: str
    """Where it stands: file and line, or shard and key."""
    example_id: str
    """Empty where not even that can be read."""
    reason: str


@dataclass(frozen=True, slots=True)
class FaultBounds:
    """How many bad examples a run puts up with: a share, once some have been tried, and perhaps a number."""

    max_bad_share: float = 0.02
    max_bad: int | None = None
    least_tried: int = 50
    """Examples tried before the share counts."""

    def __post_init__(self) -> None:
        if not 0 <= self.max_bad_share <= 1:
            raise UsageError(f"max_bad_share is {self.max_bad_share}: expected a share from 0 to 1.")
        if self.max_bad is not None and self.max_bad < 0:
            raise UsageError(f"max_bad is {self.max_bad}: expected 0 or more, or nothing for no such bound.")
        if self.least_tried < 1:
            raise UsageError(f"least_tried is {self.least_tried}: expected 1 or more.")


class FaultLedger:
    """Every bad example of a run (of one process of it), in memory and in a file; raises where they are too many."""

    def __init__(self, folder: Path | None = None, *, bounds: FaultBounds | None = None, rank: int = 0) -> None:
        """Go on with what the file in `folder` says already, as a resumed run does: nothing is counted twice."""
        self.bounds = bounds or FaultBounds()
        name = LEDGER_NAME if rank == 0 else f"{Path(LEDGER_NAME).stem}-{rank}.jsonl"
        self.path = None if folder is None else Path(folder) / name
        self.num_items = 0
        self.faults: dict[tuple[int, int], Fault] = {}
        if self.path is not None and self.path.is_file():
            self.faults = {(fault.index, fault.attempt): fault for fault in _read(self.path)}
        self.num_resumed = len(self.faults)

    @property
    def num_bad(self) -> int:
        """Bad examples since the beginning of the run."""
        return len(self.faults)

    def note(self, faults: Sequence[Fault], *, num_items: int = 1) -> None:
        """Take note of a batch: the faults of its items, and how many items it holds.

        Raises:
            TrainingError: There are more than the bounds allow; says how many, and the first reasons.
        """
        self.num_items += num_items
        new = [fault for fault in faults if (fault.index, fault.attempt) not in self.faults]
        self.faults.update({(fault.index, fault.attempt): fault for fault in new})
        for fault in new:
            logger.warning("bad example %s (%s): %s", fault.example_id or "without id", fault.place, fault.reason)
        if new and self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(map(_line, new))
        self._check(faults)

    def _check(self, faults: Sequence[Fault]) -> None:
        """Shares are of this process's own time: what a run before it met is known by its faults alone."""
        bounds, num_new = self.bounds, self.num_bad - self.num_resumed
        num_tried = self.num_items + num_new
        if any(fault.attempt == NUM_ATTEMPTS - 1 for fault in faults):
            self._stop(f"{NUM_ATTEMPTS} examples in a row are bad", list(faults))
        if bounds.max_bad is not None and self.num_bad > bounds.max_bad:
            self._stop(f"{self.num_bad} examples are bad, more than max_bad {bounds.max_bad}")
        if num_tried >= bounds.least_tried and num_new > bounds.max_bad_share * num_tried:
            self._stop(
                f"{num_new} of {num_tried} examples are bad, more than max_bad_share {bounds.max_bad_share:g} allows"
            )

    def _stop(self, what: str, faults: Sequence[Fault] = ()) -> None:
        shown = (list(faults) or list(self.faults.values()))[:NUM_REASONS_SHOWN]
        reasons = "; ".join(f"{fault.place}: {fault.reason.rstrip('.')}" for fault in shown)
        listed = "" if self.path is None else f" All are in {self.path}."
        raise TrainingError(
            f"{what}. The first: {reasons}.{listed} Mend the data (`videoxl data check` names every bad line), "
            "or raise the bound."
        )


def _read(path: Path) -> list[Fault]:
    """What a run before this one wrote. A line that a kill cut short goes: its example is met again."""
    faults, lines = [], path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        try:
            faults.append(Fault(**json.loads(line)))
        except (ValueError, TypeError):
            logger.warning("%s has a line that is cut short; it is taken out.", path)
    if len(faults) < len(lines):
        whole = path.with_name(f".{path.name}.whole")
        whole.write_text("".join(map(_line, faults)), encoding="utf-8")
        whole.replace(path)
    return faults


def _line(fault: Fault) -> str:
    return json.dumps(asdict(fault)) + "\n"
