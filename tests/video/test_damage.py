"""Files that are cut off, damaged in the middle, or lie about themselves."""

import struct

import pytest

from videoxl.errors import VideoDecodeError
from videoxl.video import open_video

ALL_SECONDS = [k / 25 for k in range(100)]
FRONT_INDEX = {"container_options": {"movflags": "faststart"}}
KINDS = {
    "noise.mp4": FRONT_INDEX,
    "noise.mkv": {},
    "noise.ts": {},
    "noise.avi": {"codec": "mpeg4"},
    "noise.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}} | FRONT_INDEX,
}


def read_all(path, seconds):
    """What came, what was lost, what was patched up."""
    batches = list(open_video(path).read(seconds))
    return batches, sum(batch.num_lost for batch in batches), sum(batch.num_damaged for batch in batches)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_off_file_gives_what_is_there(clips, kind: str) -> None:
    """Every frame before the cut comes as if nothing had happened; every one after it is counted as lost."""
    path = clips.cut(clips.write(kind, num_frames=100, has_noise=True, **KINDS[kind]), 0.6)
    batches, num_lost, _ = read_all(path, ALL_SECONDS)
    found = clips.indices(batches)
    assert len(found) + num_lost == 100
    assert 40 < len(found) < 75
    # The very last frames may be half a picture or stay on screen a moment longer.
    assert found[:-3] == list(range(len(found) - 3))


def test_a_cut_off_mp4_keeps_the_length_of_its_index(clips) -> None:
    """What an mp4 lists and does not hold is lost, so the video is as long as listed."""
    path = clips.cut(clips.write("noise.mp4", num_frames=100, has_noise=True, **FRONT_INDEX), 0.6)
    assert open_video(path).info.duration_seconds == pytest.approx(4.0)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_in_the_middle_is_stepped_over_and_counted(clips, kind: str) -> None:
    """Before and after the damage every frame is right; in it, asked frames are lost or marked as damaged."""
    path = clips.flip_bytes(clips.write(kind, num_frames=100, has_noise=True, **KINDS[kind]), 0.4, 0.6)
    batches, num_lost, num_damaged = read_all(path, ALL_SECONDS)
    asked = [round(second * 25) for batch in batches for second in batch.asked_F]
    found = dict(zip(asked, clips.indices(batches), strict=True))
    assert len(found) + num_lost == 100
    assert num_lost + num_damaged > 0
    assert [found[k] for k in range(35)] == list(range(35))
    if not kind.endswith("avi"):  # an AVI has no times: a frame that never comes moves all that follow
        assert [found[k] for k in range(75, 100)] == list(range(75, 100))


def test_lost_frames_are_counted_where_they_are_lost(clips) -> None:
    """Asking only for whole seconds counts only the whole seconds that are broken."""
    path = clips.write("blank.mp4", num_frames=100, has_noise=True, keyframe_every=25, **FRONT_INDEX)
    whole = bytearray(path.read_bytes())
    start = whole.index(b"mdat") + 4
    middle = start + (len(whole) - start) // 2
    whole[middle - 2000 : middle + 2000] = bytes(4000)
    blank = path.with_name("blanked.mp4")
    blank.write_bytes(bytes(whole))
    batches, num_lost, num_damaged = read_all(blank, [0.0, 0.5, 3.5, 3.9])
    assert (clips.indices(batches), num_lost, num_damaged) == ([0, 12, 87, 97], 0, 0)
    batches, num_lost, num_damaged = read_all(blank, ALL_SECONDS)
    assert num_lost + num_damaged > 0
    assert sum(batch.num_frames for batch in batches) + num_lost == 100


def test_nothing_left_is_an_error_with_numbers(clips) -> None:
    """When none of the asked frames can be had, that is an error that names the file and how many were asked."""
    with pytest.raises(VideoDecodeError, match=r"clip\.mp4: none of the 2 asked frames"):
        list(open_video(clips.write()).read([50, 60]))


def test_a_header_that_lies_is_not_believed(clips) -> None:
    """A duration and a frame count of a hundred times the truth change neither the info nor the frames."""
    path = clips.write("honest.mkv")
    lying = clips.replace(path, struct.pack(">d", 2000.0), struct.pack(">d", 200_000.0))
    info = open_video(lying).info
    assert info.duration_seconds == pytest.approx(2.0, abs=0.05)
    assert info.claimed_duration_seconds == pytest.approx(200)
    assert clips.indices(open_video(lying).read([0, 1, 1.99])) == [0, 25, 49]


def test_a_missing_duration_is_found_in_the_packets(clips) -> None:
    """A live recording, whose header says nothing about its length, gets the length of its packets."""
    info = open_video(clips.write("live.mkv", container_options={"live": "1"})).info
    assert info.claimed_duration_seconds is None
    assert info.claimed_num_frames is None
    assert info.duration_seconds == pytest.approx(2.0, abs=0.05)
