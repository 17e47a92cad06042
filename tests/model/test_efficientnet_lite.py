"""EfficientNet-Lite: shapes, padding, and equality with the reference port."""

import pytest
import torch
from transformers import AutoConfig, AutoModel

from videoxl.model.efficientnet_lite import (
    VARIANTS,
    EfficientNetLiteConfig,
    EfficientNetLiteModel,
)

REORDERED_SUMS = 1e-4  # fp32 convolutions in another memory order, through 50 layers of values up to 6


@pytest.fixture
def tiny_tower() -> EfficientNetLiteModel:
    """Three stages, total stride 8, 24 features a patch."""
    config = EfficientNetLiteConfig(
        stages=((1, 3, 1, 1, 8), (2, 5, 2, 2, 8), (1, 3, 2, 2, 16)), stem_channels=8, hidden_size=24, image_size=32
    )
    model = EfficientNetLiteModel(config).eval()
    _randomise(model, torch.Generator().manual_seed(3))
    return model


def _randomise(model: EfficientNetLiteModel, generator: torch.Generator) -> None:
    """Weights that keep activations alive."""
    for name, tensor in model.state_dict().items():
        scale = 0.1 if name.endswith("bias") else 0.5
        tensor.copy_(scale * torch.randn(tensor.shape, generator=generator))


@pytest.mark.parametrize(("height", "width"), [(32, 32), (24, 40), (33, 17), (7, 8)])
def test_any_size_gives_one_row_per_started_patch(tiny_tower, height: int, width: int) -> None:
    """A picture gives ceil(height / 8) x ceil(width / 8) rows at total stride 8."""
    out = tiny_tower(torch.rand(2, 3, height, width))
    rows, columns = tiny_tower.config.patch_grid(height, width)
    assert (rows, columns) == (-(-height // 8), -(-width // 8))
    assert out.last_hidden_state.shape == (2, rows * columns, 24)
    assert torch.allclose(out.pooler_output, out.last_hidden_state.mean(1))


def test_rows_are_row_major(tiny_tower) -> None:
    """Changing the bottom-right corner changes the last row most and leaves the first row alone."""
    pixels_BCHW = torch.rand(1, 3, 128, 128)
    changed_BCHW = pixels_BCHW.clone()
    changed_BCHW[..., 120:, 120:] = 3.0
    change_N = (tiny_tower(pixels_BCHW)[0] - tiny_tower(changed_BCHW)[0]).abs().sum(-1)[0]
    assert change_N[0] == 0
    assert change_N[-1] > 0


def test_frames_do_not_touch_each_other(tiny_tower) -> None:
    """A frame gives the same rows alone as in a chunk."""
    pixels_BCHW = torch.rand(3, 3, 32, 32)
    together_BND = tiny_tower(pixels_BCHW).last_hidden_state
    alone_BND = torch.cat([tiny_tower(frame_CHW[None]).last_hidden_state for frame_CHW in pixels_BCHW])
    assert torch.allclose(together_BND, alone_BND, atol=REORDERED_SUMS)


@pytest.mark.parametrize("first", [0, 2, 3])
def test_a_classifier_says_what_was_published_whatever_the_tower_has_learned(tiny_tower, first: int) -> None:
    """Its blocks are those of the published tower from `first` on; the tower's own may learn, and change nothing."""
    config = EfficientNetLiteConfig(**(tiny_tower.config.to_dict() | {"num_classes": 7, "classifier_from": first}))
    both = EfficientNetLiteModel(config).eval()
    _randomise(both, torch.Generator().manual_seed(4))
    shared = {f"blocks.{index}." for index in range(first)} | {"stem."}
    for name, tensor in tiny_tower.state_dict().items():
        if name.startswith(tuple(shared)):
            both.state_dict()[name].copy_(tensor)
    both.classifier.blocks.load_state_dict(tiny_tower.blocks[first:].state_dict())
    both.classifier.head.load_state_dict(tiny_tower.head.state_dict())
    pixels_BCHW = torch.rand(2, 3, 40, 24)
    out, published = both(pixels_BCHW), tiny_tower(pixels_BCHW)
    expected_BI = both.classifier.linear(published.pooler_output).softmax(-1)
    torch.testing.assert_close(out.probabilities, expected_BI, atol=REORDERED_SUMS, rtol=0)
    assert not torch.allclose(out.last_hidden_state, published.last_hidden_state)
    assert published.probabilities.shape == (2, 0)


def test_save_and_load_through_auto_classes(tiny_tower, tmp_path) -> None:
    """What the Auto classes load again computes bit-equal features."""
    tiny_tower.save_pretrained(tmp_path)
    assert isinstance(AutoConfig.from_pretrained(tmp_path), EfficientNetLiteConfig)
    loaded = AutoModel.from_pretrained(tmp_path).eval()
    pixels_BCHW = torch.rand(1, 3, 32, 32)
    assert torch.equal(loaded(pixels_BCHW).last_hidden_state, tiny_tower(pixels_BCHW).last_hidden_state)


def test_lite0_has_the_published_size() -> None:
    """Lite0 without its classifier has its published weights less a folded scale a channel, and 36 patches at 192."""
    config = EfficientNetLiteConfig.variant("lite0")
    with torch.device("meta"):
        model = EfficientNetLiteModel(config)
    assert sum(parameter.numel() for parameter in model.parameters()) == 3_371_008 - 21_008
    assert config.patch_grid(192, 192) == (6, 6)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_has_the_shapes_of_the_reference_port(name: str) -> None:
    """Renamed keys and shapes of lite0 to lite4 are those of the reference port."""
    reference = pytest.importorskip("efficientnet_lite_pytorch")
    from videoxl.checkpoint.efficientnet_keys import rename_efficientnet

    theirs, _ = rename_efficientnet(reference.EfficientNet.from_name(f"efficientnet-{name}").state_dict())
    with torch.device("meta"):
        ours = EfficientNetLiteModel(EfficientNetLiteConfig.variant(name)).state_dict()
    assert {key: tensor.shape for key, tensor in theirs.items()} == {key: t.shape for key, t in ours.items()}


def test_lite0_equals_the_reference_port() -> None:
    """With the same weights, at 224, features equal the reference port's, batch norms folded."""
    reference = pytest.importorskip("efficientnet_lite_pytorch")
    from videoxl.checkpoint.efficientnet_keys import rename_efficientnet

    theirs = reference.EfficientNet.from_name("efficientnet-lite0").eval()
    weights, classifier = rename_efficientnet(theirs.state_dict())
    ours = EfficientNetLiteModel(EfficientNetLiteConfig.variant("lite0")).eval()
    ours.load_state_dict(weights)
    pixels_BCHW = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected_BND = theirs.extract_features(pixels_BCHW).flatten(2).transpose(1, 2)
        assert torch.allclose(ours(pixels_BCHW).last_hidden_state, expected_BND, atol=REORDERED_SUMS)
    assert classifier["weight"].shape == (1000, 1280)
