"""The arithmetic of --dry-run against models that run: bytes that autograd saves, and bytes that learning holds."""

import contextlib
import weakref
from collections.abc import Iterable
from dataclasses import asdict

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import CLIPVisionConfig, Qwen2Config

from videoxl.compression.layout import Layout
from videoxl.compression.plan import fixed_plan
from videoxl.memory.cache import BatchMemory
from videoxl.memory.key_values import KeyValues
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration, learning
from videoxl.model.geometry import geometry
from videoxl.model.prefill import condense_interval
from videoxl.model.vision_tower import frame_features
from videoxl.training.activations import Manner, Stretch, projector_bytes, stretch_bytes, vision_bytes
from videoxl.training.config import make_config
from videoxl.training.cost import (
    LABEL_SHARE,
    SHARDINGS,
    count_parameters,
    device_bytes,
    largest_example,
    manner_of,
    recipe_geometry,
)
from videoxl.training.dry_run import dry_run, run_length
from videoxl.training.parameters import GroupConfig, LoraConfig, ParameterConfig, freeze
from videoxl.training.recipe import FinetuneRecipe
from videoxl.training.workload import TEXT_TOKENS, video_workload

WIDTH = 64
GRADIENTS_ON_THE_WAY = 0.15  # of activations, while a layer is gone through backward; not counted
SMALL_TENSORS = 0.02  # scalars of norms and indices of a tower, which no one misses at real sizes


def build(*, num_layers: int = 4, dtype: torch.dtype = torch.float32) -> VideoXLForConditionalGeneration:
    """Wide enough that what grows with width is most of it."""
    text = Qwen2Config(
        vocab_size=97, hidden_size=WIDTH, intermediate_size=176, num_hidden_layers=num_layers, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=4096, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8
    )
    return VideoXLForConditionalGeneration(VideoXLConfig(vision_config=vision, text_config=text)).to(dtype)


class JoinedMemory(BatchMemory):
    """Rows in one piece, as attention on a GPU takes them; what is counted is a GPU's."""

    def memory_of(self, layer: int) -> KeyValues | None:
        rows = super().memory_of(layer)
        return rows.joined() if hasattr(rows, "joined") else rows


def saved_bytes(work, model, *given: torch.Tensor) -> int:
    """What autograd saves during `work`: each storage once, without weights, their casts, and what was given."""
    known = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *given)}
    weight_shapes = {tuple(tensor.shape) for tensor in model.parameters()}
    weight_shapes |= {shape[::-1] for shape in weight_shapes}
    held, alive = {}, []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known and tuple(tensor.shape) not in weight_shapes:
            held[storage.data_ptr()] = storage.nbytes()
        alive.append(tensor)  # a freed storage would lend its address to another one
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        alive.append(work())
    return sum(held.values())


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "autocast"])
@pytest.mark.parametrize(("num_layers", "num_tokens", "ratio"), [(4, 40, 8), (3, 44, 2), (5, 200, 4), (4, 40, 1)])
def test_an_interval_saves_what_is_counted(kind, num_layers, num_tokens, ratio):
    """Byte for byte: what a decoder saves to learn from an interval behind another one."""
    model = build(num_layers=num_layers, dtype=torch.bfloat16 if kind == "bfloat16" else torch.float32)
    visual_dtype = torch.float32 if kind == "float32" else torch.bfloat16
    visual = torch.randn(1, num_tokens, WIDTH, dtype=visual_dtype, requires_grad=True)
    layout, past = Layout(num_tokens, ratio, "close"), JoinedMemory(rotate=model.decoder.rotate)
    with torch.autocast("cpu", torch.bfloat16) if kind == "autocast" else contextlib.nullcontext():
        past.append(condense_interval(model.decoder, past, visual, layout))
        given = (visual,) if layout.num_vst else ()  # without VSTs it is the first layer's input, which is counted
        measured = saved_bytes(lambda: condense_interval(model.decoder, past, visual, layout), model, *given)
    shape = geometry(model.config, bytes_per_element=visual_dtype.itemsize, model=model)
    stretch = Stretch.of_interval(layout, past.num_rows)
    assert stretch_bytes(shape, stretch, manner=Manner(casts=kind == "autocast")) == measured


