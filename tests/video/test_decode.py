"""Which frame comes for an asked time, over containers, codecs and odd ways of storing pictures."""

import threading
from fractions import Fraction

import numpy as np
import pytest

from videoxl.video import open_video
from videoxl.video.walk import Walk

FAST_VP9 = {"cpu-used": "8", "deadline": "realtime"}
QUIET_X265 = {"x265-params": "log-level=none:open-gop=1:keyint=12:scenecut=0"}
KINDS = {
    "h264.mp4": {},
    "h264.mkv": {},
    "h264.ts": {},
    "h264.flv": {},
    "h264.avi": {},
    "open_gop.mp4": {"options": {"x264-params": "open-gop=1:bframes=3:scenecut=0"}},
    "fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "one_keyframe.mp4": {"keyframe_every": 1000},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "mpeg4.mp4": {"codec": "mpeg4"},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "mpeg2.ts": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "mpeg2.mkv": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": FAST_VP9},
    "vp8.webm": {"codec": "libvpx", "options": {"cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "10"}},
    "ten_bit.mp4": {"pixels": "yuv420p10le"},
    "hevc_ten_bit.mkv": {"codec": "libx265", "pixels": "yuv420p10le", "options": QUIET_X265},
    "odd.mp4": {"size": (65, 49), "pixels": "yuv444p"},
    "interlaced.mp4": {"options": {"x264-params": "tff=1"}},
    "moving.gif": {"codec": "gif", "pixels": "rgb8"},
}
# Sparse and uneven, with a repeated frame; read by jumps and by reading on.
SOME_FRAMES = [0, 7, 7, 8, 22, 23, 24, 34, 35, 36, 40, 49]


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_found_at_its_own_time(clips, kind: str) -> None:
    """Asked for frame k's time, and for any time until the next frame, frame k comes, once each, in order."""
    source = open_video(clips.write(kind, **KINDS[kind]))
    begins = [k / 25 for k in range(50)]
    assert clips.indices(source.read(begins)) == list(range(50))
    batches = list(source.read([begin + 0.03 for begin in begins]))
    assert clips.indices(batches) == list(range(50))
    # The tolerance is the millisecond that Matroska and FLV count in.
    assert np.allclose(np.concatenate([batch.seconds_F for batch in batches]), begins, atol=1e-3)
    assert sum(batch.num_lost + batch.num_damaged for batch in batches) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_jumping_gives_the_frames_of_reading_straight(clips, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jump to a keyframe before every single frame gives bit for bit what reading straight through gives."""
    source = open_video(clips.write(kind, **KINDS[kind]))
    seconds = [k / 25 + 0.01 for k in SOME_FRAMES]
    monkeypatch.setattr(Walk, "is_worth_seeking", lambda walk, seconds: False)
    straight = list(source.read(seconds))
    monkeypatch.setattr(Walk, "is_worth_seeking", lambda walk, seconds: walk._can_seek)
    jumping = list(source.read(seconds))
    assert clips.indices(straight) == clips.indices(jumping) == SOME_FRAMES
    if "interlaced" not in kind:  # deinterlacing looks at the frame before, which a jump has not seen
        assert np.array_equal(straight[0].frames_FCHW, jumping[0].frames_FCHW)


def test_an_index_that_calls_every_frame_a_keyframe_is_not_believed(clips) -> None:
    """After a jump by a lying index, no frame is shown before one that was decoded from itself alone."""
    path = clips.write("still.avi", codec="msmpeg4", keyframe_every=25, grey=180)
    head, entries = path.read_bytes().rsplit(b"idx1", 1)
    assert b"00dc\x00" in entries
    lying = path.with_name("lying.avi")
    lying.write_bytes(head + b"idx1" + entries.replace(b"00dc\x00", b"00dc\x10"))
    source = open_video(lying, backend="pyav")
    with Walk(source.media, source.facts, stopped=threading.Event()) as walk:
        for seconds in (0.41, 1.21, 1.81):
            walk.seek(seconds)
            assert walk.peek().frame.key_frame
            assert walk.peek().seconds <= seconds


def test_sparse_reading_decodes_a_small_part(clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far apart times are reached by keyframes, close ones without any jump."""
    source = open_video(clips.write("long.mp4", num_frames=200))
    jumps: list[float] = []
    seek = Walk.seek
    monkeypatch.setattr(Walk, "seek", lambda walk, seconds: jumps.append(seconds) or seek(walk, seconds))
    assert clips.indices(source.read([0, 4, 7.5])) == [0, 100, 187]
    assert len(jumps) == 2
    assert clips.indices(source.read(np.arange(40) / 10))[::10] == [0, 25, 50, 75]
    assert len(jumps) == 2


@pytest.mark.parametrize("name", ["vfr.mp4", "vfr.mkv"])
def test_variable_frame_rate_follows_the_clock(clips, name: str) -> None:
    """Between two uneven frames the earlier one is on screen, however long that is."""
    milliseconds = [0, 40, 1000, 1010, 1500, 4000, 4040]
    source = open_video(clips.write(name, num_frames=7, milliseconds=milliseconds))
    asked = [0, 0.039, 0.041, 0.999, 1.005, 1.2, 3.9, 4.01, 4.05]
    batch = next(source.read(asked))
    assert clips.indices([batch]) == [0, 0, 1, 1, 2, 3, 4, 5, 6]
    # The tolerance is Matroska's millisecond.
    assert np.allclose(batch.seconds_F[[3, 6]], [0.04, 1.5], atol=1e-3)
    assert np.array_equal(batch.asked_F, asked)


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.ts"])
def test_time_zero_is_the_first_frame(clips, name: str) -> None:
    """A container that starts counting at 5 s, or anywhere, changes nothing."""
    source = open_video(clips.write(name, num_frames=25, milliseconds=[5000 + 40 * k for k in range(25)]))
    assert source.info.duration_seconds == pytest.approx(1.0, abs=0.05)
    assert clips.indices(source.read([0, 0.5, 0.97])) == [0, 12, 24]


@pytest.mark.parametrize(("degrees", "clockwise"), [(90, 270), (180, 180), (-90, 90), (0, 0)])
def test_rotation_is_applied(clips, degrees: int, clockwise: int) -> None:
    """A picture stored turned comes out upright: what numpy turns back is what was stored."""
    stored = next(open_video(clips.write("noise.mp4", num_frames=2, has_noise=True)).read([0])).frames_FCHW[0]
    turned = open_video(clips.write("turned.mp4", num_frames=2, has_noise=True, rotation=degrees))
    frame_CHW = next(turned.read([0])).frames_FCHW[0]
    assert np.array_equal(frame_CHW, np.rot90(stored, degrees // 90, axes=(1, 2)))
    assert turned.info.rotation == clockwise
    assert (turned.info.height, turned.info.width) == frame_CHW.shape[1:]


def test_pixels_come_out_square(clips) -> None:
    """Wide pixels make a wide frame, of the size that the info names."""
    source = open_video(clips.write("anamorphic.mp4", pixel_aspect=Fraction(4, 3)))
    assert (source.info.width, source.info.height) == (85, 48)
    assert next(source.read([0])).frames_FCHW.shape == (1, 3, 48, 85)


@pytest.mark.parametrize(("max_side", "size"), [(32, (32, 24)), (64, (64, 48)), (1000, (64, 48))])
def test_max_side_shrinks_and_never_grows(clips, max_side: int, size: tuple[int, int]) -> None:
    """The longer side becomes at most max_side, the shape is kept, and small frames stay as they are."""
    batch = next(open_video(clips.write()).read([0.4], max_side=max_side))
    assert batch.frames_FCHW.shape == (1, 3, size[1], size[0])
    assert clips.indices([batch]) == [10]


@pytest.mark.parametrize("max_side", [None, 40])
@pytest.mark.parametrize(("pixels", "grey"), [("yuv420p", 126), ("yuv420p10le", 504)])
def test_colours_are_kept_in_any_depth_and_size(clips, pixels: str, grey: int, max_side: int | None) -> None:
    """The same grey, in 8 or in 10 bits, scaled or not, is the same grey in RGB: 255 * (126 - 16) / 219."""
    source = open_video(clips.write("grey.mp4", num_frames=2, pixels=pixels, grey=grey))
    frame_CHW = next(source.read([0], max_side=max_side)).frames_FCHW[0]
    assert (frame_CHW == 128).all()


def test_hdr_is_tone_mapped(clips) -> None:
    """Paper white of PQ video, 203 nits, becomes white, where its bare code would be a mid grey."""
    recipe = {"num_frames": 2, "pixels": "yuv420p10le", "grey": 573}  # 64 + 876 * PQ(203 nits)
    plain = next(open_video(clips.write("sdr.mp4", **recipe)).read([0])).frames_FCHW.mean()
    mapped = next(open_video(clips.write("pq.mp4", color_trc=16, **recipe)).read([0])).frames_FCHW.mean()
    assert plain == pytest.approx(148, abs=4)
    assert mapped > 240


def test_interlaced_frames_are_made_whole(clips) -> None:
    """Where neighbouring lines come from two moments, what is delivered has no comb."""
    source = open_video(clips.write("combed.mp4", num_frames=9, options={"x264-params": "tff=1:qp=0"}, fields=True))
    batch = next(source.read([0.16]))
    lines_H = batch.frames_FCHW[0, 0, 8:40].astype(int).mean(axis=1)
    comb = np.abs(np.diff(lines_H)).mean()
    assert comb < 5  # stored, neighbouring lines differ by 100 levels


def test_sound_beside_the_video_is_noticed_and_left_alone(clips) -> None:
    """Sound is reported, and sound that lasts longer does not make the video longer."""
    source = open_video(clips.write("loud.mkv", sound_seconds=4.0))
    assert source.info.has_audio
    assert source.info.duration_seconds == pytest.approx(2.0, abs=0.05)
    assert not open_video(clips.write()).info.has_audio
