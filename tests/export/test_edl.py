"""CMX 3600 lists, read back by a strict parser."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.errors import UsageError
from videoxl.export import FORMATS
from videoxl.export.formats.timecode import Timecode

EVENT = re.compile(r"(\d{3})  (AX      ) V     C        (\S{11}) (\S{11}) (\S{11}) (\S{11})")
RATES = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 50.0, 60000 / 1001, 60.0)


def frame_of(text, *, nominal, drops):
    """The frame that a number stands for, counted back; a number that is dropped stands for none."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)" + (";" if drops else ":") + r"(\d\d)", text)
    assert match, text
    hours, minutes, seconds, frames = map(int, match.groups())
    assert frames < nominal
    dropped = nominal // 15 if drops else 0
    assert not (dropped and minutes % 10 and seconds == 0 and frames < dropped), f"{text} does not exist"
    total = hours * 60 + minutes
    return (total * 60 + seconds) * nominal + frames - dropped * (total - total // 10)


def read_edl(text, *, nominal, drops):
    """Events with their four frames and the lines that belong to them."""
    title, mode, empty, *lines = text.removesuffix("\n").split("\n")
    assert title.startswith("TITLE: ")
    assert mode == ("FCM: DROP FRAME" if drops else "FCM: NON-DROP FRAME")
    assert not empty
    events = []
    for line in lines:
        match = EVENT.fullmatch(line)
        if match:
            assert match[1] == f"{len(events) + 1:03d}"
            events.append(([frame_of(part, nominal=nominal, drops=drops) for part in match.groups()[2:]], []))
        else:
            assert re.match(r"\* (FROM CLIP NAME|COMMENT): ", line), line
            events[-1][1].append(line)
    return events


@given(st.data())
def test_an_edl_reads_back(drawn, data):
    """Source frames are those nearest to the moments, the reel has no gap, and each event has its text."""
    fps = data.draw(st.sampled_from(RATES))
    document = data.draw(drawn.documents(last_seconds=70_000, fps=fps))
    rate = Timecode.of(fps).rate
    drops = fps in (RATES[3], RATES[6])
    events = read_edl(FORMATS["edl"].render(document), nominal=round(fps), drops=drops)
    assert len(events) == len(document.markers)
    record = None
    for ((source_in, source_out, record_in, record_out), lines), marker in zip(events, document.markers, strict=True):
        assert abs(source_in - marker.start_seconds * float(rate)) <= 0.5 + 1e-4
        assert source_out - source_in == record_out - record_in >= 1
        assert abs(source_out - marker.stop_seconds * float(rate)) <= 1.5 + 1e-4
        assert record is None or record_in == record
        record = record_out
        assert lines[0] == f"* FROM CLIP NAME: {document.videos[0].name}"
        said = "".join("".join(line.removeprefix("* COMMENT: ").split()) for line in lines[1:])
        assert said == "".join(f"{marker.label}{marker.text}".split())


def test_an_edl_looks_as_it_should(make_document):
    """Two moments of a PAL film, one after another from an hour on."""
    assert FORMATS["edl"].render(make_document((10, 20.04, "a drum"), (3599, 3600, "end"))) == (
        "TITLE: film.mp4: chapters\nFCM: NON-DROP FRAME\n\n"
        "001  AX       V     C        00:00:10:00 00:00:20:01 01:00:00:00 01:00:10:01\n"
        "* FROM CLIP NAME: film.mp4\n* COMMENT: a drum\n"
        "002  AX       V     C        00:59:59:00 01:00:00:00 01:00:10:01 01:00:11:01\n"
        "* FROM CLIP NAME: film.mp4\n* COMMENT: end\n"
    )


def test_drop_frame_is_said_and_used(make_document):
    """At 29.97 the list says so, and an hour of video ends at one o'clock; at 23.976 it ends 86 frames before."""
    text = FORMATS["edl"].render(make_document((0, 3600, "all"), fps=29.97))
    assert "FCM: DROP FRAME" in text
    assert "00:00:00;00 01:00:00;00 01:00:00;00 02:00:00;00" in text
    text = FORMATS["edl"].render(make_document((0, 3600, "all"), fps=23.976))
    assert "FCM: NON-DROP FRAME" in text
    assert "00:00:00:00 00:59:56:10" in text


def test_a_point_is_one_frame(make_document):
    """A point in the film, and one at its very end, lasts a frame that the film has."""
    events = read_edl(FORMATS["edl"].render(make_document((5, 5, "x"), (3600, 3600, "y"))), nominal=25, drops=False)
    assert [frames[:2] for frames, _ in events] == [[125, 126], [89999, 90000]]


@pytest.mark.parametrize(("fps", "said"), [(None, "not known"), (10.0, "has 10 frames a second")])
def test_a_rate_without_timecode_is_refused(make_document, fps, said):
    """Unknown rates and odd ones are refused with the way out, and taken at the rate of a project."""
    document = make_document((0, 8, "x"), fps=fps)
    with pytest.raises(UsageError, match=rf"{said}.*--fps"):
        FORMATS["edl"].render(document)
    assert "00:00:08:00" in FORMATS["edl"].render(document.at_rate(24.0))


def test_beyond_a_day_is_refused(make_document):
    """A moment behind 24 hours has no timecode; a reel that would end there begins at 0."""
    late = make_document((90_000, 90_010, "x"), seconds=100_000.0)
    with pytest.raises(UsageError, match=r"timecode ends at 24 hours and this goes on to 25\.0"):
        FORMATS["edl"].render(late)
    long = make_document((0, 86_000, "x"), seconds=86_000.0)
    assert "00:00:00:00 23:53:20:00 00:00:00:00 23:53:20:00" in FORMATS["edl"].render(long)


def test_more_events_than_numbers_are_refused(make_document):
    """Three digits number 999 events."""
    FORMATS["edl"].render(make_document(*[(second, second + 1, "x") for second in range(999)]))
    with pytest.raises(UsageError, match="numbers 999 events and there are 1000"):
        FORMATS["edl"].render(make_document(*[(second, second + 1, "x") for second in range(1000)]))
