"""Item i of a run: what the model gets of real files, and what happens where one is bad."""

import json
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from videoxl.errors import CapacityError, TrainingError, UsageError
from videoxl.model.tiles import image_tiles
from videoxl.training.data.dataset import TrainingDataset, open_examples
from videoxl.training.data.faults import NUM_ATTEMPTS, Fault, FaultBounds, FaultLedger
from videoxl.training.data.item import collate
from videoxl.training.data.media import MediaLimits
from videoxl.training.data.mixture import Mixture

SIDE = 32


@pytest.fixture
def make_dataset(write_lines, processor):
    """A dataset of records, each once and in the order of the file unless a mixture says otherwise."""

    def make(*records, limits=None, max_text_tokens=500, max_frames_at=None, **mixing):
        mixture = Mixture([open_examples(write_lines(*records))], **mixing)
        return TrainingDataset(
            mixture, processor, image_size=SIDE, limits=limits, max_text_tokens=max_text_tokens,
            max_frames_at=max_frames_at,
        )  # fmt: skip

    return make


def same(first, second):
    """Whether two items are equal to the last bit."""
    tensors = zip(
        [first.input_ids, first.labels, first.question_index, *first.pixel_values_videos],
        [second.input_ids, second.labels, second.question_index, *second.pixel_values_videos],
        strict=True,
    )
    return first.example_id == second.example_id and all(torch.equal(*pair) for pair in tensors)


def test_a_video_is_its_frames_at_one_a_second(make_dataset, ask, processor):
    """Second i of the clip has its own grey, and the frames have them in order."""
    (item,) = make_dataset(ask("0", "levels.mp4", "what ?"))
    (pixels,) = item.pixel_values_videos
    assert pixels.shape == (5, 3, SIDE, SIDE)
    assert item.frame_seconds == [(0.0, 1.0, 2.0, 3.0, 4.0)]
    levels = np.stack([np.full((3, 48, 64), 40 * second, np.uint8) for second in range(5)])
    assert torch.allclose(pixels, processor.pixel_values(levels), atol=0.1)
    assert (item.input_ids == processor.video_token_id).sum() == 1
    assert not item.notes
    assert item.num_labels == (item.labels != -100).sum() > 0


def test_part_of_a_video_is_that_part(make_dataset, ask):
    """Start and stop choose the frames between them."""
    (item,) = make_dataset(ask("0", {"type": "video", "path": "levels.mp4", "start": 1, "stop": 3}, "what ?"))
    assert item.frame_seconds == [(1.0, 2.0)]


def test_a_film_of_known_facts_is_read(make_dataset, ask):
    """A film made by synth gives one frame a second."""
    (item,) = make_dataset(ask("0", "film.mp4", "what ?"))
    assert item.pixel_values_videos[0].shape == (8, 3, SIDE, SIDE)


def test_a_folder_of_pictures_is_a_video(make_dataset, ask, tmp_path):
    """Frames that somebody has cut already are taken as they are, one a second."""
    for number in (2, 10, 1):
        (tmp_path / "cut").mkdir(exist_ok=True)
        Image.fromarray(np.full((48, 64, 3), 20 * number, np.uint8)).save(tmp_path / "cut" / f"{number}.png")
    (item,) = make_dataset(ask("0", {"type": "video", "path": "cut"}, "what ?"))
    means = item.pixel_values_videos[0].mean(dim=(1, 2, 3))
    assert len(means) == 3
    assert means[0] < means[1] < means[2]


def test_a_cap_spreads_evenly_and_is_said(make_dataset, ask):
    """Beyond the most frames, they are spread over the video, shared by the videos, and the item says so."""
    record = ask("0", "film.mp4", "levels.mp4", "what ?")
    (item,) = make_dataset(record, limits=MediaLimits(max_frames=8))
    assert item.frame_seconds == [(0.0, 2.0, 4.0, 6.0), (0.0, 1.25, 2.5, 3.75)]
    assert item.notes == (
        "film.mp4: 4 of 8 frames are looked at",
        "levels.mp4: 4 of 5 frames are looked at",
    )


