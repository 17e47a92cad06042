"""Markers, remarks, videos and the documents made of them."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.errors import UsageError
from videoxl.export import Document, Marker, Remark, Video
from videoxl.export.plain_text import one_line, plain_text
from videoxl.memory import MemorySource

VIDEO = Video("film.mp4", 100.0, 25.0)


@given(st.data())
def test_text_is_fit_for_any_file(drawn, data):
    """Text holds no control character but newlines, can be encoded, and cleaning it again changes nothing."""
    text = plain_text(data.draw(drawn.texts()))
    text.encode("utf-8")
    assert not [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n"]
    assert plain_text(text) == text
    assert "\n" not in one_line(text)


@given(st.data())
def test_moments_are_in_order_and_inside_their_videos(drawn, data):
    """Whatever is put in, markers come sorted and none reaches beyond the end of its video."""
    document = data.draw(drawn.documents(num_videos=2))
    keys = [(marker.source, marker.start_seconds, marker.stop_seconds) for marker in document.markers]
    assert keys == sorted(keys)
    for marker in document.markers:
        assert 0 <= marker.start_seconds <= marker.stop_seconds <= document.videos[marker.source].duration_seconds


@given(st.data())
def test_one_video_of_several(drawn, data):
    """The documents of each video alone hold all moments, each once."""
    document = data.draw(drawn.documents(num_videos=3))
    apart = [document.only(source) for source in range(3)]
    assert sum(len(one.markers) for one in apart) == len(document.markers)
    assert [one.videos for one in apart] == [(video,) for video in document.videos]
    assert {marker.source for one in apart for marker in one.markers} <= {0}


def test_a_moment_beyond_the_end_is_cut_there():
    """A stretch that says it ends after its video ends with it; where no length is known nothing is cut."""
    late = Marker(90.0, 120.0, "end")
    (cut,) = Document("t", (VIDEO,), (late,)).markers
    assert (cut.start_seconds, cut.stop_seconds) == (90.0, 100.0)
    assert Document("t", (Video("film.mp4"),), (late,)).markers == (late,)


@pytest.mark.parametrize(
    ("start", "stop", "score"),
    [
        (-1.0, 2.0, None),
        (3.0, 2.0, None),
        (float("nan"), 2.0, None),
        (0.0, float("inf"), None),
        (0.0, 1.0, float("nan")),
    ],
)
def test_times_that_make_no_sense_are_refused(start, stop, score):
    """Negative, reversed and endless times, and scores that are no number, are refused in a sentence."""
    with pytest.raises(UsageError, match="expected"):
        Marker(start, stop, "x", score=score)


def test_a_document_of_other_videos_is_refused():
    """A moment must lie in one of the document's videos, of which there is at least one."""
    with pytest.raises(UsageError, match="lies in video 2, expected one of 1"):
        Document("t", (VIDEO,), (Marker(0, 1, "x", source=1),))
    with pytest.raises(UsageError, match="needs a video"):
        Document("t", ())
    with pytest.raises(UsageError, match="there is no video 3, expected 1 to 1"):
        Document("t", (VIDEO,)).only(2)
    with pytest.raises(UsageError, match="-1 frames a second"):
        Document("t", (VIDEO,)).at_rate(-1)


@pytest.mark.parametrize("fps", [None, "25", float("inf"), 0, -3, True])
def test_a_frame_rate_that_is_none_counts_as_unknown(fps):
    """A memory may say anything of its source; only a number above 0 is a rate."""
    details = {} if fps == float("inf") else {"fps": fps}
    (video,) = Video.of([MemorySource("film.mp4", duration_seconds=5.0, details=details)])
    assert video == Video("film.mp4", 5.0, None)


def test_json_is_plain():
    """What to_json gives can be written as JSON and says all."""
    document = Document("t", (VIDEO,), (Marker(1, 2, "a", 0.5, "q"),), (Remark("r", "l"),), ("n",), "ads", "q", "nano")
    read = json.loads(json.dumps(document.to_json(), allow_nan=False))
    assert read["markers"] == [
        {"start_seconds": 1.0, "stop_seconds": 2.0, "text": "a", "score": 0.5, "label": "q", "source": 0}
    ]
    assert (read["recipe"], read["query"], read["model"], read["notes"]) == ("ads", "q", "nano", ["n"])
