"""Subtitle files: both kinds, what is on screen when, and files that are damaged."""

import pytest

from videoxl.errors import AnnotationError
from videoxl.evaluation.subtitles import SubtitleLine, read_json_subtitles, read_srt, shown_at

SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i>\r\nthere\r\n\r\n"
    "2\r\n01:00:00,000 --> 01:00:01,000\r\n{\\an8}Late\r\n"
)


def test_srt_is_read_without_its_markup(tmp_path):
    """Times become seconds, lines of one block one line, and markup goes; so with either end of line."""
    expected = [SubtitleLine(1.0, 2.5, "Hello there"), SubtitleLine(3600.0, 3601.0, "Late")]
    for text in (SRT, SRT.replace("\r\n", "\n"), "\ufeff" + SRT, "\n\n" + SRT + "\n\n"):
        path = tmp_path / "film.srt"
        path.write_bytes(text.encode())
        assert read_srt(path) == expected


def test_a_line_is_shown_from_its_start_until_its_end():
    """A frame at the start of a line shows it, one at its end does not; lines keep their order."""
    lines = [SubtitleLine(1, 2, "a"), SubtitleLine(2, 3, "b")]
    assert shown_at(lines, [1.0]) == ["a"]
    assert shown_at(lines, [2.0]) == ["b"]
    assert shown_at(lines, [2.5, 1.5]) == ["a", "b"]
    assert shown_at(lines, [0.5, 3.0]) == []


def test_a_line_that_repeats_is_shown_once():
    """Captions that roll, the same words in a row, are said once; the same words later are said again."""
    lines = [SubtitleLine(0, 1, "a"), SubtitleLine(1, 2, "a"), SubtitleLine(2, 3, "b"), SubtitleLine(3, 4, "a")]
    assert shown_at(lines, [0.5, 1.5, 2.5, 3.5]) == ["a", "b", "a"]


@pytest.mark.parametrize("content", ["{", "[1]", '[{"text": "no time"}]', '[{"start": "x", "end": "y", "line": "z"}]'])
def test_damaged_subtitles_are_named(tmp_path, content):
    """A file that does not read as subtitles is refused with its name."""
    path = tmp_path / "film_en.json"
    path.write_text(content)
    with pytest.raises(AnnotationError, match=r"film_en\.json does not read as subtitles"):
        read_json_subtitles(path, starting_seconds=0, duration_seconds=10)
