"""A frame that is near the gate's thresholds counts as the mean of three looks; any other is looked at once."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from videoxl.engine.seeing import Seer
from videoxl.model import modeling_videoxl, second_look
from videoxl.model.learning import see
from videoxl.model.second_look import nearer
from videoxl.model.vision_tower import frame_features

GATE = {"num_words": 5, "cosine": 0.2, "lead": 0.02, "lead_weight": 0.5, "softness": 0.04, "floor": -3.8, "zoom": 0.75}
NUM_FRAMES = 16  # a chunk


@pytest.fixture(scope="module")
def pixels_F3HW() -> torch.Tensor:
    """Frames of noise that differ in what they show where."""
    generator = torch.Generator().manual_seed(3)
    coarse = torch.randn(NUM_FRAMES, 3, 4, 4, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(32, 32), mode="bicubic")


@pytest.fixture(scope="module")
def gated(make_model, pixels_F3HW):
    """A model whose gate has words and an axis of chance, and in half of the frames is nearly satisfied."""
    model = make_model(word_gate=GATE | {"nearly": 0.0}).requires_grad_(False)
    gate = model.model.projector.gate
    generator = torch.Generator().manual_seed(4)
    gate.words_CD.copy_(torch.randn(gate.words_CD.shape, generator=generator))
    gate.axis_D.copy_(torch.nn.functional.normalize(torch.randn(gate.axis_D.shape, generator=generator), dim=0))
    first_F = spared(model, pixels_F3HW)
    gate.nearly = -float(first_F[first_F.isfinite()].median())
    return model


def spared(model, pixels_F3HW) -> torch.Tensor:
    """What the best token of each frame spares, frame by frame."""
    projector = model.model.projector
    patches = [frame_features(model.model.vision_tower, one, model.config).patches_FND for one in pixels_F3HW.split(1)]
    return torch.cat([projector.gate.most_spared(projector.ungated(each)) for each in patches])


def test_a_near_frame_is_the_mean_of_three_looks(gated, pixels_F3HW) -> None:
    """As it is, its middle enlarged, and mirrored; frames that are not near stay as they were at first."""
    projector, gate = gated.model.projector, gated.model.projector.gate
    views = (pixels_F3HW, nearer(pixels_F3HW, gate.zoom), pixels_F3HW.flip(3))
    spared_3F = torch.stack([spared(gated, view) for view in views])
    is_near_F = spared_3F[0] > -gate.nearly
    assert 2 < is_near_F.sum() < NUM_FRAMES - 2
    assert spared_3F[:, is_near_F].isinf().any(), "one of the looks finds no claim"
    features = gated.model.get_frame_features(pixels_F3HW)
    more_F = torch.where(is_near_F, spared_3F.mean(dim=0) - spared_3F[0], 0.0)
    expected_FMD = gate(projector.ungated(features.patches_FND), more_F)
    found_FMD = gated.get_video_features(pixels_F3HW)
    torch.testing.assert_close(found_FMD, expected_FMD, atol=1e-5, rtol=1e-5)
    once_FMD = projector(features.patches_FND)
    torch.testing.assert_close(found_FMD[~is_near_F], once_FMD[~is_near_F], atol=1e-5, rtol=1e-5)
    assert (found_FMD - once_FMD).abs().amax(dim=(1, 2))[is_near_F].max() > 0.1


def test_what_one_look_does_not_find_is_taken_back(gated, pixels_F3HW) -> None:
    """A claim that is gone in the middle of the frame, or mirrored, is no claim, however sure the others are."""
    gate = gated.model.projector.gate
    views = (pixels_F3HW, nearer(pixels_F3HW, gate.zoom), pixels_F3HW.flip(3))
    spared_3F = torch.stack([spared(gated, view) for view in views])
    is_lost_F = (spared_3F[0] > -gate.nearly) & spared_3F.isinf().any(dim=0)
    claims_FM = gated.get_video_features(pixels_F3HW) @ gate.axis_D
    assert is_lost_F.any()
    assert claims_FM[is_lost_F].max() <= gate.floor + 1e-4


def test_frames_that_are_not_near_are_looked_at_once(gated, pixels_F3HW, monkeypatch) -> None:
    """What costs time is the tower; it sees no frame again without need."""
    seen = []

    def counted(tower, pixels, config):
        seen.append(len(pixels))
        return frame_features(tower, pixels, config)

    for module in (modeling_videoxl, second_look):
        monkeypatch.setattr(module, "frame_features", counted)
    is_near_F = spared(gated, pixels_F3HW) > -gated.model.projector.gate.nearly
    gated.get_video_features(pixels_F3HW[~is_near_F])
    assert seen == [int((~is_near_F).sum())]
    seen.clear()
    gated.get_video_features(pixels_F3HW)
    assert seen == [NUM_FRAMES, *[int(is_near_F.sum())] * 2]


@pytest.mark.parametrize("learning", [("projector",), ("vision_tower",), ()])
def test_training_looks_again_as_well(gated, pixels_F3HW, learning) -> None:
    """Whichever part learns, it learns from the tokens that are watched."""
    expected_FMD = gated.get_video_features(pixels_F3HW)
    try:
        for part in learning:
            getattr(gated.model, part).requires_grad_(True)
        video = see(gated, pixels_F3HW, lambda *_: (), checkpoints=False)
    finally:
        gated.requires_grad_(False)
    torch.testing.assert_close(video.visual_BFMD[0], expected_FMD, atol=1e-5, rtol=1e-5)


def test_watching_looks_again(gated, pixels_F3HW) -> None:
    """What a video is condensed from are the tokens of `get_video_features`."""
    processor = SimpleNamespace(pixel_values=lambda frames: pixels_F3HW)
    (seen,) = Seer(gated, processor).feed(np.zeros((NUM_FRAMES, 3, 32, 32), np.uint8), range(NUM_FRAMES))
    torch.testing.assert_close(seen.visual_FMD, gated.get_video_features(pixels_F3HW), atol=1e-5, rtol=1e-5)


@given(st.floats(0.5, 1.0))
def test_what_is_nearer_is_the_middle(share) -> None:
    """As large as before; what lies at the border is gone, and what is even stays so."""
    frame = torch.zeros(1, 3, 40, 60)
    frame[..., 0, :] = frame[..., -1, :] = frame[..., 0] = frame[..., -1] = 1.0
    near = nearer(frame, share)
    assert near.shape == frame.shape
    assert (near.abs().max() < 1e-6) == (int(40 * share) < 39 and int(60 * share) < 59)
    torch.testing.assert_close(nearer(torch.full((1, 3, 40, 60), 0.3), share), torch.full((1, 3, 40, 60), 0.3))
