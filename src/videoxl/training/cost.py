"""What a run needs before anything is loaded: what learns, steps, bytes a device for 1 to 8 devices, and time.

Bytes of weights, gradients and optimizer are exact for AdamW in mixed precision; activations are those of `activations`
for the largest example that the curriculum allows, with checkpointing per interval, and count what autograd saves. What
a framework keeps for itself (context, buffers, fragments) is a flat sum. Time is an estimate, see `throughput`.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from videoxl.compression.budget import Geometry
from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.model.geometry import geometry
from videoxl.model.learning import FRAMES_AT_ONCE
from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration
from videoxl.training.activations import (
    Manner,
    layer_inputs_bytes,
    logits_bytes,
    one_layer_bytes,
    projector_bytes,
    rows_bytes,
    stretch_bytes,
    vision_bytes,
)
from videoxl.training.parameters import GROUPS, ParameterConfig, group_of
from videoxl.training.recipe import FinetuneRecipe
from videoxl.training.workload import Workload, largest_workloads

Sharding = Literal["none", "zero2", "zero2 offload", "fsdp2", "zero3"]
SHARDINGS: tuple[Sharding, ...] = ("none", "zero2", "zero2 offload", "fsdp2", "zero3")
"""Nothing; gradients and optimizer; these on the host; all but the model of one step; all but the layer of a moment."""
DEVICE_BYTES = 80 * 10**9
CONTEXT_BYTES = 2**30  # CUDA's context and libraries, and fragments of the allocator
REDUCTION_BYTES = 2 * 2**30  # buffers of NCCL and of what reduces gradients, where there are several devices
MASTER_BYTES, MOMENT_BYTES, FULL_BYTES = 4, 8, 4  # float32: the weight itself, AdamW's two moments, all else
LABEL_SHARE = 0.5  # of text tokens that are answers


@dataclass(frozen=True, slots=True)
class ParameterCounts:
    """How many numbers a model has in each group, and which groups learn."""

    counts: dict[str, int]
    trained: tuple[str, ...]

    @property
    def num_trained(self) -> int:
        return sum(self.counts[group] for group in self.trained)

    @property
    def num_frozen(self) -> int:
        return sum(self.counts.values()) - self.num_trained


@dataclass(frozen=True, slots=True)
class DeviceBytes:
    """What one device holds at the worst moment of a step; `host` is what it keeps in the machine's own memory."""

    weights: int
    gradients: int
    optimizer: int
    film: int
    """Pixels and visual tokens of the example."""
    rows: int
    """Memory rows of the example, with their gradients."""
    step: int
    """One interval, the text with its logits, or one chunk of frames: the largest of them."""
    framework: int
    host: int = 0

    @property
    def total(self) -> int:
        return self.weights + self.gradients + self.optimizer + self.film + self.rows + self.step + self.framework


def count_parameters(config: VideoXLConfig, parameters: ParameterConfig) -> ParameterCounts:
    """Count on a model that takes no memory."""
    with torch.device("meta"):
        model = VideoXLForConditionalGeneration(config)
    model.tie_weights()
    counts = dict.fromkeys(GROUPS, 0)
    for name, parameter in model.named_parameters():
        counts[group_of(name)] += parameter.numel()
    if parameters.lora is not None:
        counts["lora"] = sum(
            parameters.lora.rank * (module.in_features + module.out_features)
            for name, module in model.model.language_model.named_modules()
            if name.rpartition(".")[2] in parameters.lora.targets and isinstance(module, torch.nn.Linear)
        )
    trained = tuple(group for group in GROUPS if counts[group] and parameters.trains(group))
    return ParameterCounts(counts, trained)


def device_bytes(
    recipe: FinetuneRecipe,
    config: VideoXLConfig,
    *,
    shape: Geometry,
    counts: ParameterCounts,
    num_devices: int,
    sharding: Sharding,
) -> DeviceBytes:
    """The worst moment of a step on each of `num_devices`; `shape` is the `recipe_geometry`."""
    example = largest_example(recipe, config, shape, counts, manner=manner_of(shape, sharding))
    state = State(
        counts,
        shape.bytes_per_element,
        moments=moment_bytes(recipe),
        accumulates=int(recipe.trainer.get("gradient_accumulation_steps", 1)) > 1,
        gathered=_gathered_share(counts, config, sharding),
    )
    return DeviceBytes(
        **_state_bytes(state, num_devices, sharding),
        film=example.film,
        rows=example.rows,
        step=example.step,
        framework=CONTEXT_BYTES + (REDUCTION_BYTES if num_devices > 1 else 0),
    )


def recipe_geometry(recipe: FinetuneRecipe, config: VideoXLConfig) -> Geometry:
    """The model's sizes in the type that the recipe computes in."""
    return geometry(config, bytes_per_element=2 if is_half(recipe) else FULL_BYTES)


def is_half(recipe: FinetuneRecipe) -> bool:
    """Whether the run computes in 16 bit."""
    return bool(recipe.trainer.get("bf16") or recipe.trainer.get("fp16"))


@dataclass(frozen=True, slots=True)
class ExampleBytes:
    """What the most demanding example takes, beside weights and what learns them."""

    work: Workload
    film: int
    rows: int
    step: int


@dataclass(frozen=True, slots=True)
class State:
    """Numbers to hold, and the bytes of each."""

    counts: ParameterCounts
    element: int
    moments: int
    accumulates: bool
    """Whether an optimizer's step has several micro steps."""
    gathered: float
    """How much of the model is whole at one moment where it is spread."""


