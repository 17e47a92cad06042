"""A whole `VideoXL` on the tiny model."""

import pytest

from videoxl.engine import VideoXL


@pytest.fixture(scope="session")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


def files_of(folder):
    """Every file of a folder, with its bytes."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
