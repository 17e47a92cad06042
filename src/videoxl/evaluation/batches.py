"""Which items are asked together.

The last bits of an answer's evidence depend on who is asked beside it, and on nothing else. So the items of a video are
cut in their order, a run always cuts alike, however often it is gone on with, and what was cut is asked whole.
"""

from collections.abc import Sequence
from pathlib import Path

from videoxl.evaluation.item import Item
from videoxl.evaluation.run_folder import HEADER, read_header
from videoxl.evaluation.task import Task

DEFAULT_BATCH = 16
"""Most of what batches save is saved by so many, and a kill costs no more than asking so many again."""


def batch_of(path: Path, task: Task, chosen: int | None) -> int:
    """How many items of a video a run asks at once, at most: as chosen, else as the run at `path` was begun with.

    One, whatever was chosen, where answers are forced.
    """
    if task.asking == "teacher_forced":
        return 1
    if chosen is not None:
        return chosen
    return read_header(path).batch if (path / HEADER).is_file() else DEFAULT_BATCH


def cut(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """The items of one video in batches of `size`; the last may be smaller."""
    return [items[start : start + size] for start in range(0, len(items), size)]
