"""EfficientNet-Lite as a vision tower: frames in, one row of features per 32 x 32 pixel patch out.

The Lite variants (lite0 to lite4) are EfficientNets made for small machines: inverted-bottleneck blocks with ReLU6,
no squeeze-and-excitation, and a stem and head that do not widen. Convolutions pad as TensorFlow's "same" does, from
the size of each input, so any height and width may be given. Batch norms always use their stored statistics, in
training too: the tower of a video model is frozen, and clips are no sample of the pictures it was trained on.

A tower whose last blocks have learned something else may keep the published ones beside them, up to the classifier: it
then says what it was published to say, too.

Letters: B batch, C channels, H height, W width, N patches (row by row), D hidden width, I classes.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

VARIANTS = {  # width and depth coefficient, picture side in pixels
    "lite0": (1.0, 1.0, 224),
    "lite1": (1.0, 1.1, 240),
    "lite2": (1.1, 1.2, 260),
    "lite3": (1.2, 1.4, 280),
    "lite4": (1.4, 1.8, 300),
}
STAGES = (  # blocks, kernel, stride, expansion, channels, all before the coefficients
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
CHANNEL_DIVISOR = 8


class EfficientNetLiteConfig(PreTrainedConfig):
    """Sizes of one EfficientNet-Lite; the defaults are lite0, `EfficientNetLiteConfig.variant("lite2")` is another."""

    model_type = "efficientnet_lite"

    num_channels: int = 3
    image_size: int = 224
    width_coefficient: float = 1.0
    depth_coefficient: float = 1.0
    stages: list[list[int]] | tuple[tuple[int, ...], ...] = STAGES
    stem_channels: int = 32
    hidden_size: int = 1280
    num_classes: int = 0
    """Classes of a classifier beside the features; 0 for a tower without one."""
    classifier_from: int = 0
    """The first block that the classifier has of its own; those before it are shared."""

    @classmethod
    def variant(cls, name: str, **overrides: object) -> "EfficientNetLiteConfig":
        """The published configuration called `name` ("lite0" to "lite4")."""
        assert name in VARIANTS, f"expected one of {', '.join(VARIANTS)}, got {name!r}"
        width, depth, image_size = VARIANTS[name]
        sizes = {"width_coefficient": width, "depth_coefficient": depth, "image_size": image_size}
        return cls(**(sizes | overrides))

    @property
    def patch_size(self) -> int:
        """Pixels, both ways, that one feature row stands for: the product of all strides."""
        return 2 * math.prod(stage[2] for stage in self.stages)

    def patch_grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches that a picture of this size gives."""
        return math.ceil(height / self.patch_size), math.ceil(width / self.patch_size)

    def block_sizes(self) -> list[dict[str, int]]:
        """Arguments of every block in order, coefficients applied. First and last stage never get deeper."""
        sizes, in_channels, last = [], self.stem_channels, len(self.stages) - 1
        for index, (num_blocks, kernel, stride, expansion, channels) in enumerate(self.stages):
            if index not in (0, last):
                num_blocks = math.ceil(num_blocks * self.depth_coefficient)
            out_channels = _round_channels(channels * self.width_coefficient)
            for block in range(num_blocks):
                sizes.append(
                    {
                        "in_channels": in_channels,
                        "out_channels": out_channels,
                        "kernel": kernel,
                        "stride": stride if block == 0 else 1,
                        "expansion": expansion,
                    }
                )
                in_channels = out_channels
        return sizes


class Convolution(nn.Module):
    """Convolution with "same" padding, then ReLU6 unless `linear`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, groups=groups)
        self.act = nn.Identity() if linear else nn.ReLU6()

    def forward(self, features_BCHW: torch.Tensor) -> torch.Tensor:
        return self.act(_conv_same(features_BCHW, self.conv))


class InvertedBottleneck(nn.Module):
    """Widen with a 1 x 1, filter each channel alone, narrow without activation, add the input where it fits."""

    def __init__(self, *, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = in_channels * expansion
        self.expand = Convolution(in_channels, wide) if expansion != 1 else nn.Identity()
        self.depthwise = Convolution(wide, wide, kernel=kernel, stride=stride, groups=wide)
        self.project = Convolution(wide, out_channels, linear=True)
        self.has_skip = stride == 1 and in_channels == out_channels

    def forward(self, features_BCHW: torch.Tensor) -> torch.Tensor:
        out_BCHW = self.project(self.depthwise(self.expand(features_BCHW)))
        return out_BCHW + features_BCHW if self.has_skip else out_BCHW


@dataclass
class EfficientNetLiteOutput(BaseModelOutputWithPooling):
    """What a tower says of some pictures."""

    probabilities: torch.Tensor | None = None
    """Of the classifier's classes, (B, I); (B, 0) without one."""


