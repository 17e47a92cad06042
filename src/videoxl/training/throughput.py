"""How long a run takes: operations of an example by arithmetic, operations a second by one small step on this machine.

An estimate: data that is slow to read, devices that wait for one another and kernels that do not suit a size are not in
it.

T rows of a step, S memory rows before it, V VSTs.
"""

import time

import torch

from videoxl.compression.budget import Geometry
from videoxl.compression.layout import Layout
from videoxl.memory.cache import BatchMemory
from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.model.decoder import DECODERS
from videoxl.model.prefill import condense_interval
from videoxl.training.activations import Stretch
from videoxl.training.cost import LABEL_SHARE, ParameterCounts
from videoxl.training.workload import Workload

PROBE_WIDTH, PROBE_LAYERS, PROBE_TOKENS, PROBE_RATIO, PROBE_TURNS = 1024, 3, 512, 8, 2
WITH_RECOMPUTING = 2  # a forward pass, and one more where the backward pass begins


def example_operations(config: VideoXLConfig, geometry: Geometry, work: Workload, counts: ParameterCounts) -> float:
    """Multiplications and additions of one example, forward, recomputed and backward."""
    learns = bool({"decoder", "head"} & set(counts.trained))
    passes = WITH_RECOMPUTING + 1 + learns  # backward to the activations, and to the weights where they learn
    decoder = sum(stretch_operations(config, geometry, stretch, counts) for stretch in (*work.intervals, work.text))
    head = 2 * work.num_text_tokens * LABEL_SHARE * geometry.vocab_size * geometry.hidden_size
    return passes * (decoder + head) + _vision_operations(config, geometry, work, counts)


def stretch_operations(config: VideoXLConfig, geometry: Geometry, stretch: Stretch, counts: ParameterCounts) -> float:
    """One forward pass of the decoder over a stretch."""
    embeddings = geometry.vocab_size * geometry.hidden_size
    in_layers = counts.counts["decoder"] - embeddings
    rows = stretch.num_cached + stretch.num_tokens / 2
    mixing = 4 * stretch.num_tokens * rows * geometry.num_attention_heads * geometry.head_dim * geometry.num_layers
    return 2 * in_layers * stretch.num_tokens + 2 * counts.counts["vst"] * stretch.num_vst + mixing


def measured_operations_per_second(config: VideoXLConfig, *, device: str, dtype: torch.dtype) -> float:
    """One interval forward and backward through a decoder of this kind, three layers and at most 1,024 wide."""
    text = _probe_config(config)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        decoder = DECODERS[text.model_type](text).to(device=device, dtype=dtype)
    layout = Layout(PROBE_TOKENS, PROBE_RATIO, "close")
    visual = torch.randn(1, PROBE_TOKENS, text.hidden_size, generator=torch.Generator().manual_seed(0))
    visual = visual.to(device=device, dtype=dtype)
    best = min(_timed_step(decoder, visual, layout) for _ in range(PROBE_TURNS))
    embeddings = text.vocab_size * text.hidden_size
    own = sum(tensor.numel() for name, tensor in decoder.named_parameters() if "vst_" not in name) - embeddings
    return 3 * 2 * own * layout.length / best


def _vision_operations(config: VideoXLConfig, geometry: Geometry, work: Workload, counts: ParameterCounts) -> float:
    vision = geometry.vision
    assert vision is not None
    learns = "vision_tower" in counts.trained
    tower = 2 * counts.counts["vision_tower"] * (vision.num_patches + 1) * work.num_frames
    inner = config.projector_hidden_size or geometry.hidden_size
    projector = 2 * inner * work.num_frames
    projector *= vision.num_patches * vision.hidden_size + geometry.tokens_per_frame * geometry.hidden_size
    return tower * (WITH_RECOMPUTING + 2 if learns else 1) + projector * (4 if "projector" in counts.trained else 1)


def _probe_config(config: VideoXLConfig) -> object:
    text = config.text_config
    width = min(PROBE_WIDTH, text.hidden_size)
    heads = max(1, min(text.num_attention_heads, width // 64))
    options = text.to_dict() | {
        "hidden_size": width,
        "intermediate_size": min(3 * width, text.intermediate_size),
        "num_hidden_layers": PROBE_LAYERS,
        "num_attention_heads": heads,
        "num_key_value_heads": 1,
        "head_dim": width // heads,
        "vocab_size": 8,
        "pad_token_id": 0,
        "layer_types": None,
    }
    return type(text).from_dict(options)


def _timed_step(decoder: torch.nn.Module, visual: torch.Tensor, layout: Layout) -> float:
    began = time.perf_counter()
    past = BatchMemory(rotate=decoder.rotate)
    rows = condense_interval(decoder, past, visual, layout)
    assert rows is not None
    rows.keys.float().square().sum().backward()
    if visual.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began
