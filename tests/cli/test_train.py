"""`videoxl train` as a person runs it: to the end, in two halves, before anything is loaded, and wrongly."""

import json
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest

from videoxl.training import films
from videoxl.training.phase_callback import PhaseCallback

RECIPES = Path(__file__).parents[2] / "recipes"
SHORT = (
    "--set", "trainer={max_steps: 2, use_cpu: true, learning_rate: 1e-4, gradient_accumulation_steps: 2}", "--set",
    "checkpointing=interval",
    "--set", "max_text_tokens=512",
)  # fmt: skip


@pytest.fixture
def examples(film: Path, tmp_path: Path) -> Path:
    """Three questions about a film."""
    records = [
        {
            "id": str(number),
            "messages": [
                {"role": "user", "content": [{"type": "video", "path": str(film)}, {"type": "text", "text": "what ?"}]},
                {"role": "assistant", "content": "cat"},
            ],
        }
        for number in range(3)
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_run_ends_with_a_model_that_answers(videoxl, model_folder, examples, film):
    """Stopped half-way and run again, `train` prints the folder of a model that `ask` takes."""
    command = ("train", RECIPES / "lora.yaml", "--data", examples, "--model", model_folder, *SHORT)
    first = videoxl(*command, "--until-step", 1)
    assert (first.code, first.out.strip()) == (0, str(Path("runs") / "lora")), first.err
    assert "step 1 of 2; run the same command again" in first.err
    second = videoxl(*command)
    assert second.code == 0, second.err
    assert "step 2 of 2: the run is at its end" in second.err
    asked = videoxl("ask", film, "what ?", "--model", second.out.strip(), "--max-new-tokens", 2)
    assert asked.code == 0, asked.err


def test_a_dry_run_says_what_is_needed_and_leaves_nothing(videoxl, model_folder, examples, tmp_path):
    """Weights that learn, steps, bytes for 1 to 8 devices and time; as JSON too; and no folder is made."""
    command = ("train", RECIPES / "lora.yaml", "--data", examples, "--model", model_folder, *SHORT, "--dry-run")
    said = videoxl(*command)
    assert said.code == 0, said.err
    for word in ("weights learn: projector, vst, lora", "2 steps of 2 examples", "zero2", "an estimate"):
        assert word in said.out
    document = json.loads(videoxl(*command, "--json").out)
    assert {row["num_devices"] for row in document["devices"]} == set(range(1, 9))
    assert not (tmp_path / "runs").exists()


def test_the_7b_recipes_need_no_weights_to_be_counted(videoxl):
    """With nothing but the config that ships with the recipes, a dry run counts the 8.4 billion weights."""
    recipe = RECIPES / "video_xl_7b" / "finetune.yaml"
    said = videoxl("train", recipe, "--model", recipe.parent, "--dry-run", "--json")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert sum(document["parameters"].values()) == 8_398_200_832
    assert document["steps"]["num_steps"] == 125_000
    assert "counted as the 1,000,000" in document["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.yaml",), "there is no recipe missing.yaml"),
        ((RECIPES / "lora.yaml",), "names no data; give examples with --data"),
        ((RECIPES / "lora.yaml", "--data", "gone.jsonl"), "gone.jsonl"),
        ((RECIPES / "lora.yaml", "--set", "medai.fps=1"), "did you mean 'media'"),
        ((RECIPES / "lora.yaml", "--set", "media"), "expected NAME=VALUE"),
        ((RECIPES / "lora.yaml", "--until-step", "0"), "--until-step is 0"),
        ((RECIPES / "nano.yaml", "--data", "mine.jsonl"), "--data is given and nano.yaml is of kind films"),
        ((RECIPES / "accelerate" / "fsdp2.yaml",), "kind is None, expected one of finetune, films"),
    ],
)
def test_a_mistake_is_one_sentence(videoxl, arguments, said):
    """What cannot be carried out is refused in one line, with what to do, before anything is made."""
    result = videoxl("train", *arguments)
    assert result.code in (1, 2)
    assert result.out == ""
    assert len(result.complaints) == 1
    assert said in result.complaints[0]


def test_films_go_to_their_own_trainer(videoxl, monkeypatch):
    """A recipe of kind films is given to the trainer of films, with everything that the command line says."""
    asked = []

    def run_films(path, **options):
        asked.append((path, options))
        return {"step": 3, "num_steps": 5, "out": str(options["out"])}

    stand_in = ModuleType("videoxl.training.films.run")
    stand_in.run_films = run_films
    monkeypatch.setitem(sys.modules, "videoxl.training.films.run", stand_in)
    monkeypatch.setattr(films, "run", stand_in, raising=False)
    result = videoxl("train", RECIPES / "nano.yaml", "--out", "here", "--set", "seed=4", "--until-step", 3)
    assert (result.code, result.out.strip()) == (0, "here"), result.err
    options = {"out": Path("here"), "dry_run": False, "until_step": 3, "overrides": ("seed=4",)}
    assert asked == [(RECIPES / "nano.yaml", options)]


def test_a_run_that_is_asked_to_stop_says_how_to_go_on(videoxl, model_folder, examples, monkeypatch, tmp_path):
    """SIGTERM in a step: a whole checkpoint, one line that names it, exit 130; the same command goes on from there."""
    begin_step = PhaseCallback.on_step_begin

    def terminated(callback, args, state, control, **unused):
        os.kill(os.getpid(), signal.SIGTERM)
        begin_step(callback, args, state, control, **unused)

    command = ("train", RECIPES / "lora.yaml", "--data", examples, "--model", model_folder, *SHORT)
    with monkeypatch.context() as patched:
        patched.setattr(PhaseCallback, "on_step_begin", terminated)
        result = videoxl(*command)
    assert result.code == 130
    (line,) = result.complaints
    assert "interrupted at step 1" in line
    assert "Run the same command again" in line
    assert (tmp_path / "runs" / "lora" / "checkpoint-1" / "WHOLE").exists()
    assert videoxl(*command).code == 0
