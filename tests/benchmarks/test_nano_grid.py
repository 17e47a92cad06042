"""The grid of the embedded model: runs of the evaluation room, its scorers' numbers, and tables of them."""

import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from benchmarks.grid_numbers import grid_numbers
from benchmarks.nano_grid import QUICK, WHOLE, Grid, Part, ask_part
from measured_grid import grid_table

from benchmarks import measurement, nano_grid
from videoxl.engine import VideoXL
from videoxl.evaluation.compare import compare_runs
from videoxl.evaluation.rescoring import score_run
from videoxl.evaluation.run_folder import ANSWERS
from videoxl.evaluation.run_writer import RunWriter

SMALL = Grid("small", films={32: 1}, depths=2, ratios=(1, 16))


@pytest.fixture(scope="module")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2], compression_ratios=[2, 16]), processor, name="tiny")


@pytest.fixture(autouse=True)
def _short_answers(monkeypatch) -> None:
    monkeypatch.setattr("videoxl.evaluation.film_task.FilmTask.max_new_tokens", 1)  # words of a tiny model never end


@pytest.fixture(scope="module")
def folder(vxl, tmp_path_factory) -> Path:
    """A finished grid."""
    path = tmp_path_factory.mktemp("grid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("videoxl.evaluation.film_task.FilmTask.max_new_tokens", 1)
        for part in SMALL.parts():
            ask_part(part, path, vxl)
    return path


@pytest.mark.parametrize("grid", [QUICK, WHOLE])
def test_a_grid_has_every_task_length_ratio_and_method(grid):
    """Both grids have all parts once, all ratios, and every baseline at 16x at least; long parts come first."""
    parts = grid.parts()
    assert {(part.task, part.length) for part in parts} == {
        (task, length) for task in ("synthbench", "niah") for length in (32, 128, 512, 3600)
    }
    assert [part.num_frames for part in parts] == sorted((part.num_frames for part in parts), reverse=True)
    runs = set(grid.settings())
    assert runs >= {f"vst-{ratio}" for ratio in (1, 2, 4, 8, 16, 32)} | {"blind"}
    assert runs >= {f"{method}-16" for method in ("pooling", "dropping", "random-rows", "recent-rows")}


def test_each_part_says_how_many_frames_it_has(folder):
    """What a part is said to take is what its runs looked at."""
    for part in SMALL.parts():
        lines = (folder / part.name / "vst-16" / "videos.jsonl").read_text().splitlines()
        assert sum(len(json.loads(line)["frame_seconds"]) for line in lines) == part.num_frames


def test_the_numbers_are_those_of_the_runs(folder):
    """Every share is the room's own score of the folder, and every lead its own comparison."""
    found = grid_numbers(folder)
    assert {name: set(runs) for name, runs in found["cells"].items()} == {
        part.name: set(SMALL.settings()) for part in SMALL.parts()
    }
    for name, runs in found["cells"].items():
        for run, cell in runs.items():
            results = score_run(folder / name / run).by_parser["strict"]
            assert cell["score"]["share"] == pytest.approx(results.overall.value, abs=1e-4)
            assert cell["score"]["trivial"] == pytest.approx(results.extra["trivial"]["overall"]["value"], abs=1e-4)
        pooling, vst = (score_run(folder / name / run) for run in ("pooling-16", "vst-16"))
        difference = compare_runs(pooling, vst).overall
        assert found["leads"][name]["pooling-16"]["value"] == pytest.approx(difference.value, abs=1e-4)
        assert set(found["leads"][name]) == {f"{each}-16" for each in nano_grid.BASELINES}
        assert found["kept"][name]["vst-1"]["value"] == 0


def test_baselines_have_the_rows_of_vsts(folder):
    """At one ratio, every method's memories are as large; ratio 1 keeps all rows."""
    for runs in grid_numbers(folder)["cells"].values():
        rows = {run: cell["costs"]["memory_rows"] for run, cell in runs.items()}
        assert len({rows[f"{method}-16"] for method in ("vst", *nano_grid.BASELINES)}) == 1
        assert rows["vst-1"] > rows["vst-16"]
        assert rows["blind"] is None


def test_a_grid_that_was_stopped_goes_on(vxl, folder, tmp_path, monkeypatch):
    """Killed in the middle and started again, it ends with the answers of one that was not."""
    part, num_written = Part(SMALL, "niah", 32), 0
    write = RunWriter.write_record

    def killed(writer, *args):
        nonlocal num_written
        num_written += 1
        if num_written == 25:
            raise KeyboardInterrupt
        write(writer, *args)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "write_record", killed)
        with pytest.raises(KeyboardInterrupt):
            ask_part(part, tmp_path, vxl)
    ask_part(part, tmp_path, vxl)
    for name in SMALL.settings():
        place = Path(part.name) / name / ANSWERS
        assert (tmp_path / place).read_bytes() == (folder / place).read_bytes()


def test_one_command_writes_numbers_and_tables(vxl, folder, tmp_path, monkeypatch):
    """`--quick` asks, counts and writes JSON with command, hardware, versions, seed; all tables are made of it."""

    def ask_here(grid, place, model):
        assert (model, place.parent) == ("a-folder", tmp_path / "work")
        shutil.copytree(folder, place)
        for part in grid.parts():
            ask_part(part, place, vxl)  # finds all done

    monkeypatch.setattr(nano_grid, "QUICK", SMALL)
    monkeypatch.setattr(nano_grid, "ask_all", ask_here)
    monkeypatch.setattr(nano_grid.videoxl, "load", lambda model, device: vxl)
    monkeypatch.setattr(measurement, "RESULTS", tmp_path)
    words = ["nano_grid", "--quick", "--model", "a-folder", "--work", str(tmp_path / "work")]
    monkeypatch.setattr(sys, "argv", words)
    nano_grid.main()
    written = json.loads((tmp_path / "nano_grid.json").read_text())
    assert written["command"] == "python -m benchmarks.nano_grid --quick --model a-folder --work work"
    assert {"hardware", "versions", "seed", "model", "films", "work_seconds"} <= set(written)
    page = grid_table(tmp_path)
    for words in ("Accuracy: synthbench", "needle in a haystack", "filled otherwise: 16x", "depth, at 16x", "counting"):
        assert words in page


def test_a_page_without_numbers_says_so(tmp_path):
    """Where nothing was measured, the page says what would measure it."""
    assert grid_table(tmp_path).startswith("Not measured yet")
