"""`small` on stand-ins: two steps of its recipe, deltas that are all it learned, and what they are with the base."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

import videoxl
from videoxl.checkpoint.load import load_model
from videoxl.errors import CheckpointError, TrainingError, UsageError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration
from videoxl.model.efficientnet_lite import EfficientNetLiteConfig, EfficientNetLiteModel
from videoxl.training.adapters import add_lora
from videoxl.training.base_model import base_config, compose_model
from videoxl.training.config import read_yaml
from videoxl.training.deltas import FILE, add_model, read_deltas, write_deltas
from videoxl.training.dry_run import dry_run
from videoxl.training.model_folder import export_model
from videoxl.training.parameters import freeze
from videoxl.training.recipe import BaseConfig, FinetuneRecipe, finetune_recipe, read_finetune_recipe
from videoxl.training.run import run_recipe
from videoxl.training.starting_model import recipe_config
from videoxl.video.writer import FilmWriter

RECIPES = Path(__file__).parents[2] / "recipes"
TOWER = RECIPES / "nano" / "tower.safetensors"
SIDE = 64  # pixels: 2 x 2 patches, one visual token a frame
MOST_BYTES = 40_000_000
TINY = (
    "trainer.use_cpu=true", "trainer.dataloader_num_workers=0", "trainer.save_steps=1", "trainer.logging_steps=1",
    "trainer.max_steps=2", "trainer.num_train_epochs=null", "trainer.gradient_accumulation_steps=2",
    "needle={every_steps: 2, films: 1, seconds: 8}", "max_text_tokens=512",
    f"base.vision_tower={TOWER}", f"base.image_size={SIDE}",
)  # fmt: skip


def write_decoder(folder: Path, processor, *, seed: int = 0, width: int = 36) -> Path:
    """A Llama in the proportions of SmolLM2: 9 query heads, 3 key heads, tied embeddings."""
    text = LlamaConfig(
        vocab_size=97, hidden_size=width, intermediate_size=48, num_hidden_layers=2, num_attention_heads=9,
        num_key_value_heads=3, head_dim=4, max_position_embeddings=4096, eos_token_id=1, pad_token_id=0,
        tie_word_embeddings=True, initializer_range=0.15,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        LlamaForCausalLM(text).save_pretrained(folder)
    processor.tokenizer.save_pretrained(folder)
    return folder


def write_data(folder: Path) -> Path:
    """What the mixture of `small` is made of: questions about a film, a captioned picture, and talk."""
    with FilmWriter(folder / "film.mp4", width=64, height=48, fps=2) as film:
        for level in range(0, 240, 20):
            film.write(np.full((48, 64, 3), level, np.uint8))
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(folder / "image.png")
    content = (
        [{"type": "video", "path": "film.mp4"}, {"type": "text", "text": "what appears ?"}],
        [{"type": "image", "path": "image.png"}, {"type": "text", "text": "what ?"}],
        [{"type": "text", "text": "what ?"}],
    )
    lines = [
        {"id": str(i), "messages": [{"role": "user", "content": c}, {"role": "assistant", "content": f"w{i} cat"}]}
        for i, c in enumerate(content)
    ]
    path = folder / "examples.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def begun(processor, tmp_path_factory) -> Path:
    """A decoder and data."""
    folder = tmp_path_factory.mktemp("begun")
    write_decoder(folder / "decoder", processor)
    write_data(folder)
    return folder


def small(begun: Path, *overrides: str) -> FinetuneRecipe:
    """small.yaml with other places and sizes; all that it says of learning is left as it is."""
    given = (f"base.decoder={begun / 'decoder'}", f"data=[{{path: {begun / 'examples.jsonl'}}}]")
    return finetune_recipe(
        read_yaml(RECIPES / "small.yaml"),
        overrides=(*TINY, *given, "trainer.learning_rate=0.01", *overrides),
        where="x",
    )


@pytest.fixture(scope="module")
def run(begun, tmp_path_factory) -> Path:
    """A run of two steps, its deltas in full precision."""
    out = tmp_path_factory.mktemp("runs") / "small"
    made = small(begun, "deltas=float32", "parameters.lora.learning_rate=0.05")
    done = run_recipe(made, out)
    assert (done["step"], done["bad_examples"]) == (2, 0)
    return out


@torch.no_grad()
def logits(folder: Path) -> torch.Tensor:
    """Of a prompt with a film of nine frames, condensed."""
    model, _ = load_model(folder, device="cpu")
    pixels = torch.randn(9, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return model(torch.tensor([[5, 6, model.config.video_token_id, 7, 8, 9]]), pixel_values_videos=[pixels]).logits


def test_deltas_on_their_base_are_the_trained_model(run, begun, tmp_path):
    """Composed with the base, deltas give the trained model's logits to the last bit, a card, and answers."""
    folder = add_model(read_deltas(run / "deltas"), tmp_path / "models" / "small")
    assert torch.equal(logits(folder), logits(run / "model"))
    assert (folder / "README.md").read_text() == (run / "model" / "README.md").read_text()
    vxl = videoxl.load(folder, device="cpu")
    assert vxl.ask(vxl.watch(begun / "film.mp4"), "what appears ?", max_new_tokens=2).text is not None
    untrained, processor = compose_model(small(begun).base, seed=0, device="cpu", dtype=torch.float32)
    export_model(untrained, processor, tmp_path / "untrained")
    assert not torch.allclose(logits(tmp_path / "untrained"), logits(folder), atol=1e-3)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["small"]