def test_a_curriculum_may_shorten_but_not_lengthen(make_dataset, ask):
    """The frames of an item follow its place in the run, never beyond the limit."""
    records = [ask(f"{n}", "levels.mp4", "what ?") for n in range(3)]
    dataset = make_dataset(*records, limits=MediaLimits(max_frames=4), max_frames_at=Rising())
    assert [len(dataset[index].pixel_values_videos[0]) for index in range(3)] == [2, 3, 4]


class Rising:
    """Two frames more for each item, from one on; picklable, as workers need it."""

    def __call__(self, index):
        return (2, 3, 9)[index]


def test_an_image_is_its_tiles(make_dataset, ask, media, processor):
    """A still image becomes the tiles of its grid, without an overview."""
    (item,) = make_dataset(ask("0", "wide.png", "what ?"))
    tiles = image_tiles(np.asarray(Image.open(media / "wide.png")), tile_side=SIDE)
    assert len(tiles) == 2
    assert torch.equal(item.pixel_values_videos[0], processor.pixel_values(tiles))


def test_images_and_videos_stand_where_they_are_shown(make_dataset, ask, processor):
    """Each media part has one placeholder and its own frames, in order; an image among videos is as good as any."""
    (item,) = make_dataset(ask("0", "levels.mp4", "tall.jpg", "what", "film.mp4", "?"))
    assert [len(pixels) for pixels in item.pixel_values_videos] == [5, 2, 8]
    assert (item.input_ids == processor.video_token_id).sum() == 3


def test_many_images_are_a_frame_each_and_that_is_said(make_dataset, ask):
    """Beyond a number of images each is one frame; beyond another the example is bad."""
    record = ask("0", *["wide.png", "tall.jpg"] * 2, "what ?")
    (item,) = make_dataset(record, limits=MediaLimits(max_tiled_images=3))
    assert [len(pixels) for pixels in item.pixel_values_videos] == [1, 1, 1, 1]
    assert item.notes[0] == "wide.png is one frame, not tiles: the example has more than 3 images"
    (item,) = make_dataset(record, limits=MediaLimits(max_images=3))
    assert "4 images: expected at most max_images 3" in item.faults[0].reason


def test_text_alone_is_an_item(make_dataset, ask):
    """An example without media has no pixels."""
    (item,) = make_dataset(ask("0", "what is a cat ?", answer="a dog"))
    assert item.pixel_values_videos == []


def test_a_run_is_the_same_in_workers(make_dataset, ask):
    """Items do not depend on the process that makes them, nor on what was asked before; faults ride along."""
    records = [ask("v", "levels.mp4", "?"), ask("i", "wide.png", "?"), ask("t", "what ?"), ask("x", "gone.mp4", "?")]
    dataset = make_dataset(*records, epochs=3, seed=1)
    expected = [dataset[index] for index in reversed(range(len(dataset)))][::-1]
    batches = list(DataLoader(dataset, batch_size=1, num_workers=2, collate_fn=collate))
    assert [batch["example_ids"] for batch in batches] == [[item.example_id] for item in expected]
    assert [batch["faults"] for batch in batches] == [list(item.faults) for item in expected]
    assert sum(len(batch["faults"]) for batch in batches) >= 3
    for batch, item in zip(batches, expected, strict=True):
        assert torch.equal(batch["input_ids"], item.input_ids[None])
        assert all(map(torch.equal, batch["pixel_values_videos"], item.pixel_values_videos))
    again = pickle.loads(pickle.dumps(make_dataset(*records, epochs=3, seed=1)))  # as workers are sent it
    assert all(same(again[index], expected[index]) for index in range(len(again)))


