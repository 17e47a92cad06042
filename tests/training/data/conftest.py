"""Real files, made on the spot: a film, a clip of known levels, images, and data files that name them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

TILE_SIDE = 32  # the tiny model's image size
KINDS = {".mp4": "video", ".png": "image", ".jpg": "image"}


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a synth film of 8 s, a clip of 5 s whose second i has level 40 * i, images, and broken files."""
    from videoxl.synth.script import random_film
    from videoxl.video.writer import FilmWriter

    folder = tmp_path_factory.mktemp("media")
    film = random_film(
        np.random.default_rng(0), seconds=8, num_needles=1, split="train", procedural=1.0, width=96, height=54
    )
    film.write(folder / "film.mp4", fps=5)
    with FilmWriter(folder / "levels.mp4", width=64, height=48, fps=4) as writer:
        for index in range(20):
            writer.write(np.full((48, 64, 3), 40 * (index // 4), np.uint8))
    pixels = np.random.default_rng(1).integers(0, 256, (TILE_SIDE, 2 * TILE_SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "wide.png")
    Image.fromarray(pixels).rotate(90, expand=True).save(folder / "tall.jpg")
    (folder / "broken.mp4").write_bytes(b"not a video at all" * 50)
    (folder / "cut.png").write_bytes((folder / "wide.png").read_bytes()[:200])
    return folder


@pytest.fixture
def write_lines(media: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes records as JSONL beside links to the media: `write_lines(*records, name="data.jsonl")`."""

    def write(*records: Any, name: str = "data.jsonl") -> Path:
        for path in media.iterdir():
            if not (tmp_path / path.name).exists():
                (tmp_path / path.name).symlink_to(path)
        path = tmp_path / name
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def ask() -> Callable[..., dict[str, Any]]:
    """Makes the record of one question: `ask("1", "levels.mp4", "what ?", answer="cat")`; file names are media."""

    def part_of(given: Any) -> Any:
        if not isinstance(given, str):
            return given
        kind = KINDS.get(Path(given).suffix)
        return {"type": "text", "text": given} if kind is None else {"type": kind, "path": given}

    def make(example_id: str, *parts: Any, answer: str = "cat", **more: Any) -> dict[str, Any]:
        messages = [
            {"role": "user", "content": [part_of(part) for part in parts]},
            {"role": "assistant", "content": answer},
        ]
        return {"id": example_id, "messages": messages, **more}

    return make