def test_frames_save_what_is_counted():
    """What tower and projector save to learn from frames, small tensors aside."""
    model = build()
    shape = geometry(model.config, bytes_per_element=4, model=model)
    pixels = torch.randn(5, 3, 32, 32)
    measured = saved_bytes(lambda: frame_features(model.model.vision_tower, pixels, model.config), model, pixels)
    counted = vision_bytes(shape.vision, 5, num_layers=2, element_bytes=4)  # up to the layer that is read
    embedded = 5 * 17 * 32 * 4  # what goes into the first norm
    assert counted + embedded == pytest.approx(measured, rel=SMALL_TENSORS)
    patches = torch.randn(5, 16, 32, requires_grad=True)
    measured = saved_bytes(lambda: model.model.projector(patches), model)
    assert projector_bytes(shape, 5, hidden_size=WIDTH) == measured


class LiveBytes(TorchDispatchMode):
    """The most bytes that tensors made inside hold at one time; storages in `known` are not counted."""

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        super().__init__()
        self._known = {tensor.untyped_storage()._cdata for tensor in known}
        self.now = self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in self._known:
                storage = tensor.untyped_storage()
                self._known.add(storage._cdata)
                self.now += storage.nbytes()
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._forget, storage._cdata, storage.nbytes())
        return out

    def _forget(self, key: int, num_bytes: int) -> None:
        self._known.discard(key)
        self.now -= num_bytes


@pytest.mark.parametrize("checkpointing", ["interval", "layer"])
def test_a_step_holds_what_is_counted(checkpointing, monkeypatch):
    """The peak of a whole step, forward and backward, is the film, the rows, the step and the gathering gradients."""
    made = recipe(
        trainer={"gradient_accumulation_steps": 2, "gradient_checkpointing": True},
        checkpointing=checkpointing,
        curriculum={"interval_frames": 128, "phases": [{"until": 1.0, "ratios": [4]}]},
        media={"max_frames": 256, "max_tiles": 4},
    )
    model = build(num_layers=6).train()
    model.config.video_token_id = 96
    model.gradient_checkpointing_enable()
    model.decoder.checkpoints_layers = checkpointing == "layer"
    freeze(model, made.parameters)
    trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
    for tensor in trained:
        tensor.grad = torch.zeros_like(tensor)
    monkeypatch.setattr(learning, "BatchMemory", JoinedMemory)
    ids = torch.full((1, 4 + TEXT_TOKENS), 5)
    ids[0, 3] = 96
    labels = torch.full_like(ids, -100)
    labels[:, -round(LABEL_SHARE * TEXT_TOKENS) :] = 5
    pixels = torch.randn(256, 3, 32, 32)
    plan = fixed_plan(256, ratio=4, interval_frames=128)
    with LiveBytes((*model.parameters(), *(tensor.grad for tensor in trained), pixels)) as live:
        model(ids, labels=labels, pixel_values_videos=[pixels], intervals=[plan]).loss.backward()
    shape, counts = recipe_geometry(made, model.config), count_parameters(model.config, made.parameters)
    needed = device_bytes(made, model.config, shape=shape, counts=counts, num_devices=1, sharding="none")
    gathering = needed.gradients - 4 * counts.num_trained
    counted = needed.film - pixels.nbytes + needed.rows + needed.step + gathering
    assert counted == pytest.approx(live.peak, rel=GRADIENTS_ON_THE_WAY)


def test_gradients_gather_until_the_last_interval_is_done():
    """Autograd holds the gradients of all layers once more where they are used several times, as `gradients` counts."""
    model = build(num_layers=6).train()
    model.requires_grad_(False)
    model.decoder.layers.requires_grad_(True)
    trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
    for tensor in trained:
        tensor.grad = torch.zeros_like(tensor)
    model.config.video_token_id = 96
    ids, plan = torch.tensor([[5, 96, 5]]), fixed_plan(2, ratio=4, interval_frames=1)
    tokens = [torch.zeros(1, 2, 4, WIDTH)]
    with LiveBytes((*model.parameters(), *(tensor.grad for tensor in trained))) as live:
        model(ids, labels=ids, visual_tokens=tokens, intervals=[plan]).loss.backward()
    gathering = sum(tensor.nbytes for tensor in trained)
    assert 0.9 * gathering < live.peak < 1.5 * gathering
    made = recipe(trainer={"gradient_accumulation_steps": 2})
    shape, counts = recipe_geometry(made, model.config), count_parameters(model.config, made.parameters)
    needed = device_bytes(made, model.config, shape=shape, counts=counts, num_devices=1, sharding="none")
    assert needed.gradients == 2 * 4 * counts.num_trained


