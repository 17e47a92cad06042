"""Training goes on where it was, lowers its loss, and follows its curriculum."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from videoxl.errors import UsageError
from videoxl.memory.key_values import KeyValues
from videoxl.training.config import make_config
from videoxl.training.films.batches import FilmBatches
from videoxl.training.films.curriculum import Curriculum, Stage
from videoxl.training.films.foreign_rows import ForeignRows
from videoxl.training.films.initialisation import InitialisationConfig
from videoxl.training.films.model_folder import new_model
from videoxl.training.films.packing import TurnEncoder
from videoxl.training.films.recipe import Recipe, read_recipe
from videoxl.training.films.trainer import FilmTrainer
from videoxl.training.films.vocabulary import INVENTORY_QUESTION


def losses(folder) -> list[float]:
    """What the log of a run says of every line's loss."""
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_resumed_run_gives_the_same_losses(make_model, recipe, processor, bank, tmp_path) -> None:
    """Stopped in the middle and resumed by another process, a run learns and logs exactly what it would have."""
    FilmTrainer(make_model(), processor, bank, recipe, tmp_path / "whole", log_every=2).run()
    FilmTrainer(make_model(), processor, bank, recipe, tmp_path / "stopped", log_every=2).run(until_step=7)
    resumed = FilmTrainer(make_model(), processor, bank, recipe, tmp_path / "stopped", log_every=2)
    assert resumed.run(until_step=7) == 7
    assert resumed.run() == recipe.num_steps
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")
    ends = [load_file(tmp_path / name / "checkpoint-12" / "trained.safetensors") for name in ("whole", "stopped")]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_a_batch_follows_from_its_step(recipe, processor, bank) -> None:
    """Drawn again it is the same, and it has the shape of the stage that its step belongs to, whoever asks for it."""
    batches = FilmBatches(bank, TurnEncoder(processor), recipe)
    first, again, last = batches[0], batches[0], batches[len(batches) - 1]
    assert torch.equal(first.film.visual_BFMD, again.film.visual_BFMD)
    assert torch.equal(first.turns.input_ids_BT, again.turns.input_ids_BT)
    for batch, stage in ((first, recipe.curriculum.stages[0]), (last, recipe.curriculum.stages[-1])):
        assert batch.shape.num_frames in stage.frames
        assert {interval.ratio for interval in batch.shape.plan} <= set(stage.ratios)
    assert recipe.curriculum.stages[0].ratios != recipe.curriculum.stages[-1].ratios


def test_workers_draw_what_the_trainer_would(make_model, recipe, processor, bank, tmp_path) -> None:
    """Who draws a batch does not matter: a run with a process beside it learns what one without learns."""
    for workers in (0, 1):
        options = {"dataloader_num_workers": workers, "dataloader_prefetch_factor": 2 if workers else None}
        trainer = FilmTrainer(make_model(), processor, bank, recipe, tmp_path / str(workers), log_every=1, **options)
        trainer.run(until_step=3)
    assert losses(tmp_path / "1") == losses(tmp_path / "0")


@pytest.mark.gpu
def test_a_gpu_learns_what_a_cpu_learns(make_model, recipe, processor, bank, tmp_path) -> None:
    """Losses of the same steps, foreign rows among them, and a run that is resumed on the device."""
    for name, options in (("cpu", {"use_cpu": True}), ("gpu", {})):
        for until_step in (5, recipe.num_steps):
            FilmTrainer(make_model(), processor, bank, recipe, tmp_path / name, log_every=1, **options).run(
                until_step=until_step
            )
    assert losses(tmp_path / "gpu") == pytest.approx(losses(tmp_path / "cpu"), rel=2e-2)


def test_a_few_steps_lower_the_loss(make_model, recipe, processor, bank, tmp_path) -> None:
    """Learning works at all: on the same few films the loss falls."""
    recipe = replace(recipe, num_steps=60, token_noise=0.0)
    FilmTrainer(make_model(), processor, bank, recipe, tmp_path, log_every=8).run(until_step=40)
    found = losses(tmp_path)
    assert found[-1] < 0.9 * found[0]


def test_a_run_says_what_it_did(make_model, recipe, processor, bank, tmp_path) -> None:
    """The folder of a run holds its resolved recipe, a line for every so many steps, and a checkpoint, no pickle."""
    FilmTrainer(make_model(), processor, bank, recipe, tmp_path, log_every=2).run(until_step=4)
    assert json.loads((tmp_path / "recipe.json").read_text()) == json.loads(json.dumps(recipe.as_dict()))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    assert {
        "loss",
        "answer",
        "look",
        "picture",
        "no_picture",
        "picture_loss",
        "picture_look",
        "is_there.no",
        "seconds",
    } <= lines[0].keys()
    assert {path.suffix for path in (tmp_path / "checkpoint-4").iterdir()} == {".safetensors", ".json", ""}


def test_each_ratio_has_its_loss_in_the_log(make_model, recipe, processor, bank, tmp_path) -> None:
    """A batch counts for the ratio that its intervals had, or as mixed, and what was drawn is what is named."""
    FilmTrainer(make_model(), processor, bank, recipe, tmp_path, log_every=1).run(until_step=8)
    batches = FilmBatches(bank, TurnEncoder(processor), recipe)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for line, number in zip(lines, range(8), strict=True):
        ratios = {interval.ratio for interval in batches[number].shape.plan}
        name = f"loss.ratio_{'mixed' if len(ratios) > 1 else ratios.pop()}"
        assert {key for key in line if key.startswith("loss.")} == {name}
        assert line[name] == line["loss"]
    assert len({key for line in lines for key in line if key.startswith("loss.")}) > 1


def test_a_run_stops_at_its_time_limit(make_model, recipe, processor, bank, tmp_path) -> None:
    """A limit of no seconds ends a run after its first step, with a checkpoint to go on from."""
    trainer = FilmTrainer(make_model(), processor, bank, recipe, tmp_path)
    assert trainer.run(until_seconds=0.0) == 1
    assert (tmp_path / "checkpoint-1" / "WHOLE").exists()


def test_only_the_decoder_learns(make_model, recipe, processor, bank, tmp_path) -> None:
    """Tower and projector of a model that learns from cached frames stay as they are, and out of the checkpoint."""
    model = make_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    FilmTrainer(model, processor, bank, recipe, tmp_path).run(until_step=2)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert not any("tower" in name or "projector" in name for name in changed)
    assert not any("tower" in name for name in load_file(tmp_path / "checkpoint-2" / "trained.safetensors"))


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


def test_a_recipe_may_do_without_inventories(make_model, recipe, processor, bank, tmp_path) -> None:
    """Then nothing is asked for, no step is learned, and the model's config has none."""
    talk = replace(recipe.examples.talk, takes_inventories=False)
    without = replace(recipe, examples=replace(recipe.examples, talk=talk))
    assert not any(turn.request for example in FilmBatches(bank, TurnEncoder(processor), without)[0].examples
                   for turn in example.turns)  # fmt: skip
    assert any(turn.request for example in FilmBatches(bank, TurnEncoder(processor), recipe)[0].examples
               for turn in example.turns)  # fmt: skip
    FilmTrainer(make_model(), processor, bank, without, tmp_path, log_every=2).run(until_step=2)
    [line] = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert not {"picture", "no_picture", "picture_loss", "sight_loss"} & line.keys()
    assert new_model(without, processor).config.inventory is None
    assert new_model(recipe, processor).config.inventory["question"] == INVENTORY_QUESTION