@pytest.mark.parametrize(
    ("parts", "answer", "reason"),
    [
        (("gone.mp4", "?"), "cat", "gone.mp4 does not exist"),
        (("gone.png", "?"), "cat", "gone.png does not exist"),
        (("broken.mp4", "?"), "cat", "broken.mp4"),
        (("cut.png", "?"), "cat", "damaged"),
        (({"type": "image", "path": "levels.mp4"}, "?"), "cat", "not a picture"),
        (({"type": "video", "path": "levels.mp4", "start": 60}, "?"), "cat", "past the end"),
        (("what " * 600, "?"), "cat", "expected at most max_text_tokens 500"),
        (("what ?",), "cat " * 600, "in answers: expected at most max_text_tokens 500"),
        (("what ?",), "zyxwv", "does not know"),
        (({"type": "video", "path": "a" * 300, "start": 0}, "?"), "cat", "name too long"),
    ],
)
def test_a_bad_example_is_replaced_and_named(make_dataset, ask, parts, answer, reason):
    """Missing, broken, wrong and over-long examples give way to a good one, which says what was wrong and where."""
    dataset = make_dataset(ask("bad", *parts, answer=answer), ask("good", "what ?"))
    (item,) = [item for item in dataset if item.faults]
    assert item.example_id == "good"
    fault = item.faults[0]
    assert (fault.example_id, fault.place, fault.source, fault.attempt) == ("bad", "data.jsonl line 1", "data.jsonl", 0)
    assert reason.lower() in fault.reason.lower()


def test_a_line_that_is_no_example_is_replaced(make_dataset, ask):
    """A line without even an id is named by its place."""
    (item,) = [item for item in make_dataset("{'id': 1}", ask("good", "what ?")) if item.faults]
    assert (item.faults[0].example_id, item.faults[0].place) == ("", "data.jsonl line 1")


def test_what_is_not_the_examples_fault_stops_at_once(make_dataset, ask, monkeypatch):
    """A full disk, or a mistake of ours, never counts as a bad example."""
    dataset = make_dataset(ask("0", "what ?"))
    for error in (OSError(28, "No space left on device"), CapacityError("full"), AssertionError("ours")):
        monkeypatch.setattr("videoxl.training.data.dataset.make_item", raising(error))
        with pytest.raises(type(error)):
            dataset[0]


def raising(error):
    """A function that raises."""

    def fail(*arguments, **options):
        raise error

    return fail


def test_nothing_but_bad_examples_stops_with_their_reasons(make_dataset, ask):
    """Where all media are missing, the first batch says so, from a worker too, instead of searching for a good one."""
    dataset = make_dataset(*(ask(f"{n}", f"gone{n}.mp4", "?") for n in range(30)))
    (batch, *_) = DataLoader(dataset, batch_size=1, num_workers=1, collate_fn=collate)
    assert len(batch["faults"]) == NUM_ATTEMPTS
    with pytest.raises(TrainingError, match=r"10 examples in a row are bad.*gone\d+\.mp4 does not exist.*data check"):
        FaultLedger().note(batch["faults"])


def fault(index, attempt=0):
    """A fault of an item."""
    return Fault(index, attempt, "a.jsonl", f"a.jsonl line {index}", f"{index}", "it is broken.")


def test_too_many_bad_examples_stop_the_run(tmp_path):
    """The share counts once enough have been tried, and the sentence has counts and the first reasons."""
    ledger = FaultLedger(tmp_path, bounds=FaultBounds(max_bad_share=0.1, least_tried=20))
    ledger.note([fault(0), fault(0, 1)])
    ledger.note([], num_items=16)
    ledger.note([])  # 2 bad of 20 tried: just within
    with pytest.raises(TrainingError, match=r"3 of 22 examples are bad, more than max_bad_share 0.1 .*line 0: it is b"):
        ledger.note([fault(18)])
    lines = [json.loads(line) for line in (tmp_path / "bad_examples.jsonl").read_text().splitlines()]
    assert [(line["index"], line["attempt"]) for line in lines] == [(0, 0), (0, 1), (18, 0)]


def test_a_number_of_bad_examples_may_be_the_bound():
    """`max_bad` counts from the first, whatever the share."""
    ledger = FaultLedger(bounds=FaultBounds(max_bad=1, max_bad_share=1.0))
    ledger.note([fault(0)])
    with pytest.raises(TrainingError, match="2 examples are bad, more than max_bad 1"):
        ledger.note([fault(1)])


