"""Bytes that a training step keeps for its backward pass: arithmetic over one interval, one text, some frames.

What is counted is what autograd saves, tensor by tensor, each once; the tests count the same on a model that runs.
Attention is taken to be one fused kernel: its scores are never laid out.

T rows of a step (visual tokens and VSTs), S memory rows before it, V VSTs, Dv, Iv widths of the vision tower.
"""

from dataclasses import dataclass

from videoxl.compression.budget import Geometry, VisionGeometry
from videoxl.compression.layout import Layout

FULL_BYTES = 4  # float32: norms, log-sums and logits are never smaller
INDEX_BYTES = 8


@dataclass(frozen=True, slots=True)
class Manner:
    """How a device computes, as far as it keeps more for that."""

    casts: bool = False
    """Autocast on float32 weights: what goes from layer to layer is float32, and each product keeps its input in 16
    bit. FSDP and DeepSpeed hold 16-bit weights instead."""
    expands: bool = False
    """Key heads are repeated for the query heads, as attention with a mask on CUDA asks for."""


PLAIN = Manner()


@dataclass(frozen=True, slots=True)
class Stretch:
    """One forward pass through the decoder, as far as memory goes."""

    num_tokens: int
    """T: visual tokens with their VSTs, or text."""
    num_vst: int
    """V; 0 for text, and for video at ratio 1."""
    num_cached: int
    """S: rows of memory that it reads."""
    reads_out: bool = False
    """Whether every layer runs in full, because something is predicted from it."""

    @classmethod
    def of_interval(cls, layout: Layout, num_cached: int) -> "Stretch":
        """The step that condenses an interval."""
        return cls(layout.length, layout.num_vst, num_cached)


def stretch_bytes(geometry: Geometry, stretch: Stretch, *, manner: Manner = PLAIN) -> int:
    """What all layers save over one stretch that learns."""
    layers = geometry.num_layers
    full = _full_layer_bytes(geometry, stretch, manner=manner)
    shared = 2 * stretch.num_tokens * geometry.head_dim * _rotary_bytes(geometry, manner)  # cos and sin
    if stretch.reads_out:
        return layers * full + _norm_bytes(geometry, stretch.num_tokens, manner, num_products=1) + shared
    if not stretch.num_vst:  # rows are kept after the last layer's keys and values
        return (layers - 1) * full + _norm_bytes(geometry, stretch.num_tokens, manner, num_products=2) + shared
    last = _norm_bytes(geometry, stretch.num_vst, manner, num_products=2)
    index = stretch.num_tokens * INDEX_BYTES  # where visual tokens stand, and where VSTs do
    if manner.casts:  # visual tokens once more, in float32
        index += (stretch.num_tokens - stretch.num_vst) * geometry.hidden_size * FULL_BYTES
    if layers == 1:
        return last + index
    return (layers - 2) * full + _vst_layer_bytes(geometry, stretch, manner=manner) + last + shared + index


def logits_bytes(geometry: Geometry, num_labels: int) -> int:
    """Scores of every label over the vocabulary: computed, in float32, their softmax, and the gradient of it."""
    return num_labels * geometry.vocab_size * (2 * geometry.bytes_per_element + 3 * FULL_BYTES)


def layer_inputs_bytes(geometry: Geometry, num_tokens: int, *, manner: Manner = PLAIN) -> int:
    """What goes into every layer, all that checkpointing by layers keeps of a stretch."""
    element = FULL_BYTES if manner.casts else geometry.bytes_per_element
    return geometry.num_layers * num_tokens * geometry.hidden_size * element


def one_layer_bytes(geometry: Geometry, stretch: Stretch, *, manner: Manner = PLAIN) -> int:
    """The inside of a layer while it is computed again."""
    return _full_layer_bytes(geometry, stretch, manner=manner)


def rows_bytes(geometry: Geometry, num_rows: int) -> int:
    """Memory rows, and the gradients that gather on them."""
    return 2 * num_rows * geometry.row_bytes


