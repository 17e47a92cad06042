"""The script that measures nano asks about the right frames, scores as it says, and writes what the pages quote."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from evaluation.asking import Asked, Record, is_right
from evaluation.films import World
from evaluation.jobs import JobList, Sizes
from evaluation.memories import BASELINES, remember
from evaluation.ordinary import Seen, seen_things, thing_questions
from evaluation.report import as_json
from evaluation.shares import compare, kept, lead, share, trivial_level
from evaluation.watching import Watching, film_frames, visual_tokens
from videoxl.engine import VideoXL

NAMES = ("dog", "drum", "apple", "rocket", "otter", "owl")
THINGS = ["kite", "lamp", "sofa", "tree"]
TABLES = Path(__file__).parents[2] / "docs" / "measured_nano.py"


@pytest.fixture(scope="module")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2], interval_frames=8), processor, name="tiny")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    """Films of 24 frames of validation; two photographs, one stranger."""
    folder = tmp_path_factory.mktemp("media")
    colours = np.random.default_rng(0).integers(0, 256, (3, 30, 40, 3), dtype=np.uint8)
    for number, name in enumerate(("stills/one.png", "stills/two.png", "strangers/validation/thing.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(colours[number]).save(folder / name)
    return World("validation", NAMES, seconds=24.0, stills=folder / "stills", strangers=folder / "strangers/validation")


def teacher(frames_FCHW: np.ndarray) -> np.ndarray:
    """Sees a kite in the first eight frames, a lamp or a sofa in the others, and perhaps a tree."""
    probabilities = np.full((len(frames_FCHW), len(THINGS)), 0.01)
    probabilities[:8, 0] = 0.9
    probabilities[8:, 1 + frames_FCHW.sum() % 2] = 0.6
    probabilities[0, 3] = 0.2
    return probabilities


def record(task: str, expected: str, *, answer: str = "", shown: tuple[str, ...] = ()) -> Record:
    """What came of a question that has no film."""
    asked = Asked(task, "?", expected, shown=shown)
    return Record("insert-0", "insert", 128, "16x", asked, answer, None, answer == expected, None, 0.1, True)


def test_kept_tokens_give_the_memory_of_watching(vxl, world):
    """A memory of kept visual tokens is, bit for bit, the memory that watching the film makes."""
    film = world.film("insert", 0)
    tokens_FMD = visual_tokens(vxl, film_frames(film, max_side=None))
    watched = vxl.watch(film, fps=1, ratio=8)
    assert remember(vxl, tokens_FMD, "8x").same_rows(watched)


@pytest.mark.parametrize("form", BASELINES)
def test_memories_without_vsts_are_as_small(vxl, form):
    """Pooling, dropping and random rows keep as many rows as 16x, and cover the same seconds."""
    tokens_FMD = torch.randn(32, 4, 32, generator=torch.Generator().manual_seed(0))
    ours, other = remember(vxl, tokens_FMD, "16x"), remember(vxl, tokens_FMD, form)
    assert other.num_rows == ours.num_rows
    assert other.duration_seconds == ours.duration_seconds == 32
    assert not other.same_rows(ours)


def test_an_hour_asks_about_its_film(vxl, world, tmp_path):
    """In an hour, the frames that prove an answer are those of the film that was put among fillers."""
    films = {"filler": 5, "insert": 4}
    watching = Watching(vxl, world, [(group, index) for group in films for index in range(films[group])], tmp_path)
    jobs = JobList(world, watching, Sizes(films, hours=4, filler_hours=0, hour_frames=100), {}).jobs()
    short = {job.film: job for job in jobs if job.num_frames == 24 and job.form == "16x"}
    hours = [job for job in jobs if job.num_frames == 100]
    assert len(hours) == 8
    for job in hours:
        place = job.parts.index(watching.tokens_place("insert", int(job.film.removeprefix("insert-"))))
        expected = [question.later(24 * place) for question in short[job.film].asked]
        assert list(job.asked) == expected
        assert all(24 * place <= frame < 24 * place + 24 for asked in job.asked for frame in asked.frames)
        assert len({*job.parts}) == 5, "no filler comes again before all were shown"


def test_a_moment_is_right_if_it_shows_the_frame():
    """A range of time is right if a frame that shows the thing lies in it and it is hardly longer than need be."""
    asked = Asked("when", "When is there a dog?", "", frames=(15, 16))
    assert is_right(asked, "00:00:08 to 00:00:16", 8)
    assert is_right(asked, "00:00:16 to 00:00:40", 8)
    assert not is_right(asked, "00:00:08 to 00:00:40", 8), "four intervals for what touches two"
    assert not is_right(asked, "00:00:17 to 00:00:24", 8)
    assert not is_right(asked, "never", 8)
    assert not is_right(asked, "drum 00:00:08 to 00:00:16", 8), "more than a range"


def test_levels_without_looking():
    """Beside a figure stands the best that one fixed way of answering reaches."""
    yes_no = [record("is there", answer) for answer in ("yes", "no", "yes")]
    assert trivial_level(yes_no) == (pytest.approx(2 / 3), "always 'yes'")
    shown = ("dog", "drum", "owl")
    order = [record(task, name, shown=shown) for task, name in (("first", "dog"), ("last", "owl"), ("after", "owl"))]
    order += [record("last", "rocket", shown=("apple", "otter", "rocket"))]
    assert trivial_level(order) == (0.75, "always the last picture")


def test_intervals():
    """Wilson's interval is that of the books; what two conditions share costs no width."""
    assert share(95, 100)["interval"] == pytest.approx([0.8883, 0.9785], abs=1e-3)
    assert share(0, 3840)["interval"][1] == pytest.approx(1e-3, rel=0.01)
    ours, other = {"a": "1110", "b": "1111"}, {"a": "1100", "b": "1100"}
    assert compare(ours, other, lead)["value"] == 37.5
    assert compare(ours, ours, lead)["interval"] == [0.0, 0.0]
    assert compare(ours, ours, kept) == {"n": 8, "value": 1.0, "interval": [1.0, 1.0]}


