"""A recipe of kind films, from the command's function to a model folder."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

import videoxl
from videoxl.errors import UsageError
from videoxl.synth.pictures import PictureSet
from videoxl.training.films.bank_frames import BankConfig
from videoxl.training.films.composites import FrameShares
from videoxl.training.films.recipe import read_recipe
from videoxl.training.films.run import run_films
from videoxl.training.films.tagger import TaggerConfig

SIDE = 32
RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.fixture
def recipe_path(recipe, tmp_path):
    """The smallest recipe as a file."""
    small = replace(
        recipe,
        model=replace(recipe.model, image_size=SIDE, spatial_pool_stride=1, projector_hidden_size=24),
        tagger=TaggerConfig(num_steps=2, fresh_frames=4, old_batches=1, window=2, shares=FrameShares()),
        bank=BankConfig(insert=1, edit=0, stranger=0, scene=8, crop=2, least_frames=1),
        num_steps=4,
    )
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(json.loads(json.dumps(asdict(small)))))
    return path


def test_a_recipe_ends_in_a_model_that_answers(recipe_path, tmp_path) -> None:
    """Tagger, bank and decoder run one after the other; what they leave is opened by `videoxl.load` and has a card."""
    done = run_films(recipe_path, out=tmp_path / "run", workers=0)
    assert done["step"] == done["num_steps"] == 4
    vxl = videoxl.load(done["model"], device="cpu")
    assert vxl.model.config.vision_config.image_size == SIDE
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    assert "4 steps" in card
    num_names = len(PictureSet.builtin().names)
    assert f"It knows {num_names} pictures" in card
    assert len((tmp_path / "run" / "model" / "names.txt").read_text().splitlines()) == num_names


def test_rounds_follow_one_another_and_a_stop_in_one_changes_nothing(recipe_path, tmp_path) -> None:
    """Each round begins with the decoder of the one before, and a run that is stopped in a round ends with the same."""
    written = yaml.safe_load(recipe_path.read_text())
    optimiser = {**written["optimiser"], "learning_rate": 1e-4}
    further = {"num_steps": 3, "curriculum": written["curriculum"], "optimiser": optimiser, "seed": 1}
    recipe_path.write_text(yaml.safe_dump({**written, "rounds": [further]}))
    at_once, stopped = tmp_path / "at once", tmp_path / "stopped"
    assert run_films(recipe_path, out=at_once, workers=0)["step"] == 4 + 3
    for until in (2, 5, None):
        done = run_films(recipe_path, out=stopped, until_step=until, workers=0)
        assert done["step"] == (until or 7)
    weights = [load_file(folder / "model" / "model.safetensors") for folder in (at_once, stopped)]
    assert all(torch.equal(one, weights[1][name]) for name, one in weights[0].items())
    first, second = (load_file(checkpoint(at_once / name)) for name in ("decoder", "decoder-2"))
    assert (
        max((one - second[name]).abs().max() for name, one in first.items()) < 3 * 3e-4
    )  # three steps of 1e-4, no more
    assert "7 steps" in (at_once / "model" / "README.md").read_text()


def checkpoint(folder):
    """Trained weights of a folder's last checkpoint."""
    return max(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1])) / "trained.safetensors"


def test_what_is_whole_is_not_made_again(recipe_path, tmp_path) -> None:
    """A run stopped inside the decoder goes on with the tagger and the bank that it has, to the same log."""
    out = tmp_path / "run"
    run_films(recipe_path, out=out, until_step=2, workers=0)
    stamp = (out / "bank.safetensors").stat().st_mtime_ns
    again = run_films(recipe_path, out=out, workers=0)
    assert again["step"] == 4
    assert (out / "bank.safetensors").stat().st_mtime_ns == stamp


def test_a_dry_run_writes_nothing(recipe_path, tmp_path) -> None:
    """What a run needs is said in seconds and bytes, and no folder is made."""
    found = run_films(recipe_path, out=tmp_path / "run", dry_run=True, workers=0)
    assert found["total_seconds"] >= 0
    assert found["peak_memory_bytes"] > 0
    assert not (tmp_path / "run").exists()


def test_an_unknown_key_is_named_with_the_nearest(recipe_path) -> None:
    """A key that nobody reads is refused, at any depth, and the nearest one is suggested."""
    with pytest.raises(UsageError, match=r"unknown key 'num_stepz'; did you mean 'num_steps'"):
        read_recipe(recipe_path, overrides=["tagger.num_stepz=3"])


def test_the_recipe_of_nano_runs(tmp_path) -> None:
    """recipes/nano.yaml, its media and its tower carry a run to its end, at the smallest size."""
    small = {
        **{"model.image_size": 32, "model.spatial_pool_stride": 1, "model.projector_hidden_size": 16},
        **{"model.hidden_size": 32, "model.intermediate_size": 32, "batch_films": 2, "num_steps": 2},
        **{"tagger.num_steps": 1, "tagger.fresh_frames": 2, "tagger.window": 1, "bank.insert": 1, "bank.edit": 0},
        **{"bank.stranger": 2, "bank.scene": 4, "bank.crop": 2},
    }
    overrides = [f"{name}={value}" for name, value in small.items()]
    done = run_films(RECIPES / "nano.yaml", out=tmp_path / "run", overrides=overrides, workers=0)
    assert done["step"] == 2
    assert videoxl.load(done["model"], device="cpu").model.config.text_config.hidden_size == 32
