"""`videoxl evaluate TASK`: a benchmark asked of a tiny model, from a folder laid out as its authors do."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from videoxl.evaluation.record import Record
from videoxl.evaluation.run_folder import ANSWERS, HEADER, ITEMS, VIDEOS, read_header, read_lines

from .test_interrupt import first_line_with

OPTIONS = ["cat", "dog", "film", "second"]
SAME_EACH_TIME = (HEADER, ITEMS, ANSWERS, VIDEOS)
FAST = ("--ratio", 8, "--fps", 0.25)
ASK_ALOUD = """
import sys
from pathlib import Path

import torch

from videoxl.engine import load
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.runner import run_task

torch.set_num_threads(1)
data, model, out = map(Path, sys.argv[1:])
task, settings = find_task("vnbench"), RunSettings(ratio=8, fps=0.25)
asker = ModelAsker(load(model, device="cpu"), settings, name=str(model))
say = lambda progress: print(progress.num_items, "items", flush=True)
run_task(task, task.load(data), asker, out, settings=settings, listener=say)
"""


@pytest.fixture(scope="module")
def make_benchmark(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Lays out VNBench with so many films of colours, asked about four times each."""
    from videoxl.video.writer import FilmWriter

    def make(num_films: int, *, num_missing: int = 0) -> Path:
        folder = tmp_path_factory.mktemp("vnbench")
        rows = []
        for number in range(num_films):
            if number >= num_missing:
                colours = np.random.default_rng(number).integers(0, 256, (12, 3), dtype=np.uint8)
                with FilmWriter(folder / f"film{number}.mp4", width=64, height=48, fps=4) as writer:
                    for index in range(48):
                        writer.write(np.broadcast_to(colours[index // 4], (48, 64, 3)))
            for turn in range(4):
                options = OPTIONS[turn:] + OPTIONS[:turn]
                rows.append(
                    {"video": f"./VNBench/film{number}.mp4", "question": "what appears ?", "options": options,
                     "gt": "dog", "gt_option": "ABCD"[options.index("dog")], "type": "ret_edit1", "try": turn}
                )  # fmt: skip
        (folder / "VNBench-main-4try.json").write_text(json.dumps(rows))
        return folder

    return make


@pytest.fixture
def evaluate(videoxl, model_folder):
    """Asks vnbench of the tiny model."""
    return lambda data, *options: videoxl("evaluate", "vnbench", "--data", data, "--model", model_folder, *options)


def files_of(path):
    return {name: (path / name).read_bytes() for name in SAME_EACH_TIME}


def test_a_task_is_asked_and_scored(evaluate, videoxl, make_benchmark, tmp_path):
    """Without the word `run` a task is asked, scored as `score` scores it, and not asked again."""
    data = make_benchmark(2)
    result = evaluate(data, "-o", "run", *FAST)
    assert result.code == 0, result.err
    assert "8/8 items, 2/2 videos" in result.err
    scored = videoxl("evaluate", "score", "run")
    assert result.out == f"run\n{scored.out}"
    assert (tmp_path / "run" / "results.json").exists()
    before = files_of(tmp_path / "run")
    again = videoxl(
        "evaluate", "run", "vnbench", "--data", data, "--model", read_header(tmp_path / "run").model, "-o", "run",
        "--json", *FAST,
    )  # fmt: skip
    assert again.code == 0, again.err
    assert files_of(tmp_path / "run") == before
    document = json.loads(again.out)
    assert document["results"]["strict"]["num_items"] == 8
    assert document["failures"] == []


def test_missing_videos_are_said_and_exit_3(evaluate, make_benchmark, tmp_path):
    """Videos that are missing are listed before anything is asked; the rest is asked, and the exit says partly."""
    data = make_benchmark(2, num_missing=1)
    result = evaluate(data, "-o", "run", *FAST)
    assert result.code == 3
    assert "missing: film0, expected" in result.err
    assert "1 videos are missing; 4 of 8 items cannot be asked" in result.err
    assert "8 items, 4 missing" in result.out
    assert [record.raw is None for record in read_lines(tmp_path / "run" / ANSWERS, Record)] == [True] * 4 + [False] * 4


def test_a_folder_without_any_video_is_no_run(evaluate, make_benchmark, tmp_path):
    """Where no video is there at all, that is one sentence and no folder; blind, it can be asked."""
    data = make_benchmark(1, num_missing=1)
    result = evaluate(data, "-o", "run")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "none of the videos is there" in result.complaints[0]
    assert not (tmp_path / "run").exists()
    blind = evaluate(data, "-o", "run", "--blind", "--shuffle-options", "--seed", 3, "--limit", 2)
    assert blind.code == 0, blind.err
    settings = read_header(tmp_path / "run").settings
    assert (settings["blind"], settings["shuffle_options"], settings["seed"], settings["limit"]) == (True, True, 3, 2)


def test_other_settings_are_refused(evaluate, make_benchmark):
    """A run folder of other settings is refused with the first difference, as misuse."""
    data = make_benchmark(1)
    assert evaluate(data, "-o", "run", *FAST).code == 0
    result = evaluate(data, "-o", "run", *FAST, "--method", "pooling")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "its method is vst, this one's pooling" in result.err


def test_a_list_of_ratios_is_a_run_each(evaluate, make_benchmark, tmp_path):
    """`--ratios` writes one run for each ratio, all by one method."""
    result = evaluate(make_benchmark(1), "-o", "runs", "--ratios", "2,8", "--method", "dropping", "--fps", 0.25)
    assert result.code == 0, result.err
    headers = {path.name: read_header(path).settings for path in sorted((tmp_path / "runs").iterdir())}
    assert {name: (each["ratio"], each["method"]) for name, each in headers.items()} == {
        "ratio-2": (2, "dropping"),
        "ratio-8": (8, "dropping"),
    }


def test_needles_end_in_heat_maps(videoxl, model_folder, tmp_path):
    """A run over depths and lengths prints a map of each kind, and leaves all of all ratios in one picture."""
    words = ("evaluate", "niah", "--frames", "8,16", "--depths", 2, "--films", 1, "--model", model_folder)
    several = videoxl(*words, "--ratios", "2,8", "-o", "runs")
    assert several.code == 0, several.err
    assert (tmp_path / "runs" / "heat.png").read_bytes().startswith(b"\x89PNG")
    assert f"heat maps: {Path('runs') / 'heat.png'}" in several.err
    for ratio in (2, 8):
        for kind in ("what", "is_there"):
            assert f"ratio {ratio}, kind {kind} depth 8 16" in " ".join(several.out.split())  # long names are wrapped
    alone = videoxl(*words, "--ratio", 2, "-o", Path("runs") / "ratio-2", "--json")
    assert alone.code == 0, alone.err
    assert json.loads(alone.out)["task"] == "niah"
    assert (tmp_path / "runs" / "ratio-2" / "heat.png").exists()


def test_guessing_needs_no_model(videoxl, make_benchmark, tmp_path):
    """random-choice guesses without weights and videos, and says what chance is worth."""
    data = make_benchmark(3, num_missing=3)
    result = videoxl("evaluate", "vnbench", "--data", data, "--model", "random-choice", "-o", "run")
    assert result.code == 0, result.err
    assert "chance alone gets 0.39 %" in result.err
    assert read_header(tmp_path / "run").model == "random-choice"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vnbensh",), "there is no task 'vnbensh'. Did you mean vnbench"),
        (("vnbench",), "vnbench needs --data FOLDER"),
        (("vnbench", "--frames", "64"), "vnbench has no option 'frames'"),
        (("vnbench", "more"), "'more' is one word too many"),
        (("vnbench", "--option", "frames"), "expected NAME=VALUE"),
        (("vnbench", "--method", "pool"), "no method 'pool'. Did you mean pooling"),
        (("vnbench", "--ratios", "1,x"), "--ratios is '1,x'"),
        (("vnbench", "--ratios", "1", "--ratio", "2"), "together"),
        (("vnbench", "--blind", "--ratio", "2"), "blind and ratio together"),
        (("vnbench", "--parser", "mine"), "--parser is 'mine'"),
        (("niah", "--frames", "64", "--depths", "x"), "niah's option depths cannot be 'x'"),
    ],
)
def test_misuse_is_one_sentence(videoxl, arguments, message):
    """What cannot be run is refused in one line, before a model is loaded, with exit code 2."""
    result = videoxl("evaluate", *arguments)
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert message in result.err


@pytest.mark.timeout(300)  # a process of its own loads torch, which takes its time on a busy machine
def test_a_killed_run_goes_on_with_the_same_bytes(evaluate, make_benchmark, model_folder, tmp_path):
    """Killed outright while items are asked, and given again, a run has the bytes of one that nobody touched."""
    data = make_benchmark(2)
    command = [sys.executable, "-c", ASK_ALOUD, data, model_folder, tmp_path / "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        first_line_with(process.stdout, "5 items")
        process.kill()
    assert process.returncode == -signal.SIGKILL
    resumed = evaluate(data, "-o", tmp_path / "run", *FAST)
    assert resumed.code == 0, resumed.err
    assert "going on with vnbench behind item" in resumed.err
    assert evaluate(data, "-o", tmp_path / "whole", *FAST).code == 0
    assert files_of(tmp_path / "run") == files_of(tmp_path / "whole")


def test_ctrl_c_says_how_to_go_on(evaluate, make_benchmark, monkeypatch, tmp_path):
    """Ctrl-C exits 130 with what is kept and the command that goes on with it, which does."""
    from videoxl.evaluation.model_asker import ModelAsker

    data, ask, asked = make_benchmark(1), ModelAsker.ask, []

    def interrupt(asker, *arguments, **options):
        asked.append(arguments)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return ask(asker, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ModelAsker, "ask", interrupt)
        stopped = evaluate(data, "-o", "run", "--batch", 1, *FAST)
    assert (stopped.code, stopped.out, len(stopped.complaints)) == (130, "", 1)
    assert "2 of 4 items are in run. Go on with: videoxl evaluate vnbench" in stopped.err
    resumed = evaluate(data, "-o", "run", *FAST)
    assert resumed.code == 0
    assert "going on with vnbench behind item 2" in resumed.err
