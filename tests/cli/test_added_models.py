"""`videoxl models add`: a name for a base with what was learned on it, taken by other verbs."""

import json

import pytest
import torch
from transformers import CLIPVisionModel, LlamaForCausalLM

from videoxl.training.base_model import compose_model
from videoxl.training.deltas import write_deltas
from videoxl.training.parameters import GroupConfig, ParameterConfig, freeze
from videoxl.training.recipe import BaseConfig

FROZEN = GroupConfig(trained=False)


@pytest.fixture
def base(make_model, processor, tmp_path) -> BaseConfig:
    """A decoder and a tower in folders."""
    model = make_model(decoder="llama", num_layers=2)
    LlamaForCausalLM(model.config.text_config).save_pretrained(tmp_path / "decoder")
    processor.tokenizer.save_pretrained(tmp_path / "decoder")
    CLIPVisionModel(model.config.vision_config).save_pretrained(tmp_path / "tower")
    return BaseConfig(str(tmp_path / "decoder"), str(tmp_path / "tower"))


@pytest.fixture
def deltas(base, tmp_path):
    """VSTs and projector of a model as it begins."""
    model, _ = compose_model(base, seed=3, device="cpu", dtype=torch.float32)
    freeze(model, ParameterConfig(vision_tower=FROZEN, decoder=FROZEN, head=FROZEN))
    return write_deltas(model, tmp_path / "deltas", base=base, dtype=torch.float16, card="# small\n")


def test_an_added_model_is_taken_by_its_name(videoxl, deltas, film, tmp_path):
    """`models add` prints its folder, `models` lists it, and `ask --model NAME` answers with it."""
    added = videoxl("models", "add", "small", "--from", deltas)
    assert (added.code, added.out.strip()) == (0, str(tmp_path / "home" / "models" / "small")), added.err
    assert "use it with --model small" in added.err
    listed = json.loads(videoxl("models", "--json").out)
    assert [about["name"] for about in listed] == ["nano", "small", "official Video-XL 7B"]
    asked = videoxl("ask", film, "what ?", "--model", "small", "--max-new-tokens", 2, "--json")
    assert asked.code == 0, asked.err
    again = videoxl("models", "add", "small", "--from", deltas / "deltas.safetensors", "--json")
    assert json.loads(again.out)["name"] == "small"


def test_small_is_said_not_to_exist_yet(videoxl):
    """Without --from, `models add small` says plainly that nobody has trained it."""
    result = videoxl("models", "add", "small")
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert "no trained deltas of small exist yet" in result.err
    assert "--from runs/small/deltas" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine",), "mine has no source"),
        (("nano", "--from", "deltas"), "NAME is 'nano'"),
        (("../up", "--from", "deltas"), "NAME is '../up'"),
        (("small", "--from", "gone"), "--from is gone, and there is no such file"),
        (("small", "--from", "decoder"), "no deltas that can be read"),
        (("small", "--from", "deltas", "--base", "./gone/away"), "./gone/away cannot be read"),
        (("small", "--from", "deltas", "--tower", "gone.safetensors"), "gone.safetensors cannot be read"),
    ],
)
def test_what_cannot_be_added_is_said_in_a_line(videoxl, deltas, tmp_path, arguments, said):
    """A name that is taken or no name, deltas or a base that are not there: one sentence, and nothing is left."""
    result = videoxl("models", "add", *arguments)
    assert (result.code != 0, len(result.complaints)) == (True, 1), result.err
    assert said in result.err
    assert not (tmp_path / "home" / "models").exists()
