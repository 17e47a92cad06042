"""A folder of the authors is loaded as it is; whatever does not fit is refused by name."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from transformers import LlamaConfig

from videoxl.checkpoint import load
from videoxl.checkpoint.fingerprint import fingerprint
from videoxl.checkpoint.load import load_model, load_weights
from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration
from videoxl.model.efficientnet_lite import EfficientNetLiteConfig

MakeFolder = Callable[..., Path]
Weights = dict[str, torch.Tensor]


def test_weights_arrive_unchanged(official_folder: MakeFolder, official_weights: Weights) -> None:
    """Every stored value is the model's, bit for bit, in evaluation mode."""
    model = load_weights(official_folder())
    own = model.state_dict()
    assert torch.equal(own["model.language_model.layers.1.self_attn.vst_k_proj.bias"],
                       official_weights["model.layers.1.self_attn.beacon_k_proj.bias"])  # fmt: skip
    assert torch.equal(own["model.projector.linear_2.weight"], official_weights["model.mm_projector.2.weight"])
    assert sum(t.double().sum() for t in own.values()) == sum(t.double().sum() for t in official_weights.values())
    assert not model.training


def test_processor_has_the_paper_prompt_and_the_towers_size(official_folder: MakeFolder) -> None:
    """Frames become the tower's size, and one id stands for the video."""
    model, processor = load_model(official_folder())
    frames = torch.zeros(2, 3, 70, 90, dtype=torch.uint8).numpy()
    assert processor.pixel_values(frames).shape == (2, 3, 56, 56)
    assert processor.video_token_id == model.config.video_token_id == 256
    assert processor.tokenizer.decode(processor.before_video()).startswith("<|im_start|>system")


def test_frames_are_prepared_as_the_folder_says(official_folder: MakeFolder) -> None:
    """A preprocessor_config.json counts, and one that names no image processor we know is refused."""
    folder = official_folder()
    path = folder / "preprocessor_config.json"
    size = {"size": {"shortest_edge": 56}, "crop_size": {"height": 56, "width": 56}}
    path.write_text(json.dumps({"image_processor_type": "CLIPImageProcessor", "image_mean": [0.5, 0.5, 0.5], **size}))
    assert list(load_model(folder)[1].image_processor.image_mean) == [0.5, 0.5, 0.5]
    path.write_text(json.dumps({"image_processor_type": "AutoModel"}))
    with pytest.raises(CheckpointError, match="prepares frames with 'AutoModel', expected one of CLIPImageProcessor"):
        load_model(folder)


def test_end_tokens_but_no_sampling_come_from_the_generation_config(official_folder: MakeFolder) -> None:
    """Answers end where the folder says, and are greedy whatever it says."""
    folder = official_folder()
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [3, 5], "do_sample": True}))
    generation = load_weights(folder).generation_config
    assert generation.eos_token_id == [3, 5]
    assert not generation.do_sample


@pytest.mark.parametrize(
    ("asked", "expected"), [(None, torch.float32), ("auto", torch.bfloat16), ("float16", torch.float16)]
)
def test_dtype_is_chosen_for_the_device(
    official_folder: MakeFolder, official_weights: Weights, asked: str | None, expected: torch.dtype
) -> None:
    """A CPU computes in float32 unless told otherwise; `auto` is what is stored."""
    stored = {name: tensor.bfloat16() for name, tensor in official_weights.items()}
    model = load_weights(official_folder(weights=stored), device="cpu", dtype=asked)
    assert model.dtype == expected
    assert model.decoder.rotary_emb.inv_freq.dtype == torch.float32


def test_missing_vsts_start_from_the_decoder(
    official_folder: MakeFolder, official_weights: Weights, caplog: pytest.LogCaptureFixture
) -> None:
    """Without VST weights, projections are copies, the embedding is the end token's, and a warning says so."""
    base = {name: tensor for name, tensor in official_weights.items() if "beacon" not in name}
    with caplog.at_level(logging.WARNING):
        model = load_weights(official_folder(weights=base))
    assert "13 VST weights are not in the checkpoint" in caplog.text
    attention = model.decoder.layers[1].self_attn
    assert torch.equal(attention.vst_v_proj.weight, attention.v_proj.weight)
    assert attention.vst_v_proj.weight.data_ptr() != attention.v_proj.weight.data_ptr()
    assert torch.equal(model.decoder.vst_embedding.weight[0], model.decoder.embed_tokens.weight[7])


def test_some_missing_vsts_are_refused(official_folder: MakeFolder, official_weights: Weights) -> None:
    """A checkpoint with some VST projections is damaged, and not completed."""
    name = "model.layers.0.self_attn.beacon_k_proj.bias"
    with pytest.raises(CheckpointError, match=rf"1 weights are missing: {name}"):
        load_weights(official_folder(weights={k: t for k, t in official_weights.items() if k != name}))


def test_extra_vocabulary_row_is_cut_off(
    official_folder: MakeFolder, official_weights: Weights, caplog: pytest.LogCaptureFixture
) -> None:
    """The random row that the released loader adds to embedding and head is dropped, and said."""
    grown = dict(official_weights)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        grown[name] = torch.cat([grown[name], torch.full_like(grown[name][:1], 9.0)])
    with caplog.at_level(logging.WARNING):
        model = load_weights(official_folder(weights=grown))
    assert caplog.text.count("258 rows") == 2
    assert torch.equal(model.lm_head.weight, official_weights["lm_head.weight"])