def test_things_are_asked_where_the_teacher_is_sure(world):
    """Half of the questions are about what a film clearly shows, half about what it cannot show and others do."""
    seen = seen_things(teacher(np.zeros((24, 3, 2, 2), dtype=np.uint8)), THINGS, THINGS)
    assert dict(seen.clear) == {"kite": tuple(range(8)), "lamp": tuple(range(8, 24))}
    assert seen.possible == {"kite", "lamp", "tree"}
    films = {("stills", 0): seen, ("stills", 1): Seen({"sofa": (3,)}, frozenset(["sofa", "lamp"]))}
    asked = thing_questions(world, films, THINGS)
    questions = [question for question in asked["stills", 0] if question.task == "is there"]
    assert [question.expected for question in questions] == ["yes", "no"]
    assert questions[0].frames in seen.clear.values()
    assert "sofa" in questions[1].text


def test_the_whole_script(vxl, world, evaluate, tmp_path, monkeypatch):
    """One run measures everything that the pages quote, names no folder, and leaves nothing to watch to the next."""
    monkeypatch.setattr("evaluation.asking.MAX_NEW_TOKENS", 1)  # words of a tiny model never end
    monkeypatch.setattr("evaluation.jobs.VST_FORMS", ("1x", "2x", "16x"))
    monkeypatch.setattr("evaluation.jobs.PLAIN_FORMS", ("16x",))
    folders = ["--stills", str(world.stills), "--strangers", str(world.strangers.parent)]
    things = tmp_path / "things.txt"
    things.write_text("".join(f"{thing}\n" for thing in THINGS))
    given = [str(tmp_path), "--split", "validation", "--films", "1", "--fillers", "1", "--hours", "1"]
    given += ["--seconds", "24", "--hour-frames", "48", "--workers", "0", "--things", str(things), *folders]
    about, records = evaluate.measure(vxl, evaluate._options(given), names=NAMES, sights=THINGS, teacher=teacher)
    watch_only = evaluate._options([*given, "--watch-only"])
    assert evaluate.measure(vxl, watch_only, names=NAMES, sights=THINGS, teacher=lambda frames: 1 / 0) is None
    text = as_json(about, records)
    assert str(tmp_path) not in text
    (tmp_path / "nano.json").write_text(text)
    tables = runpy.run_path(str(TABLES))
    short, card = tables["nano_table"](tmp_path), tables["nano_card"](tmp_path)
    assert short.count("not measured") == 1, "all but the hours of training"
    assert card.count("not measured") == 1
    assert json.loads(text)["films"]["of_group"] == dict.fromkeys(
        ("insert", "edit", "order", "count", "filler", "stranger", "stills", "footage"), 1
    )


def test_pages_say_what_is_not_measured(tmp_path):
    """Without a measurement the tables say so and show no number."""
    tables = runpy.run_path(str(TABLES))
    (tmp_path / "nano.json").write_text('{"format": 1}')
    assert tables["nano_table"](tmp_path).startswith("Not measured:")
    assert tables["nano_card"](tmp_path).startswith("Not measured:")
