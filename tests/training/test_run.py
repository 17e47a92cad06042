"""A run from its recipe to a model folder that answers, and what stops it before it begins."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import CLIPVisionConfig, CLIPVisionModel, Qwen2Config, Qwen2ForCausalLM

import videoxl
from videoxl.checkpoint.load import load_model
from videoxl.errors import CheckpointError, TrainingError, UsageError
from videoxl.training.arguments import training_arguments
from videoxl.training.base_model import base_config, compose_model
from videoxl.training.config import read_yaml
from videoxl.training.dry_run import dry_run
from videoxl.training.recipe import BaseConfig, FinetuneRecipe, finetune_recipe
from videoxl.training.run import FramesAt, run_recipe
from videoxl.training.starting_model import load_for_training, recipe_config
from videoxl.video.writer import FilmWriter

RECIPES = Path(__file__).parents[2] / "recipes"
TINY = ("trainer.use_cpu=true", "trainer.dataloader_num_workers=0", "trainer.report_to=none", "trainer.save_steps=1")
FINETUNE = sorted(
    path
    for path in RECIPES.rglob("*.yaml")
    if path.parent.name != "accelerate" and read_yaml(path).get("kind") == "finetune"
)


@pytest.fixture(scope="module")
def begun(make_model, processor, tmp_path_factory) -> Path:
    """Tiny things to begin with: `model`, a whole one; `decoder` and `tower`, to compose one from; and data."""
    folder = tmp_path_factory.mktemp("begun")
    make_model(evidence_layers=[1]).save_pretrained(folder / "model")
    processor.save_pretrained(folder / "model")
    text = Qwen2Config(
        vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=4096, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        Qwen2ForCausalLM(text).save_pretrained(folder / "decoder")
        CLIPVisionModel(vision).save_pretrained(folder / "tower")
    processor.tokenizer.save_pretrained(folder / "decoder")
    write_data(folder)
    return folder


def write_data(folder: Path) -> None:
    """A film, an image, and a LLaVA-style list of questions about them and about nothing."""
    with FilmWriter(folder / "film.mp4", width=64, height=48, fps=2) as film:
        for level in range(0, 240, 20):
            film.write(np.full((48, 64, 3), level, np.uint8))
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(folder / "image.png")
    media = ({"video": "film.mp4"}, {"image": "image.png"}, {})
    marks = ("<video>\n", "<image>\n", "")
    records = [
        {
            "id": str(number), **media[number % 3],
            "conversations": [
                {"from": "human", "value": marks[number % 3] + "what appears ?"},
                {"from": "gpt", "value": f"w{number} cat"},
            ],
        }
        for number in range(9)
    ]  # fmt: skip
    (folder / "examples.json").write_text(json.dumps(records), encoding="utf-8")


def tiny(path: Path, begun: Path, *overrides: str) -> FinetuneRecipe:
    """A recipe of the repository on tiny things; all that it says of learning is left as it is."""
    values = read_yaml(path)
    values["data"] = [{"path": str(begun / "examples.json")}]
    if values.get("base"):
        values["base"] |= {"decoder": str(begun / "decoder"), "vision_tower": str(begun / "tower"), "image_size": None}
    else:
        values["model"] = str(begun / "model")
    values["trainer"] |= {"max_steps": 2, "num_train_epochs": None, "gradient_accumulation_steps": 3}
    values["max_text_tokens"] = 512
    values.pop("needle", None)  # hours of films
    return finetune_recipe(values, overrides=(*TINY, *overrides), where=path.name)


@pytest.mark.parametrize("path", FINETUNE, ids=lambda path: str(path.relative_to(RECIPES)))
def test_every_recipe_runs(path, begun, tmp_path):
    """Each recipe of the repository learns from text, an image and a film, and gives a model that answers."""
    made = tiny(path, begun)
    done = run_recipe(made, tmp_path / "run")
    assert (done["step"], done["num_steps"], done["bad_examples"]) == (2, 2, 0)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert all("phase" in line and any(name.startswith("loss.ratio_") for name in line) for line in lines)
    trained = load_file(tmp_path / "run" / "checkpoint-2" / "trained.safetensors")
    frozen = {"vision_tower", "projector", "decoder", "head", "vst"} - set(
        dry_run(made, recipe_config(made))["trained"]
    )
    assert not [name for name in trained for part in frozen if f".{part}." in name]
    vxl = videoxl.load(done["model"], device="cpu")
    assert vxl.ask(vxl.watch(begun / "film.mp4"), "what appears ?", max_new_tokens=2).text is not None
    card = (Path(done["model"]) / "README.md").read_text()
    assert "examples.json" in card
    assert "2 steps" in card


def test_a_run_goes_on_to_the_same_end(begun, tmp_path):
    """Stopped after a step and run again, a recipe ends with the weights of a run that was not stopped."""
    made = tiny(RECIPES / "lora.yaml", begun)
    whole = run_recipe(made, tmp_path / "whole")
    stopped = run_recipe(made, tmp_path / "stopped", until_step=1)
    assert "model" not in stopped
    again = run_recipe(made, tmp_path / "stopped")
    ends = [load_file(Path(done["model"]) / "model.safetensors") for done in (whole, again)]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_a_run_does_not_go_on_under_another_recipe(begun, tmp_path):
    """What was begun goes on as it began: a changed value is named; what decides nothing may change."""
    run_recipe(tiny(RECIPES / "lora.yaml", begun), tmp_path, until_step=1)
    with pytest.raises(UsageError, match=r"began with trainer\.learning_rate 0\.0001, and this recipe has 0\.5"):
        run_recipe(tiny(RECIPES / "lora.yaml", begun, "trainer.learning_rate=0.5"), tmp_path)
    assert run_recipe(tiny(RECIPES / "lora.yaml", begun, "trainer.logging_steps=2"), tmp_path)["step"] == 2


def test_a_run_measures_as_it_goes(begun, tmp_path):
    """Evaluation examples and a needle test are in the log and on the card."""
    made = tiny(
        RECIPES / "lora.yaml", begun, "needle={every_steps: 2, films: 1, seconds: 8}", "trainer.eval_strategy=epoch",
        f"evaluation_data=[{{path: {begun / 'examples.json'}, weight: 0.34}}]",
    )  # fmt: skip
    done = run_recipe(made, tmp_path / "run")
    card = (Path(done["model"]) / "README.md").read_text()
    assert "needle.said" in card
    assert "eval_loss" in card


def test_missing_media_is_replaced_within_the_bound(begun, tmp_path):
    """A file that is not there is said and replaced; beyond the bound the run stops and names the first."""
    records = json.loads((begun / "examples.json").read_text())
    for name in ("film.mp4", "image.png"):
        (tmp_path / name).symlink_to(begun / name)
    records[0]["video"] = "gone.mp4"
    (tmp_path / "examples.json").write_text(json.dumps(records))
    data = f"data=[{{path: {tmp_path / 'examples.json'}}}]"
    made = tiny(RECIPES / "lora.yaml", begun, data, "trainer.max_steps=3", "bad_examples.max_bad_share=0.5")
    done = run_recipe(made, tmp_path / "run")
    assert done["bad_examples"] == 1
    assert "gone.mp4" in (tmp_path / "run" / "bad_examples.jsonl").read_text()
    strict = tiny(RECIPES / "lora.yaml", begun, data, "bad_examples.max_bad=0", "trainer.max_steps=3")
    with pytest.raises(TrainingError, match=r"gone\.mp4"):
        run_recipe(strict, tmp_path / "strict")


def test_a_composed_model_sees_and_says_what_its_parts_do(begun):
    """Tower and decoder of a composed model compute what they computed alone; projector and VSTs follow the seed."""
    base = BaseConfig(decoder=str(begun / "decoder"), vision_tower=str(begun / "tower"))
    model, processor = compose_model(base, seed=3, device="cpu", dtype=torch.float32)
    ids = torch.tensor([[5, 17, 40, 8]])
    alone = Qwen2ForCausalLM.from_pretrained(begun / "decoder")
    torch.testing.assert_close(model(ids).logits, alone(ids).logits, atol=1e-5, rtol=1e-4)
    tower = CLIPVisionModel.from_pretrained(begun / "tower").eval()
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    seen = tower(pixels, output_hidden_states=True).hidden_states[-2][:, 1:]
    torch.testing.assert_close(model.model.get_frame_features(pixels).patches_FND, seen, atol=1e-5, rtol=1e-4)
    again, _ = compose_model(base, seed=3, device="cpu", dtype=torch.float32)
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters(), strict=True))
    assert processor.video_token_id == model.config.video_token_id == 96


def test_what_cannot_be_composed_is_refused(begun, tmp_path):
    """A tower in the place of the decoder, and a folder that is not there, are named."""
    with pytest.raises(CheckpointError, match="expected one of qwen2, llama"):
        base_config(BaseConfig(decoder=str(begun / "tower"), vision_tower=str(begun / "tower")))
    with pytest.raises(CheckpointError, match="cannot be read"):
        base_config(BaseConfig(decoder=str(tmp_path / "nothing"), vision_tower=str(begun / "tower")))


def test_what_learns_is_held_in_full(begun, tmp_path):
    """In 16 bit what learns is float32 and what does not is bfloat16, adapters included, and a step can be taken."""
    made = tiny(RECIPES / "lora.yaml", begun)
    arguments = training_arguments(tmp_path, {"use_cpu": True, "bf16": True}, seed=0)
    model, _ = load_for_training(made, arguments)
    dtypes = {name: tensor.dtype for name, tensor in model.named_parameters()}
    full = [name for name, dtype in dtypes.items() if dtype == torch.float32]
    assert all("vst_" in name or ".projector." in name or ".lora_" in name for name in full)
    assert {"lora" in name for name in full} == {True, False}
    assert len(full) < len(dtypes)
    assert model.config.compression_ratios == [2, 4, 8, 16]


def test_a_checkpoint_of_another_architecture_is_refused(begun, tmp_path):
    """A recipe that names a plain decoder says what it is instead of what is expected."""
    made = tiny(RECIPES / "lora.yaml", begun, f"model={begun / 'decoder'}")
    with pytest.raises(CheckpointError, match="holds a model of type 'qwen2', expected 'videoxl'"):
        run_recipe(made, tmp_path)


def test_text_longer_than_the_model_can_be_is_refused(begun, tmp_path):
    """A bound on text beyond the model's positions names both numbers."""
    made = tiny(RECIPES / "lora.yaml", begun, "max_text_tokens=5000")
    with pytest.raises(UsageError, match="max_text_tokens is 5000 and the model has 4096"):
        run_recipe(made, tmp_path)


