"""Running a task: what is written, that it is written once, and that interruptions do not show."""

import json
import weakref
from dataclasses import replace

import pytest
import torch

from videoxl.engine import VideoXL
from videoxl.errors import UsageError
from videoxl.evaluation.asker import WATCH_OPTIONS
from videoxl.evaluation.item import Item
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.record import Cost, Record, WatchedVideo
from videoxl.evaluation.run_folder import ANSWERS, COSTS, HEADER, ITEMS, VIDEOS, open_run, read_lines
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.run_writer import RunWriter
from videoxl.evaluation.runner import run_task
from videoxl.evaluation.task import Loaded

from .colours import ColourSource, ColourTask, Echo

SAME_EACH_TIME = (HEADER, ITEMS, ANSWERS, VIDEOS)  # costs are of this time


@pytest.fixture(scope="module")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


def run(path, *, task=None, asker=None, settings=None, listener=None, loaded=None):
    """One run of the small benchmark by an asker without a model, item by item, unless others are given."""
    task = task or ColourTask()
    loaded = loaded or task.load(None)
    return run_task(task, loaded, asker or Echo(), path, settings=settings or RunSettings(batch=1), listener=listener)


def files_of(path):
    return {name: (path / name).read_bytes() for name in SAME_EACH_TIME}


def records_of(path):
    return read_lines(path / ANSWERS, Record)


def test_a_run_asks_every_item_and_watches_every_video_once(tmp_path):
    """Each video is watched once, its items are asked together, and all of them stand in the folder."""
    echo = Echo()
    summary = run(tmp_path / "run", asker=echo)
    assert echo.watched == ["red", "green", "blue"]
    assert [name.split("-")[0] for name in echo.asked] == ["red"] * 3 + ["green"] * 3 + ["blue"] * 3
    folder = open_run(tmp_path / "run")
    assert [record.item for record in folder.records] == echo.asked
    assert folder.items == ColourTask().load(None).items, "items stand in the order of the task"
    assert [video.video for video in folder.videos] == echo.watched
    assert (summary.num_items, summary.num_failed, summary.num_resumed) == (9, 0, 0)
    costs = [cost.of for cost in read_lines(tmp_path / "run" / COSTS, Cost)]
    assert sorted(costs) == sorted([f"item {name}" for name in echo.asked] + [f"video {v}" for v in echo.watched])


def test_prompts_and_limits_are_the_tasks(tmp_path):
    """A record holds the prompt word for word; an item's own limit of tokens wins over its task's."""
    task = ColourTask(videos=("red",), questions=1)
    [item] = task.load(None).items
    longer = Item(id="longer", video="red", question="what ?", answer="", max_new_tokens=77)
    run(tmp_path / "run", task=task, loaded=Loaded((item, longer)))
    one, other = records_of(tmp_path / "run")
    assert one.prompt == task.prompt(item)
    assert one.raw == f"red: {one.prompt} (3)"
    assert other.raw.endswith("(77)")


