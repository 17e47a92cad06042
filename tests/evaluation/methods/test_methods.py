"""What every way to fill a budget holds to, whatever it keeps."""

import numpy as np
import pytest
import torch

from videoxl.engine import VideoXL
from videoxl.engine.keeper import VSTKeeper
from videoxl.errors import UsageError
from videoxl.evaluation.methods.method import METHODS, find_method
from videoxl.evaluation.methods.recent_rows import NUM_SINK_ROWS
from videoxl.evaluation.methods.watching import watch_by
from videoxl.video import SampleConfig, sample_times

from ..colours import ColourSource

BUDGETED = [name for name in METHODS if name != "none"]
BASELINES = [name for name in BUDGETED if name != "vst"]
FILM = ColourSource("film", seconds=47, seed=0)  # no multiple of an interval's ten frames
EXACT = 1e-4  # fp32: the same numbers, summed in steps of another size


@pytest.fixture(scope="module")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


def watch(vxl, method, *, ratio, seed=0, **options):
    generator = np.random.default_rng(seed)
    return watch_by(vxl, FILM, find_method(method), ratio=ratio, generator=generator, **options)


@pytest.mark.parametrize("planner", ["fixed", "dynamic"])
@pytest.mark.parametrize("ratio", [2, 8, 16])
@pytest.mark.parametrize("method", BASELINES)
def test_budgets_are_equal(vxl, method, ratio, planner):
    """Every method keeps exactly as many rows as VSTs at the same ratio, for any intervals, and looks at the same
    frames."""
    options = {"ratio": ratio, "planner": planner, "interval_frames": 7, "fps": 1}
    ours, other = watch(vxl, "vst", **options), watch(vxl, method, **options)
    assert other.memory.num_rows == ours.memory.num_rows
    assert other.frame_seconds == ours.frame_seconds == tuple(map(float, range(47)))
    assert other.memory.segments[0] == ours.memory.segments[0], "the prompt before the video stays"


@pytest.mark.parametrize("rule", ["close", "drop"])
@pytest.mark.parametrize("method", BASELINES)
def test_budgets_are_equal_for_other_decoders_and_rules(make_model, processor, method, rule):
    """Equal budgets hold on any model: another decoder, and the released code's rule, which drops what is left over."""
    other = VideoXL(make_model(decoder="llama", layout_rule=rule), processor, name="other")
    options = {"ratio": 8, "interval_frames": 3}
    assert watch(other, method, **options).memory.num_rows == watch(other, "vst", **options).memory.num_rows


@pytest.mark.parametrize("method", BASELINES)
def test_without_compression_all_methods_are_one(vxl, method):
    """At ratio 1 every method keeps the rows of no compression."""
    whole, kept = watch(vxl, "none", ratio=8).memory, watch(vxl, method, ratio=1).memory
    torch.testing.assert_close(kept.keys, whole.keys, rtol=0, atol=EXACT)
    torch.testing.assert_close(kept.values, whole.values, rtol=0, atol=EXACT)


@pytest.mark.parametrize("method", BASELINES)
def test_methods_differ_and_can_be_asked(vxl, method):
    """No method keeps what another does, each memory says what it was made by, and answers with evidence."""
    memory = watch(vxl, method, ratio=8).memory
    assert not memory.same_rows(watch(vxl, "vst", ratio=8).memory)
    assert memory.about.plan["keeper"] == method
    assert vxl.ask(memory, "what appears in the film ?", max_new_tokens=2).usage.memory_rows == memory.num_rows


@pytest.mark.parametrize("method", BUDGETED)
def test_a_method_gives_the_same_again(vxl, method):
    """The same video, ratio and generator give the same rows, bit for bit."""
    assert watch(vxl, method, ratio=4).memory.same_rows(watch(vxl, method, ratio=4).memory)


def test_vst_is_what_watching_does(vxl):
    """Method vst, and the engine's own keeper, give the very rows of `watch`."""
    plain = vxl.watch(FILM, ratio=4)
    assert watch(vxl, "vst", ratio=4).memory.same_rows(plain)
    assert vxl.watch(FILM, ratio=4, keeper=VSTKeeper()).same_rows(plain)


