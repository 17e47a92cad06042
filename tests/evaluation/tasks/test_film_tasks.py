"""niah and synthbench: published films, exact answers, the level that needs no looking."""

import hashlib
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from videoxl.errors import EvaluationError, UsageError
from videoxl.evaluation.record import Record
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.run_folder import line_of
from videoxl.evaluation.tasks.niah import Niah
from videoxl.evaluation.tasks.synthbench import ABILITIES, SynthBench
from videoxl.video import open_video

SMALL_NIAH = Niah(frames=(16, 40), depths=3, films=2, split="validation")
SMALL_BENCH = SynthBench(films=2, seconds=(48,), split="validation")
SMALL = pytest.mark.parametrize("task", [SMALL_NIAH, SMALL_BENCH], ids=lambda task: task.name)
PUBLISHED = {
    "niah": "235f3d0c9bcbb2640bce8e69f69d79046d1f2f35fe2baf8b63c36e7effe3a25e",
    "synthbench": "fbbc6d211fad42a8050cfc1cbda040d08b29f3b9e2d05ddc2fec9960aceb4230",
}
"""SHA-256 of items.jsonl of a run without any option; it changes only with a new version of the benchmark."""


def answered(items, says):
    """A record for each item, with the true moments as evidence."""
    return [
        Record(
            item=item.id,
            video=item.video,
            prompt=item.question,
            raw=says(item),
            evidence=tuple((start, stop, 1.0) for start, stop in item.spans),
        )
        for item in items
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_default_items_are_the_published_ones(name):
    """Films, needles, questions and answers follow from the published seeds: the same on every machine."""
    lines = "".join(map(line_of, find_task(name).load(None).items))
    assert hashlib.sha256(lines.encode()).hexdigest() == PUBLISHED[name]


@SMALL
def test_the_right_answers_score_one(task):
    """Who answers every question as the film's facts do, and shows the moments, has everything right."""
    items = task.load(None).items
    results = task.score(items, answered(items, lambda item: item.answer))
    assert results.overall is not None
    assert results.overall.value == 1
    assert results.num_unparsed == results.num_missing == 0
    assert results.extra["evidence"]["score"]["value"] == 1
    assert results.extra["time_error_seconds"]["evidence"] == {
        "median": 0,
        "num": results.extra["evidence"]["score"]["num"],
        "num_not_given": 0,
    }


@SMALL
def test_a_fixed_answer_scores_the_trivial_level(task):
    """Of each kind of question, the most frequent right answer given to all scores exactly the level beside it."""
    items = task.load(None).items
    kinds = {item.details["kind"] for item in items} - {"when", "when_it"}
    most = {kind: Counter(i.answer for i in items if i.details["kind"] == kind).most_common(1)[0][0] for kind in kinds}
    results = task.score(items, answered(items, lambda item: most.get(item.details["kind"], "never")))
    for kind in kinds:
        level = results.extra["trivial"]["kind"][kind]
        assert results.score_of("kind", kind).value == pytest.approx(level["value"])
        assert level["how"] == f"always {most[kind]!r}"


def test_a_range_at_random_scores_the_trivial_level_of_when():
    """Over all places of the longest range that counts, the share that is right is the level beside `when`."""
    items = [item for item in SMALL_BENCH.load(None).items if item.details["kind"] == "when"]
    level = SMALL_BENCH.score(items, answered(items, lambda item: "0:01")).extra["trivial"]["kind"]["when"]["value"]
    rights = []
    for item in items:  # all of these films are 48 s long: 6 intervals
        touched = {int(second // 8) for span in item.spans for second in np.arange(np.ceil(span[0]), span[1])}
        length = 8 * (len(touched) + 1)
        ranges = [f"0:{start:02d} to 0:{start + length:02d}" for start in range(0, 48 - length + 1, 8)]
        found = [SMALL_BENCH.score([item], answered([item], lambda _, text=text: text)).overall for text in ranges]
        rights.append(np.mean([score.value for score in found]))
    assert level == pytest.approx(np.mean(rights))


@SMALL
def test_what_was_not_answered_is_in_no_score(task):
    """An item without an answer is counted as missing and changes no score of the others."""
    items = task.load(None).items
    records = answered(items, lambda item: item.answer)
    results = task.score(items, [replace(records[0], raw=None, failure="gone"), *records[2:]])
    assert (results.num_missing, results.overall.value) == (2, 1)
    assert "2 of" in results.notes[0]
    assert task.score(items, []).overall is None


@SMALL
def test_films_show_what_their_items_say(task):
    """A film is opened as long as its item says, and is another picture where the needle is than without it."""
    seen = set()
    for item in task.load(None).items:
        if item.video in seen or not item.spans:
            continue
        seen.add(item.video)
        source = task.open(item)
        assert source.info.duration_seconds == item.details["seconds"]
        assert source.info.path.name == item.video
        second = float(np.ceil(item.spans[0][0]))
        (batch,) = open_video(source).read([second])
        assert (batch.frames_FCHW[0].transpose(1, 2, 0) != source.film.scene(second)).any()


def test_another_film_is_not_shown_as_the_one_asked_about():
    """A videoxl that draws another film than the item's digest says so."""
    item = SMALL_NIAH.load(None).items[0]
    changed = replace(item, details={**item.details, "film": "0" * 16})
    with pytest.raises(EvaluationError, match="another film in this videoxl"):
        SMALL_NIAH.open(changed)


def test_needles_lie_at_their_depths():
    """The needle moves from the first frame to the last of one and the same haystack."""
    items = [item for item in SMALL_NIAH.load(None).items if item.details["kind"] == "what"]
    starts = {(item.categories["frames"], item.categories["depth"]): item.spans[0] for item in items}
    assert starts["16", "0 %"] == (0, 1)
    assert starts["40", "50 %"] == (20, 21)
    assert starts["40", "100 %"] == (39, 40)
    films = [SMALL_NIAH.film(item.details).facts.shots for item in items if item.categories["frames"] == "16"]
    assert films[0] == films[2] != films[1]
    assert len({item.answer for item in items}) == len(items)


def test_other_seeds_and_splits_draw_other_films():
    """Seed and split each change every film."""
    first = {item.details["film"] for item in SMALL_NIAH.load(None).items}
    for other in (replace(SMALL_NIAH, seed=1), replace(SMALL_NIAH, split="train")):
        assert not first & {item.details["film"] for item in other.load(None).items}


def test_every_ability_is_asked_with_every_needle():
    """synthbench asks retrieval, ordering, counting, when, presence and scene, of inserts and of edits."""
    items = SMALL_BENCH.load(None).items
    asked = {(item.categories["ability"], item.categories["needle"]) for item in items}
    assert asked == {(ability, needle) for ability in ABILITIES.values() for needle in ("insert", "edit")}
    assert {item.details["kind"] for item in items} == set(ABILITIES)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("niah", {"needle": "card"}, "expected insert or edit"),
        ("niah", {"frames": "4,16"}, "expected lengths from 8 on"),
        ("niah", {"depths": 0}, "expected 1 or more each"),
        ("niah", {"needle_seconds": 100}, "fit into the films"),
        ("niah", {"split": "tset"}, "there is no split 'tset'"),
        ("synthbench", {"seconds": "10"}, "expected lengths from 32 on"),
        ("synthbench", {"needles": "card"}, "expected some of insert, edit"),
        ("synthbench", {"films": 0}, "expected 1 or more"),
        ("synthbench", {"interval_seconds": 1}, "expected 4 or more"),
    ],
)
def test_options_that_make_no_film_are_refused(name, options, said):
    """What cannot be drawn is said before anything is."""
    with pytest.raises(UsageError) as caught:
        find_task(name, options).load(None)
    assert said in str(caught.value)


@SMALL
def test_films_need_no_data(task, tmp_path):
    """A folder given to a task that makes its films is a misunderstanding, and said to be one."""
    with pytest.raises(UsageError, match="leave out --data"):
        task.load(tmp_path)


def test_scoring_films_needs_no_model_and_no_decoder():
    """The film tasks and their scores import neither torch nor transformers nor a decoder."""
    code = (
        "import sys; from videoxl.evaluation.registry import find_task\n"
        "for name in ('niah', 'vniah', 'synthbench'): find_task(name).score([], [])\n"
        "print([name for name in ('torch', 'transformers', 'av') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@SMALL
def test_a_hint_says_how_short_the_answer_is(task):
    """With `hint`, each question asks for the form in which its answer is read; items and scores stay."""
    hinted = replace(task, hint=True)
    items = task.load(None).items
    assert hinted.load(None).items == items
    for item in items:
        assert task.prompt(item) == item.question
        question, hint = hinted.prompt(item).split("\n")
        assert question == item.question
        kind = item.details["kind"]
        if kind in ("is_there", "is_scene", "is_before"):
            assert hint == "Answer with yes or no."
        if kind in ("when", "when_it"):
            assert "time" in hint
        if kind in ("what", "first"):
            assert hint == "Answer with one or two words."
    assert find_task(task.name, {"hint": "true"}).hint
    assert hinted.score(items, answered(items, lambda item: item.answer)).overall.value == 1
