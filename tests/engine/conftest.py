"""A whole `VideoXL` on the tiny model."""

import pytest
import torch

from videoxl.engine import VideoXL


@pytest.fixture(scope="session")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


def files_of(folder):
    """Every file of a folder, with its bytes."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


VIVID = 3  # times the weights of other tests, with which a tiny model says one token again and again


@pytest.fixture(scope="module")
def vivid_model(make_model):
    """A tiny model that says something else each time, and reads evidence as it is."""
    model = make_model(seed=4, evidence_layers=[1, 2], evidence_background=False)
    with torch.no_grad():
        for name, parameter in model.decoder.layers.named_parameters():
            parameter.mul_(1 if "norm" in name else VIVID)
    return model