def test_position_buffer_is_tolerated(official_folder: MakeFolder, official_weights: Weights) -> None:
    """A buffer that older releases saved and that can be computed changes nothing."""
    buffer = {"model.vision_tower.vision_tower.vision_model.embeddings.position_ids": torch.arange(17)[None]}
    load_weights(official_folder(weights=official_weights | buffer))


def test_leftover_missing_and_misshapen_weights_are_all_named(
    official_folder: MakeFolder, official_weights: Weights
) -> None:
    """Everything that does not fit is listed in one message."""
    weights = official_weights | {
        "model.image_newline": torch.zeros(3),
        "model.norm.weight": torch.zeros(5),
    }
    del weights["model.mm_projector.0.bias"]
    with pytest.raises(CheckpointError) as caught:
        load_weights(official_folder(weights=weights))
    message = str(caught.value)
    assert "1 weights have no place in the model: model.image_newline" in message
    assert "model.norm.weight is [5], expected [48]" in message
    assert "1 weights are missing: model.mm_projector.0.bias" in message


def test_tied_head_need_not_be_stored(official_folder: MakeFolder, official_weights: Weights) -> None:
    """With tied embeddings the head is the embedding, stored or not."""
    weights = {name: tensor for name, tensor in official_weights.items() if name != "lm_head.weight"}
    model = load_weights(official_folder(weights=weights, tie_word_embeddings=True))
    assert model.lm_head.weight is model.decoder.embed_tokens.weight
    assert torch.equal(model.lm_head.weight, weights["model.embed_tokens.weight"])


def test_model_of_another_type_is_refused(official_folder: MakeFolder) -> None:
    """A folder that is neither format says its type."""
    folder = official_folder()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(CheckpointError, match="type 'bert', expected 'videoxl'"):
        load_weights(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", '{"model_type": "videoxl", "text_config": {"hidden_size": "wide"}}', "describes no model"),
        ("config.json", "{", "cannot be read as JSON"),
        ("config.json", "[]", "expected a JSON object"),
        ("tokenizer.json", "{}", "the tokenizer of .* cannot be read"),
    ],
)
def test_damaged_text_files_are_named(official_folder: MakeFolder, name: str, content: str, message: str) -> None:
    """A config or tokenizer that cannot be read is one sentence, whatever the libraries say."""
    folder = official_folder()
    (folder / name).write_text(content)
    with pytest.raises(CheckpointError, match=message):
        load_model(folder)


def test_folder_without_tokenizer_says_what_to_copy(official_folder: MakeFolder) -> None:
    """A model without a tokenizer cannot talk; the message names the files."""
    with pytest.raises(CheckpointError, match=r"has no tokenizer, expected tokenizer.json"):
        load_model(official_folder(has_tokenizer=False))


def test_unreachable_hub_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network a hub id gives one sentence and the way out."""

    def offline(*args: object, **kwargs: object) -> str:
        raise LocalEntryNotFoundError("outgoing traffic has been disabled")

    monkeypatch.setattr(load, "snapshot_download", offline)
    with pytest.raises(CheckpointError, match=r"owner/name is no folder here .*outgoing traffic.*give the path"):
        load_model("owner/name")


def test_hub_gives_text_and_safetensors_only(official_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pickled files and programs are not even fetched."""
    folder = official_folder()
    asked: dict[str, object] = {}

    def download(name: str, **options: object) -> str:
        asked.update(options, name=name)
        return str(folder)

    monkeypatch.setattr(load, "snapshot_download", download)
    load_model("owner/name")
    assert asked == {"name": "owner/name", "allow_patterns": ["*.safetensors", "*.json", "*.txt", "*.jinja"]}


@pytest.mark.parametrize("name", ["no/such/folder", "nothing-here", "/no/such/place"])
def test_path_that_is_none_is_refused(name: str) -> None:
    """What is neither a folder nor a hub id is not looked for on the hub."""
    with pytest.raises(CheckpointError, match="no model folder and no hub id"):
        load_model(name)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_our_format_is_read_as_transformers_saves_it(tmp_path: Path, dtype: torch.dtype) -> None:
    """A model with another tower and a tied Llama decoder comes back as it was saved, every weight of it."""
    torch.manual_seed(0)
    text = LlamaConfig(
        vocab_size=300, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, eos_token_id=2,
    )  # fmt: skip
    vision = EfficientNetLiteConfig(image_size=64)
    config = VideoXLConfig(vision_config=vision, text_config=text, tie_word_embeddings=True, video_token_id=299)
    saved = VideoXLForConditionalGeneration(config).to(dtype)
    saved.save_pretrained(tmp_path)
    loaded = load_weights(tmp_path, dtype="auto")
    weights = loaded.state_dict()
    assert loaded.dtype == dtype
    assert all(torch.equal(weights[name], tensor) for name, tensor in saved.state_dict().items())
    assert loaded.lm_head.weight is loaded.decoder.embed_tokens.weight
    assert fingerprint(loaded) == fingerprint(saved)
    assert loaded.generation_config.eos_token_id == 2
