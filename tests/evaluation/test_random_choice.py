"""Guessing: a run without a model, which says what a score is worth."""

import subprocess
import sys

import pytest

from videoxl.errors import UsageError
from videoxl.evaluation.item import Item
from videoxl.evaluation.random_choice import RandomChoice, expected_share
from videoxl.evaluation.run_folder import open_run
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.runner import run_task
from videoxl.evaluation.task import Loaded

from .colours import ColourTask


def test_guesses_are_scored_like_answers(tmp_path):
    """A random choice is a whole run without weights; chance lies in the interval of its score."""
    task, settings = ColourTask(questions=200, missing=("red",)), RunSettings(seed=1)
    summary = run_task(task, task.load(None), RandomChoice(settings), tmp_path / "run", settings=settings)
    assert (summary.header.model, summary.header.fingerprint, summary.num_failed) == ("random-choice", "", 0)
    folder = open_run(tmp_path / "run")
    overall = task.score(folder.items, folder.records).overall
    assert overall.num == 600
    assert overall.low < expected_share(folder.items) == 0.25 < overall.high


def test_a_guess_follows_from_seed_and_item(tmp_path):
    """The same seed guesses the same for an item, whatever else is asked; another seed does not."""
    task = ColourTask(questions=10)

    def guesses(seed, loaded):
        settings = RunSettings(seed=seed)
        path = tmp_path / f"{seed}-{len(loaded.items)}"
        run_task(task, loaded, RandomChoice(settings), path, settings=settings)
        return {record.item: record.raw for record in open_run(path).records}

    whole, some = task.load(None), Loaded(task.load(None).items[5:9])
    assert guesses(0, some).items() <= guesses(0, whole).items()
    assert guesses(0, whole) != guesses(1, whole)


def test_chance_of_several_tries_is_of_all_together():
    """Four tries of one question are right by chance with the fourth power; a question without a right option never."""
    tries = [Item(id=str(n), video="v", question="?", answer="A", options=("a", "b"), group="g") for n in range(4)]
    hopeless = Item(id="h", video="v", question="?", answer="", options=("a", "b"))
    free = Item(id="f", video="v", question="?", answer="words")
    assert expected_share([*tries, free]) == 1 / 16
    assert expected_share([*tries, hopeless]) == 1 / 32
    assert expected_share([free]) is None


def test_what_has_no_options_is_no_choice(tmp_path):
    """An item without options has a record that says why there is no answer."""
    task, settings = ColourTask(), RunSettings()
    free = Item(id="f", video="red", question="?", answer="words")
    run_task(task, Loaded((free,)), RandomChoice(settings), tmp_path / "run", settings=settings)
    assert "needs options" in open_run(tmp_path / "run").records[0].failure


@pytest.mark.parametrize("chosen", [{"ratio": 4}, {"blind": True}, {"method": "none"}])
def test_a_random_choice_takes_nothing_of_watching(chosen):
    """Options that have no effect on a guess are refused by name."""
    with pytest.raises(UsageError, match=next(iter(chosen))):
        RandomChoice(RunSettings(**chosen))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"method": "recent"}, "no method 'recent'. Did you mean recent-rows"),
        ({"blind": True, "fps": 2.0, "method": "none"}, "blind and fps, method together"),
    ],
)
def test_settings_that_make_no_sense_are_refused(chosen, message):
    """A setting that cannot be carried out is named, with what was expected."""
    with pytest.raises(UsageError, match=message):
        RunSettings(**chosen)


def test_guessing_loads_no_torch():
    """The runner, its folder and a random choice need neither torch nor a video library."""
    code = (
        "import sys\nimport videoxl.evaluation.runner, videoxl.evaluation.random_choice\n"
        "sys.exit(bool({'torch', 'transformers', 'av', 'PIL', 'safetensors'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
