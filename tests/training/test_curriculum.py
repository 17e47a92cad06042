"""What a curriculum draws: by phase, by seed, and nothing else."""

import numpy as np
import pytest

from videoxl.compression.plan import check_plan
from videoxl.errors import UsageError
from videoxl.training.curriculum import Curriculum, Phase

PHASES = (Phase(0.5, (2, 4), max_frames=16), Phase(1.0, (4, 8, 8, 16)))


def draw(curriculum: Curriculum, progress: float, seed: int = 0):
    return curriculum.draw(progress, np.random.default_rng(seed))


def test_a_phase_decides_what_may_be_drawn():
    """Ratios and length are those of the phase that the share of the run is in; the last one holds to the end."""
    curriculum = Curriculum(PHASES)
    early, late, end = (draw(curriculum, progress) for progress in (0.49, 0.5, 1.0))
    assert (early.phase, early.ratios, early.max_frames) == (0, (2, 4), 16)
    assert (
        (late.phase, late.ratios, late.max_frames)
        == (end.phase, end.ratios, end.max_frames)
        == (1, PHASES[1].ratios, None)
    )
    assert curriculum.ratios == (2, 4, 8, 16)


@pytest.mark.parametrize("num_frames", [1, 9, 10, 37])
def test_every_plan_covers_the_video_once(num_frames):
    """Fixed or dynamic, the intervals hold every frame once, in order, no longer than said."""
    embeddings = np.random.default_rng(1).normal(size=(num_frames, 8)).astype(np.float32)
    for cut, longest in (("fixed", 10), ("dynamic", 6)):
        drawn = draw(Curriculum((Phase(1.0, (2, 4), intervals=cut),), longest_frames=6), 0.0)
        plan = drawn.plan(num_frames, embeddings if drawn.dynamic else None)
        check_plan(plan, num_frames)
        assert max(interval.num_frames for interval in plan) <= longest
        assert {interval.ratio for interval in plan} <= {2, 4}


def test_dynamic_intervals_end_where_the_picture_changes():
    """A cut between two scenes is a border, and the ratios of the phase are drawn for what lies between borders."""
    scenes = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    drawn = draw(Curriculum((Phase(1.0, (2,), intervals="dynamic"),)), 0.0)
    assert [(interval.start, interval.stop) for interval in drawn.plan(15, scenes)] == [(0, 5), (5, 10), (10, 15)]


def test_a_draw_follows_from_its_generator():
    """The same seed draws the same plan, asked for once or twice; another seed, or another video, draws another."""
    curriculum = Curriculum((Phase(1.0, (2, 4, 8, 16)),))
    plan = draw(curriculum, 0.3, seed=5).plan(200)
    assert plan == draw(curriculum, 0.3, seed=5).plan(200)
    assert plan != draw(curriculum, 0.3, seed=6).plan(200)
    assert plan != draw(curriculum, 0.3, seed=5).plan(200, video=1)


def test_ratios_are_mixed_by_interval_or_by_video():
    """Mixed by interval a video has several ratios; mixed by video it has one, and videos differ."""
    by_interval = {interval.ratio for interval in draw(Curriculum(PHASES), 0.9).plan(400)}
    assert by_interval == {4, 8, 16}
    curriculum = Curriculum(PHASES, mixed="video")
    videos = [{interval.ratio for interval in draw(curriculum, 0.9, seed).plan(400)} for seed in range(20)]
    assert all(len(ratios) == 1 for ratios in videos)
    assert set.union(*videos) == {4, 8, 16}


def test_a_ratio_listed_twice_is_drawn_twice_as_often():
    """Repeats in a list are weights."""
    ratios = [interval.ratio for interval in draw(Curriculum(PHASES), 0.9).plan(40_000)]
    assert ratios.count(8) / len(ratios) == pytest.approx(0.5, abs=0.05)  # 4,000 draws: standard deviation 0.008


@pytest.mark.parametrize("ends", [(), (0.5,), (0.5, 0.4, 1.0), (0.0, 1.0), (0.5, 0.5, 1.0)])
def test_phases_that_do_not_reach_the_end_in_order_are_refused(ends):
    """Ends that do not grow from above 0 to 1 are named."""
    with pytest.raises(UsageError, match="expected growing numbers"):
        Curriculum(tuple(Phase(end, (2,)) for end in ends))


@pytest.mark.parametrize("options", [{"ratios": ()}, {"ratios": (0,)}, {"ratios": (2,), "max_frames": 0}])
def test_a_phase_that_cannot_be_drawn_from_is_refused(options):
    """No ratios, a ratio below 1 and no frames are refused where the phase is made."""
    with pytest.raises(UsageError):
        Phase(1.0, **options)
