"""What a video costs, exactly where it is arithmetic, before any weight is loaded.

    rows        exact: prefix tokens and VSTs (raw rows at ratio 1), from the same layouts that prefill follows
    memory      exact: un-rotated keys and values of every row, what a .vxl file holds
    working     exact: the same, and the rotated keys that attention reads
    weights     exact: parameters times bytes
    waiting     exact: visual tokens of frames that were encoded and whose interval is still open
    step        estimate: the largest forward over one interval
    vision      estimate: one chunk of frames through tower and projector

The two estimates never stand in memory together, so the peak is weights + working + waiting + the larger of them.

F frames, N patches, M visual tokens per frame, T tokens in the step, S cached positions, H query heads, K key/value
heads, E head width, D hidden width, I feed-forward width, L layers. `Dv`, `Iv` are the vision tower's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout, Rule
from videoxl.compression.plan import fixed_plan
from videoxl.compression.size import ByteSize
from videoxl.errors import CapacityError, UsageError

DEFAULT_CHUNK_FRAMES = 16
# Copies of a tensor that stand side by side at the worst moment of one layer.
_HIDDEN_COPIES = 3  # residual, normed input, output
_ROTATED_COPIES = 2  # queries and keys before and after rotation
_FEED_FORWARD_COPIES = 3  # gate, up and their product
_VISION_HIDDEN_COPIES = 3
_VISION_FEED_FORWARD_COPIES = 2  # before and after the activation
_PROJECTOR_COPIES = 2  # before and after the activation, on every patch
_LOGIT_BYTES = 4  # logits are float32


@dataclass(frozen=True, slots=True)
class VisionGeometry:
    """The sizes of a vision tower that cost memory."""

    image_size: int
    num_patches: int
    hidden_size: int
    intermediate_size: int


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes of a model that cost memory; plain numbers, so that no weight need be loaded to know them."""

    num_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    hidden_size: int
    intermediate_size: int
    vocab_size: int
    tokens_per_frame: int
    num_parameters: int
    vision: VisionGeometry | None = None
    bytes_per_element: int = 2
    max_positions: int | None = None

    @property
    def row_bytes(self) -> int:
        """Key and value of one row in every layer."""
        return 2 * self.num_layers * self.num_key_value_heads * self.head_dim * self.bytes_per_element


@dataclass(frozen=True, slots=True)
class Budget:
    """What watching a video needs: `memory_bytes` is what remains of it, `peak_bytes` what it takes on the way."""

    num_frames: int
    num_visual_tokens: int
    num_vst: int
    num_dropped_tokens: int
    num_rows: int
    num_positions: int  # the highest position of the watching, plus one; beyond max_positions a model is untrained
    raw_bytes: int  # what the rows would take without compression
    memory_bytes: int
    working_bytes: int
    weights_bytes: int
    waiting_bytes: int
    step_bytes: int
    vision_bytes: int

    @property
    def activation_bytes(self) -> int:
        """Everything that is needed on the way and gone afterwards."""
        return self.waiting_bytes + max(self.step_bytes, self.vision_bytes)

    @property
    def peak_bytes(self) -> int:
        return self.weights_bytes + self.working_bytes + self.activation_bytes


def budget(
    geometry: Geometry,
    num_frames: int,
    *,
    ratio: int,
    interval_frames: int = 10,
    prefix_tokens: int = 0,
    rule: Rule = "close",
    chunk_frames: int = DEFAULT_CHUNK_FRAMES,
) -> Budget:
    """The cost of `num_frames` in equal intervals at one ratio, after `prefix_tokens` of text."""
    plan = fixed_plan(num_frames, ratio=ratio, interval_frames=interval_frames)
    return plan_budget(geometry, plan, prefix_tokens=prefix_tokens, rule=rule, chunk_frames=chunk_frames)


