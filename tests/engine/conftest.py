"""A whole `VideoXL` on the tiny model, and short films whose every second has its own colour."""

import numpy as np
import pytest

from videoxl.engine import VideoXL
from videoxl.video.writer import FilmWriter


@pytest.fixture(scope="session")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


@pytest.fixture(scope="session")
def make_film(tmp_path_factory):
    """Writes a film of so many seconds, each of one colour, at 4 frames a second."""
    folder = tmp_path_factory.mktemp("films")

    def make(seconds: int, *, seed: int = 0, name: str | None = None):
        path = folder / (name or f"film-{seconds}-{seed}.mp4")
        if not path.exists():
            colours = np.random.default_rng(seed).integers(0, 256, (seconds, 3), dtype=np.uint8)
            with FilmWriter(path, width=64, height=48, fps=4) as writer:
                for index in range(seconds * 4):
                    writer.write(np.broadcast_to(colours[index // 4], (48, 64, 3)))
        return path

    return make
