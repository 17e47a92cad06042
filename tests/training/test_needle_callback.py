"""What is measured while a run goes on is in its log, and changes nothing of it."""

import json

import torch

from videoxl.training.needle_callback import NeedleCallback


def lines(folder) -> list[dict]:
    found = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in found]


def test_measuring_is_logged_and_leaves_training_as_it_was(make_trainer, tmp_path):
    """Every so many steps and at the end a function of the model is logged; the losses are those of a run without."""
    make_trainer("plain", max_steps=5).run()

    def measure(model) -> dict[str, float]:
        assert not model.training
        assert not torch.is_grad_enabled()
        torch.rand(3)
        return {"needle.said": 0.5}

    make_trainer("run", max_steps=5, options={"callbacks": [NeedleCallback(measure, every_steps=2)]}).run()
    measured = [line for line in lines(tmp_path / "run") if "needle.said" in line]
    assert [line["step"] for line in measured] == [2, 4, 5]
    assert [line for line in lines(tmp_path / "run") if line not in measured] == lines(tmp_path / "plain")


def test_measures_come_once_in_a_resumed_run(make_trainer, tmp_path):
    """A run that was stopped at a step where it measured does not measure it twice."""

    def build():
        callback = NeedleCallback(lambda model: {"needle.said": 1.0}, every_steps=2)
        return make_trainer("run", max_steps=4, options={"callbacks": [callback]})

    build().run(until_step=2)
    build().run()
    assert [line["step"] for line in lines(tmp_path / "run") if "needle.said" in line] == [2, 4]
