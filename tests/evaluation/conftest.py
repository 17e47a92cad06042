"""Items and run folders as a runner would leave them, without any model."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Record, RunHeader
from videoxl.evaluation.run_folder import ANSWERS, HEADER, ITEMS, file_sha256, write_documents, write_json

OPTIONS = ("Two cats", "A dog", "Blue", "C major")


@pytest.fixture(scope="session")
def make_item() -> Callable[..., Item]:
    """Makes a question with four options, the second of which is right."""
    return _item


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Record]:
    """Makes what was answered to an item; None for nothing."""
    return _record


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Writes a whole run folder: items, and a raw answer (or None) for each that is answered."""

    def write(
        items: Sequence[Item],
        answers: Mapping[str, str | None],
        *,
        name: str = "run",
        task: str = "videomme",
        options: Mapping[str, Any] | None = None,
        model: str = "nano",
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        write_documents(folder / ITEMS, items)
        write_documents(folder / ANSWERS, [_record(each, answers[each.id]) for each in items if each.id in answers])
        header = RunHeader(
            task=task,
            task_options=options or {},
            model=model,
            fingerprint="f" * 8,
            settings={"num_frames": 8},
            num_items=len(items),
            items_sha256=file_sha256(folder / ITEMS),
            versions={"videoxl": "0"},
        )
        write_json(folder / HEADER, header.to_json())
        return folder

    return write


def _item(identity: str = "q1", **fields: Any) -> Item:
    given = {"video": "film", "question": "What is it?", "answer": "B", "options": OPTIONS, **fields}
    return Item(id=identity, **given)


def _record(asked: Item, raw: str | None, **fields: Any) -> Record:
    failure = "the video is missing" if raw is None else None
    return Record(item=asked.id, video=asked.video, prompt="asked", raw=raw, failure=failure, **fields)
