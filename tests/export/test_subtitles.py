"""SRT and WebVTT, read back by parsers that know nothing of the writers, and by FFmpeg's."""

import html
import io
import itertools
import re

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from videoxl.errors import UsageError
from videoxl.export import FORMATS, Document, Marker, Video

SRT_TIME = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})")
VTT_TIME = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")


def milliseconds(match):
    """Both times of a cue."""
    numbers = list(map(int, match.groups()))
    return tuple(((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (numbers[:4], numbers[4:]))


def read_srt(text):
    """Cues of a strict reader: numbered from 1, a time line, lines of text, one empty line between."""
    cues = []
    for number, block in enumerate(text.rstrip("\n").split("\n\n") if text else [], start=1):
        index, times, *lines = block.split("\n")
        assert index == str(number)
        match = SRT_TIME.fullmatch(times)
        assert match
        assert lines
        assert all(lines)
        assert not [line for line in lines if "-->" in line]
        cues.append((*milliseconds(match), lines))
    return cues


def read_vtt(text):
    """Cues and comments of a strict reader of the WebVTT grammar."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert re.fullmatch(r"WEBVTT(?: [^\n]*)?", head)
    assert "-->" not in head
    cues, comments = [], []
    for block in blocks:
        lines = block.split("\n")
        if lines[0] == "NOTE":
            assert "-->" not in block
            comments.append(html.unescape("\n".join(lines[1:])))
            continue
        match = VTT_TIME.fullmatch(lines[1])
        assert match
        assert lines[0].isdecimal()
        payload = lines[2:]
        assert payload
        assert all(payload)
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", "\n".join(payload))
        cues.append((*milliseconds(match), [html.unescape(line) for line in payload]))
    return cues, comments


def read_by_ffmpeg(text, kind):
    """Start and duration of every cue as FFmpeg finds them, with its text."""
    with av.open(io.BytesIO(text.encode()), format=kind) as container:
        packets = [packet for packet in container.demux(subtitles=0) if packet.size]
        scale = [float(packet.time_base) * 1000 for packet in packets]
        return [
            (round(packet.pts * each), round((packet.pts + packet.duration) * each), bytes(packet).decode())
            for packet, each in zip(packets, scale, strict=True)
        ]


def shown_at(document, instant):
    """Lines that a document shows at a millisecond."""
    return {
        line
        for marker in document.markers
        if round(marker.start_seconds * 1000)
        <= instant
        < max(round(marker.start_seconds * 1000) + 1, round(marker.stop_seconds * 1000))
        for line in [marker.label, *filter(None, marker.text.split("\n"))] + ["(no words)"] * (not marker.text)
        if line
    }


def softened(line):
    """A line as SRT can hold it."""
    return line.translate(str.maketrans("<>{}", "\u2039\u203a()"))


@given(st.data())
def test_srt_shows_what_the_document_says(drawn, data):
    """Cues are numbered, rise, never overlap, and at each moment show the lines of the markers there."""
    document = data.draw(drawn.documents())
    cues = read_srt(FORMATS["srt"].render(document))
    for before, after in itertools.pairwise(cues):
        assert before[1] <= after[0]
    for start, stop, lines in cues:
        assert start < stop
        for instant in (start, stop - 1):
            assert set(lines) == {softened(line) for line in shown_at(document, instant)}
    covered = sum(stop - start for start, stop, _ in cues)
    edges = sorted({edge for marker in document.markers for edge in edges_of(marker)})
    expected = sum(b - a for a, b in itertools.pairwise(edges) if shown_at(document, a))
    assert covered == expected


def edges_of(marker):
    """First millisecond, and the one after the last."""
    start = round(marker.start_seconds * 1000)
    return start, max(start + 1, round(marker.stop_seconds * 1000))


@given(st.data())
def test_vtt_gives_every_marker_a_cue(drawn, data):
    """Every marker has its cue with its very words, sorted by start; remarks are comments."""
    document = data.draw(drawn.documents())
    cues, comments = read_vtt(FORMATS["vtt"].render(document))
    words = [
        (*edges_of(marker), [line for line in [marker.label, *(marker.text or "(no words)").split("\n")] if line])
        for marker in document.markers
    ]
    assert sorted(cues) == sorted(words)
    assert [start for start, _, _ in cues] == sorted(start for start, _, _ in cues)
    assert len(comments) == len(document.remarks)


@given(st.data())
@example(data=None)
def test_ffmpeg_reads_the_same_cues(drawn, data):
    """FFmpeg's demuxers find the cues of our own readers, at the same times."""
    if data is None:
        document = Document("t", (Video("f", 400_000.0),), (Marker(360_000.25, 360_001.5, "after a hundred hours"),))
    else:
        document = data.draw(drawn.documents())
    srt, vtt = FORMATS["srt"].render(document), FORMATS["vtt"].render(document)
    if document.markers:
        ours = [(start, stop) for start, stop, _ in read_srt(srt)]
        assert [(start, stop) for start, stop, _ in read_by_ffmpeg(srt, "srt")] == ours
        ours = {(start, stop) for start, stop, _ in read_vtt(vtt)[0]}  # FFmpeg drops what is twice the same
        assert {(start, stop) for start, stop, _ in read_by_ffmpeg(vtt, "webvtt")} == ours


def test_srt_looks_as_it_should(make_document):
    """Two moments that overlap make three cues."""
    text = FORMATS["srt"].render(make_document((0, 8, "a drum"), (4, 12.5, "<b>a --> b</b>")))
    assert text == (
        "1\n00:00:00,000 --> 00:00:04,000\na drum\n\n"
        "2\n00:00:04,000 --> 00:00:08,000\na drum\n\u2039b\u203aa --\u203a b\u2039/b\u203a\n\n"
        "3\n00:00:08,000 --> 00:00:12,500\n\u2039b\u203aa --\u203a b\u2039/b\u203a\n"
    )


def test_vtt_looks_as_it_should(make_document):
    """Signs that mean something are escaped."""
    text = FORMATS["vtt"].render(make_document((0, 8, "a & b\n\n<c>")))
    assert text == "WEBVTT - film.mp4: chapters\n\n1\n00:00:00.000 --> 00:00:08.000\na &amp; b\n&lt;c&gt;\n"


@pytest.mark.parametrize("name", ["srt", "vtt", "edl"])
def test_formats_of_one_video_refuse_several(name):
    """Which video a cue belongs to cannot be said, so it is refused, with the way out."""
    document = Document("t", (Video("a.mp4", 5, 25), Video("b.mp4", 5, 25)))
    with pytest.raises(UsageError, match=f"{name} is about one video and this memory holds 2"):
        FORMATS[name].render(document)


@pytest.mark.parametrize("name", ["srt", "edl"])
def test_what_has_no_time_is_said_to_be_left_out(name, drawn):
    """A format of moments alone says how many texts it has no place for."""
    document = Document.from_answers([], videos=(Video("a.mp4"),), title="t")
    assert FORMATS[name].left_out(document) is None
    from videoxl.export import Remark

    said = Document("t", (Video("a.mp4"),), remarks=(Remark("no"),))
    assert "1 text without a moment" in FORMATS[name].left_out(said)
    assert FORMATS["vtt"].left_out(said) is None
