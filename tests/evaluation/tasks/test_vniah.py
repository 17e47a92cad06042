"""V-NIAH: the authors' cells and places, a needle in a film, and a score that needs every token."""

import numpy as np
import pytest
from PIL import Image

from videoxl.errors import AnnotationError, EvaluationError, UsageError
from videoxl.evaluation.record import Record
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.tasks.vniah import VNiah
from videoxl.video import SampleConfig, sample_times

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255,) * 3, "black": (0, 0, 0)}


@pytest.fixture
def needles(lay_out):
    """A folder as the authors': dataset.json, pictures in images/, one colour each."""
    rows = [{"path": f"{name}.png", "prompt": f"\nWhich colour? {name}", "answer": name} for name in COLOURS]
    folder = lay_out({"dataset.json": rows})
    (folder / "images").mkdir()
    for number, (name, colour) in enumerate(COLOURS.items()):
        Image.new("RGB", (40 + number, 30), colour).save(folder / "images" / f"{name}.png")
    return folder


def test_the_cells_are_those_of_the_authors(needles):
    """By default five needles are asked about at 15 lengths and 6 depths, in front of frame int(depth x frames)."""
    items = find_task("vniah", {"haystack": "synth"}).load(needles).items
    assert len(items) == 5 * 15 * 6
    places = {(int(item.categories["frames"]), item.details["place"]) for item in items}
    assert places == {
        (frames, int(depth * frames)) for frames in range(200, 3001, 200) for depth in np.arange(0, 1 + 0.2, 0.2)
    }
    assert items[0].question == "Which colour? red"
    assert {item.categories["depth"] for item in items} == {"0 %", "20 %", "40 %", "60 %", "80 %", "100 %"}
    assert all(item.details["watch"] == {"fps": 1.0} for item in items)


def test_the_needle_stands_between_the_frames_of_the_haystack(needles):
    """Sampled once a second, a haystack of F frames is F + 1: the needle at its place, all others as they were."""
    task = VNiah(frames=(10,), depths=3, haystack="synth", split="validation")
    plain = np.concatenate([batch.frames_FCHW for batch in task._film(None, 10).read(np.arange(10.0))])
    for item in task.load(needles).items[::5]:  # the red ones
        source, place = task.open(item), item.details["place"]
        times_F = sample_times(source.info.duration_seconds, SampleConfig(fps=1)).seconds_F
        batches = list(source.read(times_F, chunk_frames=4))
        frames = [frame for batch in batches for frame in batch.frames_FCHW]
        assert len(frames) == 11
        assert sum(batch.num_lost for batch in batches) == 0
        assert [second for batch in batches for second in batch.seconds_F] == list(range(11))
        assert (frames.pop(place) == np.array([255, 0, 0], np.uint8)[:, None, None]).all()
        assert (np.stack(frames) == plain).all()


def test_haystacks_differ_by_what_they_show(needles):
    """Fingerprints tell needles and places apart, and stay the same for the same."""
    task = VNiah(frames=(10,), depths=2, haystack="synth", split="validation")
    prints = [task.open(item).fingerprint() for item in task.load(needles).items]
    assert len(set(prints)) == len(prints)
    assert prints == [task.open(item).fingerprint() for item in task.load(needles).items]


def test_only_what_is_asked_is_read(needles):
    """Any rising times can be asked for, the needle's alone, too; what is past the end is lost."""
    task = VNiah(frames=(10,), depths=3, haystack="synth", split="validation")
    source = task.open(task.load(needles).items[5])
    (batch,) = source.read([5.5], max_side=16)
    assert batch.frames_FCHW.shape == (1, 3, 12, 16)
    assert [b.num_frames for b in source.read([4.0, 10.0])] == [2]
    batches = list(source.read([10.0, 11.0]))
    assert sum(b.num_lost for b in batches) == 1


def test_every_token_has_to_be_the_first_choice(needles):
    """A question is right where all hits are, wrong where one is not, and never where there are none."""
    task = VNiah(frames=(10,), depths=1, haystack="synth")
    items = task.load(needles).items
    hits = [(True, True), (True, False), (True,), (), (False,)]
    records = [
        Record(item=item.id, video=item.video, prompt="", raw="red", details={"hits": hit})
        for item, hit in zip(items, hits, strict=True)
    ]
    results = task.score(items, records)
    assert [mark.points for mark in results.marks] == [1, 0, 1, 0, 0]
    assert results.extra["trivial"]["overall"]["value"] == pytest.approx(1 / 5)
    with pytest.raises(EvaluationError, match="not teacher-forced"):
        task.score(items, [Record(item=items[0].id, video="", prompt="", raw="red")])


def test_all_faults_of_a_folder_are_said_at_once(lay_out):
    """Missing pictures, empty answers, a wrong number of needles and no haystack are one error."""
    rows = [{"path": "gone.png", "prompt": "What?", "answer": ""}]
    with pytest.raises(AnnotationError) as caught:
        VNiah().load(lay_out({"dataset.json": rows}))
    for part in ("gone.png", "answer is empty", "has 1 needles, the protocol has 5", "no haystack is there"):
        assert part in str(caught.value)
    with pytest.raises(UsageError, match="--data FOLDER"):
        VNiah().load(None)


def test_a_haystack_has_to_be_long_enough(needles):
    """A film that ends before the longest cell is refused before anything is watched."""
    from videoxl.synth.demo import DEMO

    with pytest.raises(AnnotationError, match="too short for 3000 frames"):
        VNiah(haystack=str(DEMO)).load(needles)
    items = VNiah(haystack=str(DEMO), frames=(100,)).load(needles).items
    assert items[0].path == str(DEMO)