def largest_example(
    recipe: FinetuneRecipe, config: VideoXLConfig, shape: Geometry, counts: ParameterCounts, *, manner: Manner
) -> ExampleBytes:
    """The example of the curriculum that takes most."""
    by_layer = recipe.checkpointing == "layer"
    found = [
        ExampleBytes(
            work=work,
            film=_film_bytes(config, shape, work, manner=manner, by_layer=by_layer),
            rows=rows_bytes(shape, work.num_rows),
            step=_step_bytes(config, shape, work, counts, manner=manner, by_layer=recipe.checkpointing == "layer"),
        )
        for work in largest_workloads(recipe, shape)
    ]
    return max(found, key=lambda each: each.film + each.rows + each.step)


def manner_of(shape: Geometry, sharding: Sharding) -> Manner:
    """16 bit means a GPU; only there, and where nothing is spread, are weights cast on the way."""
    is_half = shape.bytes_per_element < FULL_BYTES
    return Manner(casts=is_half and sharding == "none", expands=is_half)


def moment_bytes(recipe: FinetuneRecipe) -> int:
    """Bytes that the optimizer keeps of each number that learns, beside the number itself."""
    name = str(recipe.trainer.get("optim", "adamw_torch")).lower()
    if "8bit" in name:
        return 2
    return 0 if "adafactor" in name or name.startswith("sgd") else MOMENT_BYTES  # factored moments are next to nothing


def _state_bytes(state: State, num_devices: int, sharding: Sharding) -> dict[str, int]:
    """Weights, gradients and optimizer. What does not learn is held in the type that is computed in.

    A weight has part in every interval, and autograd hands its gradient on when the last of them has added to it: so
    gradients of all weights that learn stand in memory once, whole, however they are spread afterwards.
    """
    trained, frozen, element = state.counts.num_trained, state.counts.num_frozen, state.element
    compute, is_half = element * (trained + frozen), element < MASTER_BYTES
    if sharding == "none":
        copies = element * trained if is_half else 0  # autocast's, while a step lasts
        buckets = MASTER_BYTES * trained if num_devices > 1 else 0
        gathering = MASTER_BYTES * trained if state.accumulates else 0  # of this example, beside those before it
        return {
            "weights": MASTER_BYTES * trained + copies + element * frozen,
            "gradients": MASTER_BYTES * trained + buckets + gathering,
            "optimizer": state.moments * trained,
        }
    masters = MASTER_BYTES * trained if is_half else 0
    if sharding.startswith("zero2"):
        kept = _share(masters + state.moments * trained, num_devices)
        gradients = _share(element * trained, num_devices) + element * trained
        if sharding == "zero2":
            return {"weights": compute, "gradients": gradients, "optimizer": kept}
        on_host = kept + _share(MASTER_BYTES * trained, num_devices)  # and the gradients, in float32
        return {"weights": compute, "gradients": gradients, "optimizer": 0, "host": on_host}
    stored = MASTER_BYTES * trained + element * frozen if sharding == "fsdp2" else compute
    own = state.moments * trained + (0 if sharding == "fsdp2" else masters)  # FSDP2's shards are the masters
    return {
        "weights": _share(stored, num_devices) + round(state.gathered * compute),
        "gradients": _share(MASTER_BYTES * trained, num_devices) + element * trained,
        "optimizer": _share(own, num_devices),
    }


def _gathered_share(counts: ParameterCounts, config: VideoXLConfig, sharding: Sharding) -> float:
    """How much of the model is whole at one moment: all of it as one unit, or two layers and what is in no layer."""
    if sharding != "zero3":
        return 1.0
    total = sum(counts.counts.values())
    in_layers = (
        counts.counts["decoder"]
        + counts.counts["vst"]
        - config.text_config.vocab_size * (config.text_config.hidden_size)
    )
    return (2 * in_layers / config.text_config.num_hidden_layers + total - in_layers) / total


def _film_bytes(config: VideoXLConfig, shape: Geometry, work: Workload, *, manner: Manner, by_layer: bool) -> int:
    side = config.vision_config.image_size
    pixels = work.num_frames * 3 * side**2 * FULL_BYTES
    tokens = 2 * work.num_visual_tokens * shape.hidden_size * shape.bytes_per_element  # and their gradients
    seen = sum(stretch.num_tokens for stretch in work.intervals) if by_layer else 0
    return pixels + tokens + layer_inputs_bytes(shape, seen, manner=manner)


def _step_bytes(
    config: VideoXLConfig,
    shape: Geometry,
    work: Workload,
    counts: ParameterCounts,
    *,
    manner: Manner,
    by_layer: bool,
) -> int:
    labels = round(work.num_text_tokens * LABEL_SHARE)
    text = layer_inputs_bytes(shape, work.text.num_tokens, manner=manner) + logits_bytes(shape, labels)
    text += one_layer_bytes(shape, work.text, manner=manner)
    saved = one_layer_bytes if by_layer else stretch_bytes
    interval = max((saved(shape, stretch, manner=manner) for stretch in work.intervals), default=0)
    return max(text, interval, _chunk_bytes(config, shape, counts))


def _chunk_bytes(config: VideoXLConfig, shape: Geometry, counts: ParameterCounts) -> int:
    """One chunk of frames through tower and projector, as far as they learn."""
    assert shape.vision is not None
    hidden = config.projector_hidden_size or shape.hidden_size
    saved = 0
    if "projector" in counts.trained or "vision_tower" in counts.trained:
        saved += projector_bytes(shape, FRAMES_AT_ONCE, hidden_size=hidden)
    if "vision_tower" in counts.trained:
        layers = getattr(config.vision_config, "num_hidden_layers", 1)
        saved += vision_bytes(shape.vision, FRAMES_AT_ONCE, num_layers=layers, element_bytes=shape.bytes_per_element)
    return saved


def _share(num_bytes: int, num_devices: int) -> int:
    return -(-num_bytes // num_devices)