def test_dropping_is_watching_fewer_frames(vxl):
    """Frames that dropping keeps have the rows of a film of which only they were watched."""
    memory = watch(vxl, "dropping", ratio=4).memory
    whole = [segment for segment in memory.intervals if segment.num_rows == 4]
    kept = [segment.frame_seconds[(segment.num_frames - 1) // 2] for segment in whole]
    fewer = vxl.watch(FILM, timestamps=kept, ratio=1)
    num_rows = fewer.num_rows
    torch.testing.assert_close(memory.keys[:, :, :num_rows], fewer.keys, rtol=0, atol=EXACT)
    torch.testing.assert_close(memory.values[:, :, :num_rows], fewer.values, rtol=0, atol=EXACT)
    assert len(kept) == 11
    assert memory.num_frames == 47, "every frame belongs to one that was kept"


def test_dropped_frames_are_evenly_spread(vxl):
    """Kept frames stand in the middle of stretches of equal length."""
    memory = watch(vxl, "dropping", ratio=8, fps=1).memory
    assert [segment.num_frames for segment in memory.intervals] == [8, 8, 8, 8, 8, 7]
    assert [segment.start_seconds for segment in memory.intervals] == pytest.approx([0, 8, 16, 24, 32, 40])


def test_pooling_averages_what_a_vst_stands_for(vxl):
    """A pooled row is the raw row of the mean of as many visual tokens as the ratio says."""
    chosen = sample_times(47.0, SampleConfig(fps=1)).seconds_F[:10]
    frames = next(FILM.read(chosen, chunk_frames=10)).frames_FCHW
    with torch.no_grad():
        visual_FMD = vxl.model.get_video_features(vxl.processor.pixel_values(frames))
    runs = visual_FMD.flatten(0, 1).unflatten(0, (-1, 4)).mean(dim=1)
    memory, cache = watch(vxl, "pooling", ratio=4).memory, vxl.model.cache()
    vxl.model.remember_text(cache, torch.tensor([vxl.processor.before_video()]))
    from videoxl.compression.interval import Interval

    vxl.model.remember_video(cache, runs[:, None], [Interval(0, len(runs), 1)])
    first = memory.keys[:, :, : cache.memory.num_rows]
    torch.testing.assert_close(first, cache.memory.keys, rtol=0, atol=EXACT)


def test_recent_rows_are_the_ends_of_the_film(vxl):
    """What recent-rows keeps is the first rows of the video and the last ones, and nothing between."""
    memory, ratio = watch(vxl, "recent-rows", ratio=4).memory, 4
    sink, *recent = memory.intervals
    assert (sink.first_frame, sink.num_rows) == (0, NUM_SINK_ROWS)
    budget = sum(-(-num_frames * 4 // ratio) for num_frames in (10, 10, 10, 10, 7))
    assert sum(segment.num_rows for segment in recent) == budget - NUM_SINK_ROWS
    assert recent[-1].num_rows == 28, "the last interval is whole"
    assert [segment.first_frame for segment in recent] == [30, 40]


def test_the_first_interval_is_the_same_for_rows(vxl):
    """Rows that random-rows and recent-rows keep of the first interval are rows of no compression, unchanged."""
    whole = watch(vxl, "none", ratio=1).memory
    first_rows = {row.numpy().tobytes() for row in whole.keys[0, 0, :]}
    for method in ("random-rows", "recent-rows"):
        memory = watch(vxl, method, ratio=4).memory
        rows = memory.row_range(1)
        assert all(memory.keys[0, 0, row].numpy().tobytes() in first_rows for row in rows)


def test_random_rows_are_drawn(vxl):
    """Another generator keeps other rows."""
    assert not watch(vxl, "random-rows", ratio=4).memory.same_rows(watch(vxl, "random-rows", ratio=4, seed=1).memory)


def test_a_keeper_is_not_written_while_it_grows(vxl, tmp_path):
    """A memory without VSTs is for comparisons: it is refused where a folder is to be written."""
    with pytest.raises(UsageError, match="vst"):
        vxl.watch(FILM, out=tmp_path / "film.vxl", keeper=VSTKeeper())