def test_a_resumed_run_counts_nothing_twice(tmp_path, caplog):
    """Faults that the file knows are neither written nor said again, and still count towards the bound."""
    bounds = FaultBounds(max_bad=2, max_bad_share=1.0)
    FaultLedger(tmp_path, bounds=bounds).note([fault(3), fault(3, 1)])
    with (tmp_path / "bad_examples.jsonl").open("a") as file:
        file.write('{"index": 4')  # a kill in the middle of a line
    resumed = FaultLedger(tmp_path, bounds=bounds)
    caplog.clear()
    resumed.note([fault(3), fault(3, 1)])
    assert (resumed.num_bad, caplog.messages) == (2, [])
    with pytest.raises(TrainingError, match="3 examples are bad"):
        resumed.note([fault(4)])
    again = FaultLedger(tmp_path, bounds=bounds)
    assert again.num_bad == 3


def test_ranks_write_files_of_their_own(tmp_path):
    """Two processes of one run do not write into one file."""
    for rank in (0, 1):
        FaultLedger(tmp_path, rank=rank).note([fault(rank)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad_examples-1.jsonl", "bad_examples.jsonl"]


def test_a_batch_is_one_item(make_dataset, ask):
    """Items differ in length and videos, so a batch of two is refused with what to set instead."""
    item = make_dataset(ask("0", "what ?"))[0]
    with pytest.raises(UsageError, match="gradient_accumulation_steps"):
        collate([item, item])
    batch = collate([item])
    assert batch["input_ids"].shape == batch["labels"].shape == batch["question_index"].shape
    assert batch["intervals"] is None


@pytest.mark.parametrize(
    "options", [{"fps": 0}, {"max_frames": 0}, {"max_tiles": 1}, {"max_images": 0}, {"read_seconds": 0}]
)
def test_impossible_limits_are_refused(options):
    """A limit that leaves nothing is named with its value."""
    (name,) = options
    with pytest.raises(UsageError, match=f"{name} is"):
        MediaLimits(**options)
    with pytest.raises(UsageError, match="max_bad_share is 2"):
        FaultBounds(max_bad_share=2)


TOLERANCE = 1e-4  # float32 sums in another order, through three layers


def test_questions_apart_teach_what_each_teaches_alone(make_dataset, ask, tiny_model):
    """From the file to the loss: questions apart on one memory cost what each costs as an example of its own."""
    pairs = [("what ?", "cat"), ("when appears a dog ?", "second film"), ("what is a cat ?", "a dog")]
    media = [{"type": "video", "path": "levels.mp4"}, {"type": "image", "path": "wide.png"}]
    together = ask("all", *media, pairs[0][0], answer=pairs[0][1], questions="apart")
    for question, answer in pairs[1:]:
        together["messages"] += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    records = [together, *(ask(question, *media, question, answer=answer) for question, answer in pairs)]
    items = {item.example_id: item for item in make_dataset(*records)}
    sums = {name: loss(tiny_model, item) * item.num_labels for name, item in items.items()}
    assert items["all"].num_labels == sum(items[question].num_labels for question, _ in pairs)
    assert sums.pop("all") == pytest.approx(sum(sums.values()), abs=TOLERANCE)


@pytest.mark.parametrize("parts", [(), ("levels.mp4",), ("wide.png",), ("wide.png", "film.mp4", "tall.jpg")])
def test_every_kind_of_example_is_learned_from(make_dataset, ask, make_model, parts):
    """Text, a video, an image, and images among videos all give a loss with gradients."""
    model = make_model()
    (item,) = make_dataset(ask("0", *parts, "what appears in the film ?"))
    value = model(**for_model(item)).loss
    value.backward()
    assert torch.isfinite(value)
    assert model.decoder.embed_tokens.weight.grad.abs().sum() > 0


def for_model(item):
    """What the model takes of a batch."""
    batch = collate([item])
    names = ("input_ids", "labels", "question_index", "pixel_values_videos", "intervals")
    return {name: batch[name] for name in names}


def loss(model, item):
    """The mean loss of an item's labels."""
    with torch.no_grad():
        return float(model(**for_model(item)).loss)