def test_halved_deltas_are_nearly_the_trained_model(run, begun, tmp_path):
    """In the recipe's own float16 the logits move by rounding alone, and the file has half the bytes."""
    run_recipe(small(begun, "parameters.lora.learning_rate=0.05"), run)  # a whole run only writes again
    half = read_deltas(run / "deltas" / FILE)
    folder = add_model(half, tmp_path / "small")
    run_recipe(small(begun, "parameters.lora.learning_rate=0.05", "deltas=float32"), run)
    torch.testing.assert_close(logits(folder), logits(run / "model"), atol=0.02, rtol=0.02)
    full = read_deltas(run / "deltas")
    assert {tensor.dtype for tensor in half.tensors.values()} == {torch.float16}
    assert [tensor.shape for tensor in half.tensors.values()] == [tensor.shape for tensor in full.tensors.values()]


def test_deltas_hold_what_learned_and_nothing_else(run):
    """VSTs, projector and adapters, and no weight of the decoder or the tower."""
    tensors = load_file(run / "deltas" / FILE)
    trained = load_file(run / "checkpoint-2" / "trained.safetensors")
    assert set(tensors) == set(trained)
    assert all("vst_" in name or ".projector." in name or ".lora_" in name for name in tensors)


def test_deltas_of_small_take_forty_megabytes_at_most():
    """With SmolLM2-135M and EfficientNet-Lite0 the recipe's deltas are below 40 MB, counted without their weights."""
    recipe = read_finetune_recipe(RECIPES / "small.yaml")
    text = LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, tie_word_embeddings=True,
    )  # fmt: skip
    with torch.device("meta"):
        config = VideoXLConfig(vision_config=EfficientNetLiteConfig(), text_config=text)
        model = VideoXLForConditionalGeneration(config)
        add_lora(model, recipe.parameters.lora)
    freeze(model, recipe.parameters)
    learned = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad}
    num_bytes = sum(tensor.numel() * getattr(torch, recipe.deltas).itemsize for tensor in learned.values())
    header = sum(len(name) + 100 for name in learned)  # name, type, shape and offsets, as JSON
    assert 35_000_000 < num_bytes + header < MOST_BYTES


def test_a_file_of_deltas_is_as_large_as_counted(run):
    """The bytes on disk are those of the numbers that learned, and a header."""
    with safe_open(run / "deltas" / FILE, framework="pt") as file:
        names = list(file.keys())
        counted = sum(file.get_tensor(name).numel() * 4 for name in names)
    assert counted < (run / "deltas" / FILE).stat().st_size < counted + 160 * len(names) + 2000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "was trained on .* other weights. Name the base"),
        ({"width": 72}, "asks for .*: these deltas are of another base"),
    ],
)
def test_deltas_of_another_base_are_refused(run, processor, tmp_path, change, said):
    """Other values or other shapes are seen, said with both names, and no folder is left."""
    other = write_decoder(tmp_path / "other", processor, **change)
    with pytest.raises(CheckpointError, match=said):
        add_model(read_deltas(run / "deltas"), tmp_path / "models" / "small", decoder=str(other))
    assert not (tmp_path / "models").exists()


def test_a_failure_while_writing_leaves_what_was_there(run, tmp_path, monkeypatch):
    """A model that is replaced stays whole until the new one is."""
    folder = add_model(read_deltas(run / "deltas"), tmp_path / "small")
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("videoxl.model.VideoXLProcessor.save_pretrained", fail)
    with pytest.raises(KeyboardInterrupt):
        add_model(read_deltas(run / "deltas"), tmp_path / "small")
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_what_are_no_deltas_is_refused(run, tmp_path):
    """Weights of another kind, a damaged file and an empty folder are each said in a sentence."""
    with pytest.raises(CheckpointError, match="weights of another kind, expected 'videoxl deltas 1'"):
        read_deltas(run / "model" / "model.safetensors")
    (tmp_path / FILE).write_bytes((run / "deltas" / FILE).read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="holds no deltas that can be read"):
        read_deltas(tmp_path)
    with pytest.raises(CheckpointError, match="holds no deltas that can be read"):
        read_deltas(tmp_path / "nothing")
    save_file({"one": torch.zeros(1)}, tmp_path / FILE, metadata={"format": "videoxl deltas 1", "about": "{}"})
    with pytest.raises(CheckpointError, match="holds no deltas that can be read"):
        read_deltas(tmp_path)


