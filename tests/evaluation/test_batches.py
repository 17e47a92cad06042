"""Questions of a video that are asked at once: the same words, in batches that no interruption changes."""

import json
import shutil

import pytest

import videoxl
from videoxl.engine import VideoXL
from videoxl.errors import EvaluationError, UsageError
from videoxl.evaluation.batches import DEFAULT_BATCH, cut
from videoxl.evaluation.item import Item
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.random_choice import RandomChoice
from videoxl.evaluation.record import Cost, Record
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.rescoring import score_run
from videoxl.evaluation.run_folder import ANSWERS, COSTS, HEADER, open_run, read_header, read_lines
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.runner import run_task
from videoxl.evaluation.task import Loaded

from .colours import ColourSource, ColourTask, Echo

SCORE_ROUND_OFF = 1e-4  # of evidence, for what other questions are beside it
METHODS = ("vst", "none", "dropping", "pooling", "random-rows", "recent-rows")


@pytest.fixture(scope="module")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


@pytest.fixture(scope="module")
def nano() -> VideoXL:
    return videoxl.load("nano", device="cpu")


def run(path, *, task=None, asker=None, batch=None, loaded=None, listener=None, **settings):
    """One run of a small benchmark by an asker without a model, unless others are given."""
    task, chosen = task or ColourTask(), RunSettings(**settings, batch=batch)
    asker = ModelAsker(asker, chosen) if isinstance(asker, VideoXL) else asker or Echo()
    return run_task(task, loaded or task.load(None), asker, path, settings=chosen, listener=listener)


def records_of(path):
    return read_lines(path / ANSWERS, Record)


def said(path):
    """All of the records but the scores of evidence, and those."""
    documents, scores = [record.to_json() for record in records_of(path)], []
    for document in documents:
        scores += [score for _, _, score in document["evidence"]]
        document["evidence"] = [(start, stop) for start, stop, _ in document["evidence"]]
    return documents, scores


def begun_before_batches(path):
    """Make a run's folder what it was before there were batches: format 1, without a word of them."""
    header = json.loads((path / HEADER).read_text())
    assert header.pop("batch") == 1
    (path / HEADER).write_text(json.dumps({**header, "format": 1}))
    costs = [json.loads(line) for line in (path / COSTS).read_text().splitlines()]
    assert {cost.pop("together") for cost in costs} == {1}
    (path / COSTS).write_text("".join(json.dumps(cost) + "\n" for cost in costs))


def test_items_of_a_video_are_cut_in_their_order(tmp_path):
    """Batches are of one video and of the size that was chosen; who is left over is asked alone."""
    assert cut("abcdefg", 3) == ["abc", "def", "g"]
    echo = Echo()
    run(tmp_path / "run", task=ColourTask(questions=7), asker=echo, batch=3)
    assert echo.batches == [3, 3, 1] * 3
    run(tmp_path / "alone", task=ColourTask(questions=7), batch=1)
    assert [record.raw for record in records_of(tmp_path / "run")] == [r.raw for r in records_of(tmp_path / "alone")]


@pytest.mark.parametrize("settings", [*({"method": method} for method in METHODS), {"blind": True}, {"num_frames": 4}])
def test_a_batch_says_what_each_question_gets_alone(vxl, tmp_path, settings):
    """By any method, or blind, records of batches and of one by one differ in the last bits of evidence alone."""
    for batch in (1, 4):
        task = ColourTask(videos=("red", "green"), questions=6)
        run(tmp_path / str(batch), task=task, asker=vxl, batch=batch, shuffle_options=True, **settings)
    (together, scores), (alone, scores_alone) = said(tmp_path / "4"), said(tmp_path / "1")
    assert together == alone
    assert scores == pytest.approx(scores_alone, abs=SCORE_ROUND_OFF)


def test_nano_answers_a_benchmark_alike_in_batches_and_alone(nano, tmp_path):
    """Of the questions of synthbench nano says and points at the same, asked at once or one by one."""
    task = find_task("synthbench", {"seconds": (32,), "films": 1})
    for batch in (1, None):  # few frames: what is seen of them is no matter here
        run(tmp_path / str(batch), task=task, asker=nano, batch=batch, limit=16, num_frames=6)
    (together, scores), (alone, scores_alone) = said(tmp_path / "None"), said(tmp_path / "1")
    assert together == alone
    assert scores == pytest.approx(scores_alone, abs=SCORE_ROUND_OFF)
    costs = [cost.together for cost in read_lines(tmp_path / "None" / COSTS, Cost) if cost.of.startswith("item ")]
    assert max(costs) > 1, "they were asked at once"


