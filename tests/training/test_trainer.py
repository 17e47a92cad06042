"""Training goes on where it was, lowers its loss, and follows its curriculum."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from videoxl.errors import UsageError
from videoxl.memory.key_values import KeyValues
from videoxl.training.curriculum import Curriculum, Stage
from videoxl.training.foreign_rows import ForeignRows
from videoxl.training.initialisation import InitialisationConfig
from videoxl.training.recipe import Recipe, make_config, read_recipe
from videoxl.training.trainer import Trainer


def test_a_resumed_run_gives_the_same_losses(make_model, recipe, processor, bank, tmp_path) -> None:
    """Stopped in the middle and resumed by another process, a run learns exactly what it would have learned."""
    whole = Trainer(make_model(), processor, bank, recipe, tmp_path / "whole")
    losses = [whole.learn() for _ in range(recipe.num_steps)]
    stopped = Trainer(make_model(), processor, bank, recipe, tmp_path / "stopped")
    early = [stopped.learn() for _ in range(7)]
    stopped.save()
    resumed = Trainer(make_model(), processor, bank, recipe, tmp_path / "stopped")
    assert resumed.step == 7
    assert early + [resumed.learn() for _ in range(recipe.num_steps - 7)] == losses


def test_a_few_steps_lower_the_loss(make_model, recipe, processor, bank, tmp_path) -> None:
    """Learning works at all: on the same few films the loss falls."""
    trainer = Trainer(make_model(), processor, bank, replace(recipe, num_steps=60, token_noise=0.0), tmp_path)
    losses = [trainer.learn() for _ in range(40)]
    assert np.mean(losses[-8:]) < 0.9 * np.mean(losses[:8])


def test_a_run_says_what_it_did(make_model, recipe, processor, bank, tmp_path) -> None:
    """The folder of a run holds its resolved recipe, a line for every so many steps, and a checkpoint."""
    Trainer(make_model(), processor, bank, recipe, tmp_path).train(until_step=4, log_every=2)
    assert json.loads((tmp_path / "recipe.json").read_text()) == json.loads(json.dumps(recipe.as_dict()))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    assert {"loss", "look", "is_there.no", "seconds"} <= lines[0].keys()
    assert load_file(tmp_path / "checkpoint.safetensors")["step"] == 4


def test_stages_follow_each_other(recipe) -> None:
    """Every share of a run has the shapes of its stage and no other."""
    curriculum, generator = recipe.curriculum, np.random.default_rng(0)
    for progress in np.linspace(0, 1, 41):
        shape, stage = curriculum.draw(progress, generator), curriculum.stage(progress)
        assert stage is curriculum.stages[0 if progress < 0.5 else 1]
        assert shape.num_frames in stage.frames
        assert {interval.ratio for interval in shape.plan} <= set(stage.ratios)
        assert shape.foreign_rows <= stage.foreign_rows
        assert [frame for each in shape.plan for frame in range(each.start, each.stop)] == list(range(shape.num_frames))


@pytest.mark.parametrize("ends", [(), (0.5,), (0.5, 0.5, 1.0), (1.0, 0.5)])
def test_a_curriculum_covers_the_run(ends) -> None:
    """Stages that do not lead from the beginning to the end are refused."""
    with pytest.raises(UsageError, match="of which the last is 1"):
        Curriculum(tuple(Stage(end, (8,), (2,)) for end in ends), interval_frames=8)


def test_an_unknown_key_is_refused_by_its_nearest_name(tmp_path) -> None:
    """A recipe with a misspelt key is refused, and told what was meant."""
    path = tmp_path / "nano.yaml"
    path.write_text("curriculum: {stages: [{until: 1.0, frames: [8], ratios: [2]}], interval_frames: 8}\nnum_step: 4\n")
    with pytest.raises(UsageError, match=r"nano\.yaml has the unknown key 'num_step'; did you mean 'num_steps'\?"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"match_gain": "big"}, "match_gain is 'big'"),
        ({"near_layers": 1.5}, "near_layers is 1.5"),
        (3, "expected keys"),
    ],
)
def test_a_value_of_another_type_is_refused(values, words) -> None:
    """A recipe says numbers where numbers are meant."""
    with pytest.raises(UsageError, match=words):
        make_config(InitialisationConfig, values, where="recipe")


def test_a_recipe_without_a_curriculum_is_refused() -> None:
    """What has no default must be said."""
    with pytest.raises(UsageError, match="curriculum"):
        make_config(Recipe, {"seed": 1}, where="recipe")


def test_foreign_rows_are_of_plain_film_and_the_newest() -> None:
    """Only rows of films that show nothing are kept, and of those as many as there is room for."""
    foreign = ForeignRows(capacity=5)
    rows = torch.arange(24.0).view(1, 2, 1, 3, 4)
    for _ in range(2):
        foreign.add(KeyValues(rows, rows), torch.tensor([False, True]))
    drawn = foreign.draw(100, 2, torch.Generator().manual_seed(0))
    assert len(foreign) == 5
    assert drawn.keys.shape == (1, 2, 1, 100, 4)
    assert drawn.keys.min() >= 12  # nothing of the first film