class Classifier(nn.Module):
    """The published end of a network: its last blocks, its head and its classes."""

    def __init__(self, config: EfficientNetLiteConfig) -> None:
        super().__init__()
        sizes = config.block_sizes()[config.classifier_from :]
        self.blocks = nn.ModuleList(InvertedBottleneck(**size) for size in sizes)
        self.head = Convolution(sizes[-1]["out_channels"], config.hidden_size)
        self.linear = nn.Linear(config.hidden_size, config.num_classes)

    def forward(self, features_BCHW: torch.Tensor) -> torch.Tensor:
        """Probabilities (B, I), from what the blocks before its own make of pictures."""
        for block in self.blocks:
            features_BCHW = block(features_BCHW)
        return self.linear(self.head(features_BCHW).mean((2, 3))).softmax(-1)


class EfficientNetLiteModel(PreTrainedModel):
    """Stem, blocks and 1 x 1 head; beside them a classifier, where the config has classes."""

    config_class = EfficientNetLiteConfig
    main_input_name = "pixel_values"
    input_modalities = ("image",)
    _no_split_modules = ("InvertedBottleneck",)

    def __init__(self, config: EfficientNetLiteConfig) -> None:
        super().__init__(config)
        sizes = config.block_sizes()
        self.stem = Convolution(config.num_channels, config.stem_channels, kernel=3, stride=2)
        self.blocks = nn.ModuleList(InvertedBottleneck(**size) for size in sizes)
        self.head = Convolution(sizes[-1]["out_channels"], config.hidden_size)
        self.classifier = Classifier(config) if config.num_classes else None
        self.post_init()

    def forward(self, pixel_values: torch.Tensor, **_: object) -> EfficientNetLiteOutput:
        """Features of (B, 3, H, W) pixels: `last_hidden_state` (B, N, D) row by row, `pooler_output` their mean."""
        features_BCHW = self.stem(pixel_values.contiguous(memory_format=torch.channels_last))
        probabilities_BI = features_BCHW.new_zeros(len(pixel_values), 0)
        for index, block in enumerate(self.blocks):
            if self.classifier is not None and index == self.config.classifier_from:
                probabilities_BI = self.classifier(features_BCHW)
            features_BCHW = block(features_BCHW)
        features_BND = self.head(features_BCHW).flatten(2).transpose(1, 2)
        return EfficientNetLiteOutput(
            last_hidden_state=features_BND, pooler_output=features_BND.mean(1), probabilities=probabilities_BI
        )


def _round_channels(channels: float) -> int:
    """The nearest multiple of eight, but never more than a tenth below what was asked for."""
    rounded = max(CHANNEL_DIVISOR, int(channels + CHANNEL_DIVISOR / 2) // CHANNEL_DIVISOR * CHANNEL_DIVISOR)
    return rounded + CHANNEL_DIVISOR if rounded < 0.9 * channels else rounded


def _conv_same(features_BCHW: torch.Tensor, conv: nn.Conv2d) -> torch.Tensor:
    """Convolve with zeros around the map so that stride s gives ceil(size / s); an odd zero goes right and below."""
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    down, across = (max((math.ceil(n / stride) - 1) * stride + kernel - n, 0) for n in features_BCHW.shape[-2:])
    padding = (down // 2, across // 2)
    if down % 2 or across % 2:  # one side more than the other, which a convolution cannot pad by itself
        features_BCHW = functional.pad(features_BCHW, (across // 2, across - across // 2, down // 2, down - down // 2))
        padding = (0, 0)
    return functional.conv2d(features_BCHW, conv.weight, conv.bias, conv.stride, padding, 1, conv.groups)


AutoConfig.register(EfficientNetLiteConfig.model_type, EfficientNetLiteConfig, exist_ok=True)
AutoModel.register(EfficientNetLiteConfig, EfficientNetLiteModel, exist_ok=True)