@pytest.mark.parametrize("place", range(24))
def test_a_kill_anywhere_does_not_show(tmp_path, monkeypatch, place):
    """Killed in the middle of any line of any file, and gone on with, a run has the bytes of an uninterrupted one."""
    run(tmp_path / "whole")
    append, num_appended = RunWriter._append, 0

    def killed(writer, name, document):
        nonlocal num_appended
        if num_appended == place:
            writer._append = None
            text = json.dumps(document.to_json())
            writer._files[name].write(text[: len(text) // 2])
            raise KeyboardInterrupt
        num_appended += 1
        append(writer, name, document)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "_append", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run")
    again = Echo()
    summary = run(tmp_path / "run", asker=again)
    assert files_of(tmp_path / "run") == files_of(tmp_path / "whole")
    assert len(again.asked) == 9 - summary.num_resumed, "what was answered is not asked again"
    costs = [cost.of for cost in read_lines(tmp_path / "run" / COSTS, Cost)]
    assert len(costs) == len(set(costs)) == 12, "each cost stands once"


def test_a_model_killed_at_every_item_answers_the_same(vxl, tmp_path):
    """Stopped while each item is asked, one after the other, a model's run ends with the same bytes."""
    task, settings = ColourTask(), RunSettings(ratio=4, batch=1)
    run(tmp_path / "whole", task=task, asker=ModelAsker(vxl, settings), settings=settings)

    class Stopping(ModelAsker):
        num_asked = 0

        def ask(self, *args, **options):
            self.num_asked += 1
            if self.num_asked > 1:
                raise KeyboardInterrupt
            return super().ask(*args, **options)

    num_stops = 0
    while True:
        try:
            run(tmp_path / "run", task=task, asker=Stopping(vxl, settings), settings=settings)
            break
        except KeyboardInterrupt:
            num_stops += 1
    assert num_stops == 8
    assert files_of(tmp_path / "run") == files_of(tmp_path / "whole")


def test_a_long_video_is_gone_on_with(vxl, tmp_path, monkeypatch):
    """Stopped while a long video is watched, or asked about, a run goes on in the middle of it and leaves no memory."""
    monkeypatch.setattr("videoxl.evaluation.model_asker.NUM_FRAMES_LONG", 30)
    task, settings = ColourTask(videos=("red",), questions=2, seconds=80), RunSettings(ratio=4)
    run(tmp_path / "whole", task=task, asker=ModelAsker(vxl, settings), settings=settings)

    def stop_at(wish):
        def listen(progress):
            if wish(progress):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run", task=task, asker=ModelAsker(vxl, settings), settings=settings, listener=listen)
        assert list((tmp_path / "run").glob("*.vxl"))

    heard = []
    stop_at(lambda progress: progress.watching and progress.watching.num_frames >= 48)
    stop_at(lambda progress: heard.append(progress) or progress.num_items == 1)
    assert next(each.watching for each in heard if each.watching).num_resumed >= 30
    heard.clear()
    run(tmp_path / "run", task=task, asker=ModelAsker(vxl, settings), settings=settings, listener=heard.append)
    assert not [each for each in heard if each.watching], "what was watched to its end is not watched again"
    assert files_of(tmp_path / "run") == files_of(tmp_path / "whole")
    assert not list((tmp_path / "run").glob("*.vxl"))


def test_a_finished_run_is_not_run_again(tmp_path):
    """Given again, a command that is done watches nothing and asks nothing."""
    run(tmp_path / "run")
    before, echo = files_of(tmp_path / "run"), Echo()
    summary = run(tmp_path / "run", asker=echo)
    assert (echo.watched, echo.asked, summary.num_resumed) == ([], [], 9)
    assert files_of(tmp_path / "run") == before


def test_two_videos_do_not_touch_each_other(vxl, tmp_path):
    """What is answered about a video is the same whether or not others were watched and asked before."""
    settings = RunSettings(ratio=4, batch=1)
    run(tmp_path / "all", asker=ModelAsker(vxl, settings), settings=settings)
    task = ColourTask()
    alone = Loaded(tuple(item for item in task.load(None).items if item.video == "blue"))
    run(tmp_path / "alone", asker=ModelAsker(vxl, settings), settings=settings, loaded=alone)
    assert records_of(tmp_path / "alone") == records_of(tmp_path / "all")[6:]
    films = {video: vxl.watch(ColourSource(video, seconds=13, seed=seed), ratio=4)
             for seed, video in enumerate(task.videos)}  # fmt: skip
    for record in records_of(tmp_path / "all"):
        answer = vxl.ask(films[record.video], record.prompt, max_new_tokens=3)
        assert (record.raw, record.memory_rows) == (answer.text, films[record.video].num_rows)
        assert record.evidence == tuple((e.start_seconds, e.stop_seconds, e.score) for e in answer.evidence)


def test_one_memory_at_a_time(vxl, tmp_path):
    """The memory of a video is gone before the next one is watched."""
    settings, memories = RunSettings(), []

    class Remembering(ModelAsker):
        def watch(self, *args, **options):
            assert not [ref for ref in memories if ref() is not None]
            watched = super().watch(*args, **options)
            memories.append(weakref.ref(watched.memory))
            return watched

    run(tmp_path / "run", asker=Remembering(vxl, settings), settings=settings)
    assert len(memories) == 3


def test_frames_and_rows_of_each_video_are_written(vxl, tmp_path):
    """A run says which frames it looked at, by what decoder, and what they became."""
    settings = RunSettings(num_frames=5, ratio=2)
    run(tmp_path / "run", asker=ModelAsker(vxl, settings), settings=settings)
    memory = vxl.watch(ColourSource("red", seconds=13, seed=0), num_frames=5, ratio=2)
    [red, *_] = read_lines(tmp_path / "run" / VIDEOS, WatchedVideo)
    assert red.frame_seconds == tuple(s for each in memory.intervals for s in each.frame_seconds)
    assert (red.decoder, red.num_lost, red.memory_rows, red.memory_bytes) == (
        "drawn",
        0,
        memory.num_rows,
        memory.nbytes,
    )
    assert records_of(tmp_path / "run")[0].num_frames == 5


def test_a_task_may_say_how_its_video_is_watched(vxl, tmp_path):
    """Frames and ratio that stand in an item win over the run's; anything else there is refused."""
    item = ColourTask(videos=("red",), questions=1).load(None).items[0]
    own = Item(**{**item.to_json(), "details": {WATCH_OPTIONS: {"num_frames": 4, "ratio": 8}}})
    settings = RunSettings(fps=1, ratio=2)
    watched = ModelAsker(vxl, settings).watch(own, ColourSource("red", seconds=13, seed=0))
    assert len(watched.video.frame_seconds) == 4
    assert watched.memory.intervals[0].ratio == 8
    strange = Item(**{**item.to_json(), "details": {WATCH_OPTIONS: {"speed": 4}}})
    with pytest.raises(UsageError, match="speed"):
        ModelAsker(vxl, settings).watch(strange, ColourSource("red", seconds=13, seed=0))


def test_missing_and_broken_videos_are_counted(tmp_path):
    """Items of a video that is missing, or does not decode, have records that say so, and the others are asked."""
    task, echo = ColourTask(missing=("red",), broken=("blue",)), Echo()
    summary = run(tmp_path / "run", task=task, asker=echo)
    assert echo.watched == ["green"]
    assert summary.num_failed == 6
    assert summary.failures == (
        ("red", "the video is missing: expected data/red.mp4", 3),
        ("blue", "blue.mp4 is broken.", 3),
    )
    folder = open_run(tmp_path / "run")
    assert len(folder.records) == 9
    assert [record.raw is None for record in folder.records] == [True] * 3 + [False] * 3 + [True] * 3
    assert [bool(video.failure) for video in folder.videos] == [True, False, True]
    results = task.score(folder.items, folder.records)
    assert (results.num_items, results.num_missing) == (9, 6)


def test_a_question_that_cannot_be_put_does_not_end_the_run(vxl, tmp_path, monkeypatch):
    """A question that is too long is a record that says so; all others are asked."""
    monkeypatch.setattr("videoxl.engine.speaker.MAX_QUESTION_TOKENS", 40)
    task = ColourTask(videos=("red",), questions=1)
    [item] = task.load(None).items
    long = Item(id="long", video="red", question="what " * 50, answer="")
    settings = RunSettings()
    summary = run(
        tmp_path / "run", task=task, asker=ModelAsker(vxl, settings), settings=settings, loaded=Loaded((long, item))
    )
    one, other = records_of(tmp_path / "run")
    assert "expected at most 40" in one.failure
    assert (one.raw, other.failure, summary.num_failed) == (None, None, 1)


def test_blind_is_asking_about_nothing(vxl, tmp_path):
    """A blind run opens no video, misses none, and gives the answers of asking without a memory."""
    task, settings = ColourTask(missing=("red",), broken=("blue",)), RunSettings(blind=True)
    summary = run(tmp_path / "run", task=task, asker=ModelAsker(vxl, settings), settings=settings)
    assert summary.num_failed == 0
    for record in records_of(tmp_path / "run"):
        assert record.raw == vxl.ask(None, record.prompt, max_new_tokens=3).text
        assert (record.num_frames, record.memory_rows, record.evidence) == (0, 0, ())
    assert open_run(tmp_path / "run").videos == ()
    assert "ratio" not in summary.header.settings


def test_forced_answers_are_hits_where_the_model_would_have_said_them(vxl, tmp_path):
    """Each token of the right answer is a hit if, after those before it, the model would have chosen it."""
    task, settings = ColourTask(videos=("red",), questions=2, asking_by="teacher_forced"), RunSettings(ratio=4)
    tokenizer, film = vxl.processor.tokenizer, vxl.watch(ColourSource("red", seconds=13, seed=0), ratio=4)

    @torch.no_grad()
    def choice(prompt, given):
        """The slow way: one token, on a memory of its own."""
        ids = torch.tensor([vxl.processor.question(prompt) + given])
        logits = vxl.model(ids, past_key_values=vxl.model.cache(film.fork()), logits_to_keep=1).logits
        return int(logits[0, -1].argmax())

    def forced(item, answer):
        return Item(**{**item.to_json(), "answer": tokenizer.decode(answer)})

    one, other = task.load(None).items
    words = range(20, 60)  # ordinary ones; the model's own next word has to be one, too
    first = next(word for word in words if choice(task.prompt(one), [word]) in words)
    own = [first, choice(task.prompt(one), [first]), 20]
    wrong = [first, own[1] - 1, 20]
    expected = [[choice(task.prompt(one), given[:number]) for number in range(3)] for given in (own, wrong)]
    items = forced(one, own), replace(forced(one, wrong), id=other.id)
    run(tmp_path / "run", task=task, asker=ModelAsker(vxl, settings), settings=settings, loaded=Loaded(items))
    for record, given, choices in zip(records_of(tmp_path / "run"), (own, wrong), expected, strict=True):
        assert record.details["hits"] == [mine == right for mine, right in zip(choices, given, strict=True)]
        assert (record.raw, record.answer_tokens) == (tokenizer.decode(choices), 3)
        assert record.memory_rows == film.num_rows
    assert [record.details["hits"][1] for record in records_of(tmp_path / "run")] == [True, False]


def test_shuffled_options_are_drawn_for_each_item(tmp_path):
    """The order of an item's options follows from seed and item alone, and the right letter goes with its text."""
    task = ColourTask(questions=8)
    shuffled = RunSettings(shuffle_options=True, seed=3).asked(task.load(None).items)
    fewer = RunSettings(shuffle_options=True, seed=3, limit=5).asked(task.load(None).items)
    assert fewer == shuffled[:5]
    assert len({item.options for item in shuffled}) > 5
    assert {item.answer_text for item in shuffled} == {"dog"}
    assert RunSettings(shuffle_options=True, seed=4).asked(task.load(None).items) != shuffled
    run(tmp_path / "run", task=task, settings=RunSettings(shuffle_options=True, seed=3))
    assert open_run(tmp_path / "run").items == shuffled
    record = records_of(tmp_path / "run")[0]
    assert record.prompt == task.prompt(shuffled[0])


def test_a_limit_takes_the_first_items(vxl, tmp_path):
    """A run of the first items says so, and asks no others."""
    settings = RunSettings(limit=4)
    summary = run(tmp_path / "run", asker=ModelAsker(vxl, settings), settings=settings)
    assert summary.header.settings["limit"] == 4
    assert summary.header.num_items == 4
    assert open_run(tmp_path / "run").items == ColourTask().load(None).items[:4]


def test_progress_counts_and_estimates(tmp_path):
    """A listener hears of every item; items of an earlier run do not count for the rate."""
    heard = []

    def stop_at_four(progress):
        heard.append(progress)
        if progress.num_items == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", listener=stop_at_four)
    assert [each.num_items for each in heard] == [0, 1, 2, 3, 3, 4]
    assert heard[0].seconds_left is None
    heard.clear()
    run(tmp_path / "run", listener=heard.append)
    assert (heard[0].num_items, heard[0].num_resumed, heard[0].items_per_second) == (4, 4, 0.0)
    assert (heard[-1].num_items, heard[-1].num_videos, heard[-1].seconds_left) == (9, 3, 0.0)