def test_one_by_one_is_asking(vxl, tmp_path, monkeypatch):
    """Batches of one are no batches: they give what `ask` gives, to the last bit."""
    monkeypatch.delattr(VideoXL, "batch")
    run(tmp_path / "run", asker=vxl, batch=1, ratio=4)
    films = {name: vxl.watch(ColourSource(name, seconds=13, seed=seed), ratio=4)
             for seed, name in enumerate(ColourTask().videos)}  # fmt: skip
    for record in records_of(tmp_path / "run"):
        answer = vxl.ask(films[record.video], record.prompt, max_new_tokens=3)
        assert record.raw == answer.text
        assert record.evidence == tuple((e.start_seconds, e.stop_seconds, e.score) for e in answer.evidence)


@pytest.mark.parametrize("place", range(1, 12))
def test_a_half_written_batch_is_asked_again_whole(vxl, tmp_path, monkeypatch, place):
    """Whatever is left of a batch, the same questions are put at once again, and only the missing answers are kept."""
    task = ColourTask(videos=("red",), questions=12)
    run(tmp_path / "whole", task=task, asker=vxl, batch=5)

    def stop(progress):
        if progress.num_items == place:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", task=task, asker=vxl, batch=5, listener=stop)
    assert len(records_of(tmp_path / "run")) == place
    sizes, ask = [], ModelAsker.ask

    def counted(asker, watched, prompts, **options):
        sizes.append(len(prompts))
        return ask(asker, watched, prompts, **options)

    monkeypatch.setattr(ModelAsker, "ask", counted)
    run(tmp_path / "run", task=task, asker=vxl, batch=5)
    assert sizes == [5, 5, 2][place // 5 :], "a batch that is whole is not asked again"
    assert (tmp_path / "run" / ANSWERS).read_bytes() == (tmp_path / "whole" / ANSWERS).read_bytes()
    costs = [cost.of for cost in read_lines(tmp_path / "run" / COSTS, Cost)]
    assert len(costs) == len(set(costs)) == 13, "each cost stands once"


def test_a_question_that_cannot_be_put_is_no_matter_of_the_others(vxl, tmp_path, monkeypatch):
    """One that is too long has a record that says so; those beside it are answered, each with its own limit."""
    monkeypatch.setattr("videoxl.engine.speaker.MAX_QUESTION_TOKENS", 40)
    task = ColourTask(videos=("red",), questions=3)
    first, *rest = task.load(None).items
    long = Item(id="long", video="red", question="what " * 50, answer="")
    brief = Item(id="brief", video="red", question="what ?", answer="", max_new_tokens=1)
    summary = run(tmp_path / "run", task=task, asker=vxl, loaded=Loaded((first, long, brief, *rest)))
    records = records_of(tmp_path / "run")
    assert [record.raw is None for record in records] == [False, True, False, False, False]
    assert "expected at most 40" in records[1].failure
    assert records[2].answer_tokens == 1
    assert max(record.answer_tokens for record in records) > 1
    assert summary.num_failed == 1
    costs = {cost.of: cost.together for cost in read_lines(tmp_path / "run" / COSTS, Cost)}
    assert costs == {"video red": 1, **{f"item {name}": 4 for name in ("red-0", "brief", "red-1", "red-2")}}


def test_what_a_batch_took_is_shared_alike(tmp_path, monkeypatch):
    """An item's seconds are an equal part of its batch's, which says how many shared them."""
    clock = iter(range(1000))
    monkeypatch.setattr("videoxl.evaluation.runner.time.perf_counter", lambda: float(next(clock)))
    run(tmp_path / "run", task=ColourTask(videos=("red",), questions=4))
    costs = [cost for cost in read_lines(tmp_path / "run" / COSTS, Cost) if cost.of.startswith("item ")]
    assert [(cost.seconds, cost.together, cost.first_token_seconds) for cost in costs] == [(0.25, 4, 0.5)] * 4


def test_forced_answers_are_one_by_one(vxl, tmp_path):
    """Where answers are forced, the header says one, whatever was chosen."""
    forced = ColourTask(videos=("red",), questions=2, asking_by="teacher_forced")
    for batch in (None, 4, 1):  # one and the same run
        assert run(tmp_path / "forced", task=forced, asker=vxl, batch=batch).header.batch == 1


@pytest.mark.parametrize("batch", [1, 4, None])
def test_a_choice_is_drawn_alike_in_any_batch(tmp_path, batch):
    """A random choice draws for each item what it draws for it alone; a run that drew one by one goes on so."""
    task, asker = ColourTask(questions=6), RandomChoice(RunSettings(seed=3))
    run(tmp_path / "alone", task=task, asker=asker, batch=1)
    assert run(tmp_path / "run", task=task, asker=asker, batch=batch).header.batch == (batch or DEFAULT_BATCH)
    whole = (tmp_path / "alone" / ANSWERS).read_bytes()
    assert (tmp_path / "run" / ANSWERS).read_bytes() == whole
    begun_before_batches(tmp_path / "alone")
    old, new = open_run(tmp_path / "alone"), open_run(tmp_path / "run")
    assert task.score(old.items, old.records) == task.score(new.items, new.records)
    (tmp_path / "alone" / ANSWERS).write_bytes(b"".join(whole.splitlines(keepends=True)[:4]))
    assert run(tmp_path / "alone", task=task, asker=asker).num_resumed == 4
    assert (tmp_path / "alone" / ANSWERS).read_bytes() == whole


def test_a_run_is_gone_on_with_in_its_own_batches(vxl, tmp_path):
    """Where none is chosen, the size is that of the run; another one is refused, and nothing changes."""
    assert run(tmp_path / "new", asker=vxl).header.batch == DEFAULT_BATCH
    run(tmp_path / "run", asker=vxl, batch=2, limit=5)
    answers = tmp_path / "run" / ANSWERS
    whole = answers.read_bytes()
    answers.write_bytes(b"".join(whole.splitlines(keepends=True)[:1]))
    with pytest.raises(UsageError, match=r"its batch is 2, this one's 3"):
        run(tmp_path / "run", asker=vxl, batch=3, limit=5)
    assert run(tmp_path / "run", asker=vxl, limit=5).num_resumed == 1
    assert answers.read_bytes() == whole


def test_a_run_from_before_batches_is_scored_and_gone_on_with(vxl, tmp_path):
    """A folder that says nothing of batches is whole, and was asked, and goes on, one by one."""
    task = find_task("niah", {"frames": (8,), "depths": 2, "films": 1})
    run(tmp_path / "whole", task=task, asker=vxl, batch=1)
    shutil.copytree(tmp_path / "whole", tmp_path / "old")
    begun_before_batches(tmp_path / "old")
    assert score_run(tmp_path / "old").by_parser == score_run(tmp_path / "whole").by_parser
    assert open_run(tmp_path / "old").header.batch == 1
    answers, costs = tmp_path / "old" / ANSWERS, tmp_path / "old" / COSTS
    whole = answers.read_bytes()
    answers.write_bytes(b"".join(whole.splitlines(keepends=True)[:1]))
    with pytest.raises(UsageError, match=r"its batch is 1, this one's 16"):
        run(tmp_path / "old", task=task, asker=vxl, batch=16)
    run(tmp_path / "old", task=task, asker=vxl)
    assert answers.read_bytes() == whole
    assert {cost.together for cost in read_lines(costs, Cost)} == {1}
    assert json.loads((tmp_path / "old" / HEADER).read_text())["format"] == 1, "it is not written anew"


@pytest.mark.parametrize("batch", [0, -3])
def test_no_batch_is_smaller_than_one(tmp_path, batch):
    """A size that asks nothing is refused, whether it is chosen or stands in a stranger's header."""
    with pytest.raises(UsageError, match=f"batch is {batch}, expected 1 item or more"):
        RunSettings(batch=batch)
    run(tmp_path / "run")
    header = json.loads((tmp_path / "run" / HEADER).read_text())
    (tmp_path / "run" / HEADER).write_text(json.dumps({**header, "batch": batch}))
    for read in (read_header, open_run, run):
        with pytest.raises(EvaluationError, match=f"the batch of a RunHeader cannot be {batch}"):
            read(tmp_path / "run")
