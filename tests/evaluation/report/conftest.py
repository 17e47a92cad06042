"""Runs of a small needle test as a runner would leave them, answered as a test likes."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from videoxl.evaluation.document import Document
from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Cost, Record, RunHeader, WatchedVideo
from videoxl.evaluation.registry import options_of
from videoxl.evaluation.run_folder import ANSWERS, COSTS, HEADER, ITEMS, VIDEOS, file_sha256
from videoxl.evaluation.tasks.niah import Niah

TASK = Niah(frames=(8, 16), depths=2, films=1, split="validation")


@pytest.fixture(scope="session")
def items() -> tuple[Item, ...]:
    """Three questions about each of four films."""
    return TASK.load(None).items


@pytest.fixture
def write_niah(tmp_path: Path, items: tuple[Item, ...]) -> Callable[..., Path]:
    """Writes a run; `says` gives the raw answer to an item, None for none; by default all are right."""

    def write(
        name: str = "run",
        *,
        says: Callable[[Item], str | None] = lambda item: item.answer,
        ratio: int = 8,
        method: str = "vst",
        model: str = "nano",
        asked: Iterable[Item] = items,
        answered: int | None = None,
        settings: Mapping[str, Any] | None = None,
        together: int = 1,
    ) -> Path:
        folder, asked = tmp_path / name, list(asked)
        folder.mkdir(parents=True)
        _write(folder / ITEMS, asked)
        _write(folder / ANSWERS, [_record(item, says(item)) for item in asked[:answered]])
        videos = dict.fromkeys(item.video for item in asked)
        _write(folder / VIDEOS, [WatchedVideo(each, None, "drawn", (0.0,), 0, 64, 2048) for each in videos])
        costs = [Cost(f"video {each}", 3.0) for each in videos]
        costs += [Cost(f"item {item.id}", 0.5, 0.1, None, together) for item in asked]
        _write(folder / COSTS, costs)
        header = RunHeader(
            task="niah",
            task_options=options_of(TASK),
            model=model,
            fingerprint="f" * 8,
            settings={"ratio": ratio, "method": method, "blind": False, **(settings or {})},
            num_items=len(asked),
            items_sha256=file_sha256(folder / ITEMS),
            versions={"videoxl": "0"},
        )
        _write(folder / HEADER, [header])
        return folder

    return write


def _record(item: Item, raw: str | None) -> Record:
    return Record(
        item=item.id,
        video=item.video,
        prompt=item.question,
        raw=raw,
        failure="it is gone" if raw is None else None,
        evidence=tuple((start, stop, 0.9) for start, stop in item.spans),
        num_frames=int(item.details["seconds"]),
        memory_rows=64,
        prompt_tokens=12,
        answer_tokens=2,
    )


def _write(path: Path, documents: Iterable[Document]) -> None:
    """JSONL in ASCII, as strangers may write it: halves of characters, too."""
    path.write_text("".join(json.dumps(each.to_json()) + "\n" for each in documents), encoding="ascii")
