"""OpenTimelineIO files, read by OpenTimelineIO."""

import builtins

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videoxl.errors import MissingDependencyError
from videoxl.export import FORMATS, Document, Marker, Video

otio = pytest.importorskip("opentimelineio")


@given(st.data())
@settings(max_examples=50)
def test_otio_reads_back(drawn, data):
    """Each video is a clip of its length, with a marker within half a frame of each moment and its very text."""
    fps = data.draw(st.sampled_from([None, 10.0, 24000 / 1001, 25.0, 29.97]))
    document = data.draw(drawn.documents(num_videos=2, fps=fps))
    timeline = otio.adapters.read_from_string(FORMATS["otio"].render(document), "otio_json")
    assert timeline.name == document.title
    (track,) = timeline.video_tracks()
    rate = fps or 1000.0
    for source, (clip, video) in enumerate(zip(track, document.videos, strict=True)):
        assert clip.name == video.name
        assert clip.duration().to_seconds() == pytest.approx(video.duration_seconds, abs=0.5 / rate + 1e-6)
        markers = [marker for marker in document.markers if marker.source == source]
        assert len(clip.markers) == len(markers)
        for read, marker in zip(clip.markers, markers, strict=True):
            start, end = read.marked_range.start_time, read.marked_range.end_time_exclusive()
            assert start.to_seconds() == pytest.approx(marker.start_seconds, abs=0.5 / rate + 1e-6)
            assert end.to_seconds() == pytest.approx(marker.stop_seconds, abs=0.5 / rate + 1e-6)
            assert (read.comment, read.metadata["videoxl"]["text"]) == (marker.text, marker.text)
            assert read.metadata["videoxl"].get("score") == pytest.approx(marker.score)
            assert "\n" not in read.name
    assert [dict(remark) for remark in timeline.metadata["videoxl"]["remarks"]] == [
        {"label": remark.label, "text": remark.text} for remark in document.remarks
    ]


def test_a_day_and_more_is_no_limit(make_document):
    """A moment behind 24 hours stands where it is."""
    document = make_document((90_000, 90_010, "x"), seconds=100_000.0)
    timeline = otio.adapters.read_from_string(FORMATS["otio"].render(document), "otio_json")
    (marker,) = timeline.video_tracks()[0][0].markers
    assert marker.marked_range.start_time.to_seconds() == 90_000


def test_a_name_is_no_address():
    """The name of a video cannot make an editor fetch anything."""
    document = Document("t", (Video("http://evil.example/a film.mp4", 5, 25),), (Marker(0, 1, "x"),))
    timeline = otio.adapters.read_from_string(FORMATS["otio"].render(document), "otio_json")
    assert timeline.video_tracks()[0][0].media_reference.target_url == "http%3A%2F%2Fevil.example%2Fa%20film.mp4"


def test_without_the_package_the_extra_is_named(monkeypatch, make_document):
    """Where OpenTimelineIO is not installed the error says what to install."""
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "opentimelineio":
            raise ImportError("No module named 'opentimelineio'")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=r"pip install 'videoxl\[otio\]'"):
        FORMATS["otio"].render(make_document((0, 1, "x")))
