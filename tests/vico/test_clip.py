"""How films are cut."""

import pytest

from videoxl.vico.clip import CLIP_SECONDS, Clip, cut


@pytest.mark.parametrize("seconds", [3.0, 13.9, 14.0, 16.0, 30.0, 70.0, 3600.0, 3600.1])
def test_clips_cover_a_film_without_a_gap(seconds):
    """Clips follow one another from the first to the last moment, all but the last one of the same length."""
    clips = cut(Clip(0.0, seconds), piece_seconds=CLIP_SECONDS)
    assert (clips[0].start_seconds, clips[-1].stop_seconds) == (0.0, seconds)
    assert [clip.stop_seconds for clip in clips[:-1]] == [clip.start_seconds for clip in clips[1:]]
    assert all(clip.seconds == pytest.approx(CLIP_SECONDS) for clip in clips[:-1])


def test_a_short_rest_joins_the_clip_before_it():
    """What is left over at the end is a clip of its own from a quarter of the length on."""
    assert cut(Clip(0.0, 31.0), piece_seconds=14.0)[-1] == Clip(14.0, 31.0)
    assert cut(Clip(0.0, 31.5), piece_seconds=14.0)[-1] == Clip(28.0, 31.5)
    assert cut(Clip(100.0, 102.0), piece_seconds=14.0) == (Clip(100.0, 102.0),)