def test_numbers_too_large_for_their_type_are_not_written(make_model, tmp_path):
    """A value beyond float16 is named, with the type that holds it; no file is left."""
    model = make_model(decoder="llama", num_layers=2)
    with torch.no_grad():
        model.model.projector.linear_1.bias[0] = 1e6
    base = BaseConfig(decoder="a", vision_tower="b")
    with pytest.raises(TrainingError, match=r"cannot hold, so its deltas were not written.*deltas=bfloat16"):
        write_deltas(model, tmp_path / "deltas", base=base, dtype=torch.float16)
    assert not any(tmp_path.iterdir())


def test_deltas_need_a_base(begun):
    """A recipe that begins with a whole model has no base to put deltas onto."""
    with pytest.raises(UsageError, match="deltas is 'float16' and model is 'nano'"):
        small(begun, "base=null", "model=nano")


def test_a_tower_from_a_file_sees_what_it_saw(begun):
    """An EfficientNet-Lite file gives the published tower, frames squashed to the recipe's square, mean and all."""
    base = small(begun).base
    model, processor = compose_model(base, seed=0, device="cpu", dtype=torch.float32)
    tower = model.model.vision_tower
    stored = {name.removeprefix("tower."): value for name, value in load_file(TOWER).items() if "tower." in name}
    assert all(torch.equal(value, stored[name].float()) for name, value in tower.state_dict().items())
    pixels = processor.pixel_values(np.full((2, 3, 30, 50), 127, np.uint8))
    assert pixels.shape == (2, 3, SIDE, SIDE)
    assert pixels.abs().max() < 1e-6
    assert model.model.get_video_features(pixels).shape == (2, 1, 36)


def test_a_tower_from_a_folder_is_read(begun, tmp_path):
    """Any EfficientNet-Lite that transformers saved will do, at its own picture size unless another is given."""
    sizes = {"stages": [[1, 3, 2, 1, 8], [1, 3, 2, 2, 8]], "stem_channels": 8, "hidden_size": 16, "image_size": 32}
    EfficientNetLiteModel(EfficientNetLiteConfig(**sizes)).save_pretrained(tmp_path / "tower")
    for given, expected in ((None, 32), (48, 48)):
        base = BaseConfig(str(begun / "decoder"), str(tmp_path / "tower"), image_size=given)
        model, processor = compose_model(base, seed=0, device="cpu", dtype=torch.float32)
        pixels = processor.pixel_values(np.zeros((1, 3, 9, 9), np.uint8))
        assert pixels.shape[-1] == expected == model.config.vision_config.image_size
        assert model.model.get_video_features(pixels).shape[1] == model.config.tokens_per_frame


@pytest.mark.parametrize(
    ("fields", "kind", "said"),
    [
        ({"vision_tower": "gone.safetensors"}, CheckpointError, "gone.safetensors cannot be read"),
        ({"vision_tower": "other.safetensors"}, CheckpointError, "1 weights that are no EfficientNet-Lite"),
        ({"decoder": "small.gguf"}, CheckpointError, "is a GGUF file.*Convert it once"),
    ],
)
def test_what_is_no_base_is_refused(begun, tmp_path, monkeypatch, fields, kind, said):
    """A tower that is not there or of another kind, and a GGUF, are named with what to do."""
    monkeypatch.chdir(tmp_path)
    save_file({"tower.stem.conv.weight": torch.zeros(2, 2)}, "other.safetensors")
    with pytest.raises(kind, match=said):
        base_config(BaseConfig(**({"decoder": str(begun / "decoder"), "vision_tower": str(TOWER)} | fields)))


def test_a_clip_has_one_picture_size(begun, make_model, tmp_path):
    """An image size for a tower that takes no other is refused with both values."""
    make_model().model.vision_tower.save_pretrained(tmp_path)
    with pytest.raises(UsageError, match=r"image_size is 64 and vision_tower is .*clip_vision_model"):
        base_config(BaseConfig(str(begun / "decoder"), str(tmp_path), image_size=64))


def test_a_dry_run_of_small_says_what_it_needs(begun):
    """Bytes and steps of `small` are known before anything of it is loaded."""
    made = small(begun)
    assert set(dry_run(made, recipe_config(made))["trained"]) == {"projector", "vst", "lora"}
