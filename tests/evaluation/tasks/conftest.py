"""Tiny folders in the layouts of the benchmarks' authors: annotations as given, videos as empty files."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def lay_out(tmp_path: Path) -> Callable[..., Path]:
    """Writes annotations (JSON, JSONL or text, by name) and touches videos; gives the folder."""

    def write(annotations: dict[str, Any], *, videos: Iterable[str] = ()) -> Path:
        folder = tmp_path / "benchmark"
        for name, content in annotations.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_text(name, content), encoding="utf-8")
        for name in videos:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        return folder

    return write


def _text(name: str, content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(map(json.dumps, content)) if name.endswith(".jsonl") else json.dumps(content)