def plan_budget(
    geometry: Geometry,
    intervals: Iterable[Interval],
    *,
    prefix_tokens: int = 0,
    rule: Rule = "close",
    chunk_frames: int = DEFAULT_CHUNK_FRAMES,
    lookahead_frames: int = 0,
) -> Budget:
    """The cost of any plan; a planner that decides late adds the frames that it lets wait."""
    num_rows, num_positions, num_vst, num_visual, num_dropped = prefix_tokens, prefix_tokens, 0, 0, 0
    num_frames = longest_frames = 0
    step_bytes = _step_bytes(geometry, prefix_tokens, num_cached=0, num_kept=prefix_tokens)
    for interval in intervals:
        layout = Layout(interval.num_frames * geometry.tokens_per_frame, interval.ratio, rule)
        step = _step_bytes(geometry, layout.length, num_cached=num_rows, num_kept=layout.num_rows_kept)
        step_bytes = max(step_bytes, step)
        num_positions = max(num_positions, num_rows + layout.length)
        num_rows += layout.num_rows_kept
        num_vst += layout.num_vst
        num_visual += layout.num_tokens
        num_dropped += layout.num_dropped
        num_frames = interval.stop
        longest_frames = max(longest_frames, interval.num_frames)
    waiting_frames = min(num_frames, longest_frames + lookahead_frames + chunk_frames)
    memory_bytes = num_rows * geometry.row_bytes
    return Budget(
        num_frames=num_frames,
        num_visual_tokens=num_visual,
        num_vst=num_vst,
        num_dropped_tokens=num_dropped,
        num_rows=num_rows,
        num_positions=num_positions,
        raw_bytes=(prefix_tokens + num_visual) * geometry.row_bytes,
        memory_bytes=memory_bytes,
        working_bytes=memory_bytes + memory_bytes // 2,
        weights_bytes=geometry.num_parameters * geometry.bytes_per_element,
        waiting_bytes=waiting_frames * geometry.tokens_per_frame * geometry.hidden_size * geometry.bytes_per_element,
        step_bytes=step_bytes,
        vision_bytes=_vision_bytes(geometry, min(num_frames, chunk_frames)),
    )


def fitting_ratio(
    geometry: Geometry,
    num_frames: int,
    *,
    device_bytes: int,
    ratios: Sequence[int],
    interval_frames: int = 10,
    prefix_tokens: int = 0,
    chunk_frames: int = DEFAULT_CHUNK_FRAMES,
) -> int:
    """The smallest of `ratios`, which keeps the most, whose peak fits into `device_bytes`."""
    if not ratios:
        raise UsageError("no ratio is offered: the list is empty. Give one or more, such as 2 4 8.")

    def peak_bytes(ratio: int) -> int:
        return budget(
            geometry,
            num_frames,
            ratio=ratio,
            interval_frames=interval_frames,
            prefix_tokens=prefix_tokens,
            chunk_frames=chunk_frames,
        ).peak_bytes

    peaks = {ratio: peak_bytes(ratio) for ratio in sorted(ratios)}
    for ratio, peak in peaks.items():
        if peak <= device_bytes:
            return ratio
    ratio, least = min(peaks.items(), key=lambda item: item[1])
    raise CapacityError(
        f"{num_frames} frames need {ByteSize(least)} even at ratio {ratio}, the device has {ByteSize(device_bytes)}. "
        "Use fewer frames, a higher ratio if the model offers one, or a larger device."
    )


def _step_bytes(geometry: Geometry, num_tokens: int, *, num_cached: int, num_kept: int) -> int:
    """One layer over T tokens that attend to S cached rows; attention scores are never laid out (fused kernels)."""
    heads = geometry.num_attention_heads + geometry.num_key_value_heads
    hidden = _HIDDEN_COPIES * num_tokens * geometry.hidden_size
    query_key = _ROTATED_COPIES * num_tokens * heads * geometry.head_dim
    key_value = 2 * (num_cached + num_tokens) * geometry.num_key_value_heads * geometry.head_dim
    attended = num_tokens * geometry.num_attention_heads * geometry.head_dim
    feed_forward = _FEED_FORWARD_COPIES * num_tokens * geometry.intermediate_size
    kept_rows = num_kept * geometry.row_bytes  # what the step adds to the memory, before it is appended
    layer = max(query_key + key_value + attended, feed_forward)
    return (hidden + layer) * geometry.bytes_per_element + kept_rows + geometry.vocab_size * _LOGIT_BYTES


def _vision_bytes(geometry: Geometry, num_frames: int) -> int:
    """F frames through one tower layer, then through the projector, whose inner width is the decoder's."""
    vision = geometry.vision
    if vision is None:
        return 0
    patches = num_frames * vision.num_patches
    pixels = num_frames * 3 * vision.image_size**2
    hidden = _VISION_HIDDEN_COPIES * patches * vision.hidden_size
    layer = patches * max(4 * vision.hidden_size, _VISION_FEED_FORWARD_COPIES * vision.intermediate_size)
    projector = patches * (vision.hidden_size + _PROJECTOR_COPIES * geometry.hidden_size)
    return (pixels + max(hidden + layer, projector)) * geometry.bytes_per_element