def recipe(**changes) -> FinetuneRecipe:
    values = {
        "model": "tiny",
        "curriculum": {"phases": [{"until": 1.0, "ratios": [4, 8]}]},
        "parameters": {"vision_tower": {"trained": False}},
        "trainer": {"max_steps": 10},
        "media": {"max_frames": 24, "max_tiles": 4},
    }
    return make_config(FinetuneRecipe, values | changes, where="test")


def test_learning_holds_the_bytes_that_are_counted():
    """Weights, gradients and AdamW's moments of a model that took a step are those of the arithmetic."""
    model, made = build(), recipe()
    freeze(model, made.parameters)
    trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
    optimizer = torch.optim.AdamW(trained)
    for tensor in trained:
        tensor.grad = torch.zeros_like(tensor)
    optimizer.step()
    moments = [part for state in optimizer.state.values() for name, part in state.items() if name != "step"]
    shape = recipe_geometry(made, model.config)
    counts = count_parameters(model.config, made.parameters)
    needed = device_bytes(made, model.config, shape=shape, counts=counts, num_devices=1, sharding="none")
    assert needed.weights == sum(tensor.nbytes for tensor in model.parameters())
    assert needed.gradients == sum(tensor.grad.nbytes for tensor in trained)
    assert needed.optimizer == sum(part.nbytes for part in moments)


def test_parameters_are_counted_by_group():
    """Every weight is counted once; with adapters the decoder is frozen, and they are counted as peft has them."""
    from peft import LoraConfig as PeftConfig
    from peft import inject_adapter_in_model

    model = build()
    whole = count_parameters(model.config, ParameterConfig(vision_tower=GroupConfig(trained=False)))
    assert sum(whole.counts.values()) == sum(tensor.numel() for tensor in model.parameters())
    assert "vision_tower" not in whole.trained
    lora = LoraConfig(rank=3)
    counts = count_parameters(model.config, ParameterConfig(lora=lora))
    assert set(counts.trained) == {"vision_tower", "projector", "vst", "lora"}
    wanted = PeftConfig(r=3, target_modules=r"model\.language_model\.layers\.\d+\.(self_attn|mlp)\.[a-z]+_proj")
    wrapped = inject_adapter_in_model(wanted, model)
    assert counts.counts["lora"] == sum(t.numel() for n, t in wrapped.named_parameters() if "lora_" in n)


def test_more_devices_never_hold_more():
    """From 2 devices on, nothing that is spread takes more on each of them when there is one more."""
    model, made = build(), recipe()
    shape, counts = recipe_geometry(made, model.config), count_parameters(model.config, made.parameters)
    for sharding in SHARDINGS:
        totals = [
            device_bytes(made, model.config, shape=shape, counts=counts, num_devices=number, sharding=sharding).total
            for number in range(2, 9)
        ]
        assert totals == sorted(totals, reverse=True)


def test_the_largest_example_is_one_of_the_curriculum():
    """All frames at the smallest ratio of any phase, or all tiles of an image where those are more."""
    config = build().config
    for tiles, frames in ((4, 24), (30, 30)):
        made = recipe(media={"max_frames": 24, "max_tiles": tiles})
        shape, counts = recipe_geometry(made, config), count_parameters(config, made.parameters)
        work = largest_example(made, config, shape, counts, manner=manner_of(shape, "none")).work
        assert work == video_workload(shape, frames, ratio=4, interval_frames=10)


def test_steps_are_whole():
    """The last step of a run is filled up; max_steps says it all by itself."""
    three_epochs = recipe(trainer={"gradient_accumulation_steps": 4, "num_train_epochs": 3})
    length = run_length(three_epochs, [5, 2.5], num_devices=2)
    assert asdict(length) == {"num_items": 24, "num_steps": 3, "batch_size": 8}
    assert run_length(recipe(), [1e6], num_devices=1).num_items == 10


def test_a_dry_run_says_what_a_run_would_do(tmp_path):
    """Without data it counts what is expected and says so; bytes and time come from the config alone."""
    made = recipe(
        data=[{"path": str(tmp_path / "missing.jsonl")}], trainer={"num_train_epochs": 2}, expected_examples=50
    )
    document = dry_run(made, build().config, num_devices=4)
    assert document["steps"] == {"num_items": 100, "num_steps": 25, "batch_size": 4}
    assert "missing.jsonl" in document["notes"][0]
    assert len(document["devices"]) == 8 * len(SHARDINGS)
    assert document["time"]["seconds"] > 0
    assert document["trained"].keys() == {"projector", "vst", "decoder", "head"}