def test_a_recipe_without_data_is_refused(begun, tmp_path):
    """No examples, nothing loaded."""
    with pytest.raises(UsageError, match="names no data; give examples with --data"):
        run_recipe(tiny(RECIPES / "lora.yaml", begun, "data=[]"), tmp_path)


def test_length_follows_the_curriculum():
    """An item's number decides its phase, and so how many frames its video may have."""
    curriculum = finetune_recipe(read_yaml(RECIPES / "video_xl_7b" / "finetune_curriculum.yaml"), where="x").curriculum
    frames_at = FramesAt(curriculum, 100, 200)
    assert [frames_at(item) for item in (0, 32, 33, 99)] == [64, 64, 128, 128]


def test_a_model_that_was_trained_opens_like_any_other(begun, tmp_path):
    """The model of a run is a whole folder, with the ratios that were trained among those it offers."""
    done = run_recipe(tiny(RECIPES / "lora.yaml", begun, "curriculum.phases=[{until: 1, ratios: [12]}]"), tmp_path)
    model, _ = load_model(done["model"], device="cpu")
    assert model.config.compression_ratios == [2, 4, 8, 12, 16]


def test_what_is_computed_again_changes_nothing(begun, tmp_path):
    """Checkpointing by intervals, by layers and not at all end with the same weights."""
    ways = (
        ("checkpointing=interval",),
        ("checkpointing=layer",),
        ("checkpointing=interval", "trainer.gradient_checkpointing=false"),
    )
    ends = []
    for number, way in enumerate(ways):
        run_recipe(tiny(RECIPES / "video_xl_7b" / "finetune_video.yaml", begun, *way), tmp_path / str(number))
        ends.append(load_file(tmp_path / str(number) / "checkpoint-2" / "trained.safetensors"))
    for name, tensor in ends[0].items():
        for other in ends[1:]:
            torch.testing.assert_close(other[name], tensor, atol=1e-6, rtol=1e-5, msg=name)