def vision_bytes(vision: VisionGeometry, num_frames: int, *, num_layers: int, element_bytes: int) -> int:
    """What a tower of the CLIP kind saves over some frames that it learns from."""
    tokens = num_frames * (vision.num_patches + 1)
    widths = 8 * vision.hidden_size + 3 * vision.intermediate_size
    return num_layers * tokens * (widths * element_bytes + 4 * FULL_BYTES)


def projector_bytes(geometry: Geometry, num_frames: int, *, hidden_size: int) -> int:
    """Patches going in, the hidden layer before and after its activation, and what is pooled."""
    assert geometry.vision is not None
    patches = num_frames * geometry.vision.num_patches
    pooled = num_frames * geometry.tokens_per_frame * hidden_size
    return (patches * (geometry.vision.hidden_size + 2 * hidden_size) + pooled) * geometry.bytes_per_element


def _full_layer_bytes(geometry: Geometry, stretch: Stretch, *, manner: Manner) -> int:
    tokens = stretch.num_tokens
    return (
        _norm_bytes(geometry, tokens, manner, num_products=3)  # q, k and v
        + _norm_bytes(geometry, tokens, manner, num_products=2)  # gate and up
        + _attention_bytes(geometry, stretch, manner, num_queries=tokens)
        + _vst_rows_bytes(geometry, stretch.num_vst, num_query_rows=stretch.num_vst)
        + 4 * tokens * geometry.intermediate_size * geometry.bytes_per_element
    )


def _vst_layer_bytes(geometry: Geometry, stretch: Stretch, *, manner: Manner) -> int:
    """The last layer but one: every row goes in, only VSTs come out."""
    num_vst, element = stretch.num_vst, geometry.bytes_per_element
    return (
        _norm_bytes(geometry, stretch.num_tokens, manner, num_products=2)
        + _norm_bytes(geometry, num_vst, manner, num_products=2)
        + _attention_bytes(geometry, stretch, manner, num_queries=num_vst)
        + _vst_rows_bytes(geometry, num_vst, num_query_rows=0)
        + 2 * num_vst * geometry.head_dim * _rotary_bytes(geometry, manner)
        + 4 * num_vst * geometry.intermediate_size * element
    )


def _norm_bytes(geometry: Geometry, num_rows: int, manner: Manner, *, num_products: int) -> int:
    """RMSNorm: its input in float32, one number a row, the normed input, and what comes out, for those who take it."""
    element = geometry.bytes_per_element
    kept = FULL_BYTES + num_products * element if manner.casts else 2 * element
    return num_rows * (geometry.hidden_size * (FULL_BYTES + kept) + FULL_BYTES)


def _rotary_bytes(geometry: Geometry, manner: Manner) -> int:
    return FULL_BYTES if manner.casts else geometry.bytes_per_element


def _attention_bytes(geometry: Geometry, stretch: Stretch, manner: Manner, *, num_queries: int) -> int:
    element = geometry.bytes_per_element
    seen = stretch.num_cached + stretch.num_tokens
    queries = 2 * num_queries * geometry.num_attention_heads * geometry.head_dim * element  # and what they mix
    log_sums = num_queries * geometry.num_attention_heads * FULL_BYTES
    heads = geometry.num_attention_heads if manner.expands else geometry.num_key_value_heads
    rows = 2 * seen * heads * geometry.head_dim * element
    return queries + log_sums + rows + num_queries * seen * element  # the last is the mask


def _vst_rows_bytes(geometry: Geometry, num_vst: int, *, num_query_rows: int) -> int:
    """Rows of VSTs picked out for their own projections, and what those give before it is put into place."""
    picked = 3 * num_vst * geometry.hidden_size
    own = geometry.head_dim * (
        num_query_rows * geometry.num_attention_heads + 2 * num_vst * geometry.num_key_value_heads
    )
    return (picked + own) * geometry.bytes_per_element
