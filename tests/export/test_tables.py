"""CSV, JSON and Markdown, read back by csv, json and a CommonMark parser."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from videoxl.export import FORMATS, Document, Marker, Remark, Video


@given(st.data())
def test_csv_reads_back(drawn, data):
    """Every marker and remark is a row with its times and texts."""
    document = data.draw(drawn.documents(num_videos=2))
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].render(document), newline=""), strict=True))
    assert len(rows) == len(document.markers) + len(document.remarks)
    for row, marker in zip(rows, document.markers, strict=False):
        assert float(row["start_seconds"]) == pytest.approx(marker.start_seconds, abs=5e-4)
        assert float(row["stop_seconds"]) == pytest.approx(marker.stop_seconds, abs=5e-4)
        assert row["text"] in (marker.text, f"'{marker.text}")
        assert row["label"] in (marker.label, f"'{marker.label}")
        assert row["score"] == "" or float(row["score"]) == pytest.approx(marker.score, abs=5e-5)
    for row, remark in zip(rows[len(document.markers) :], document.remarks, strict=True):
        assert (row["start_seconds"], row["text"]) in (("", remark.text), ("", f"'{remark.text}"))


@given(st.data())
def test_no_cell_is_a_formula(drawn, data):
    """No cell begins with a sign that a spreadsheet takes for a formula, however it is disguised."""
    document = data.draw(drawn.documents())
    for row in csv.reader(io.StringIO(FORMATS["csv"].render(document), newline="")):
        for cell in row:
            assert not re.match(r"[=+\-@|%\uff1d\uff0b\uff0d\uff20\t\r\n]", cell)
            assert not re.match(r"[\s\u200b\u200e\u200f\ufeff]*[=+\-@|%]", cell)


def test_csv_cells_that_begin_with_a_sign_are_texts():
    """An apostrophe in front makes a text of what would be a formula, and nothing else gets one."""
    document = Document("t", (Video("=1+1"),), (Marker(0, 1, "=cmd|' /C calc'!A0"), Marker(2, 3, "a drum")))
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].render(document), newline="")))
    assert [(row["video"], row["text"]) for row in rows] == [("'=1+1", "'=cmd|' /C calc'!A0"), ("'=1+1", "a drum")]


@given(st.data())
def test_json_holds_everything(drawn, data):
    """The document can be made again from its JSON."""
    document = data.draw(drawn.documents(num_videos=2))
    read = json.loads(FORMATS["json"].render(document).encode().decode())
    assert (read.pop("format"), read.pop("version")) == ("videoxl-moments", 1)
    again = Document(
        **{
            **read,
            "videos": tuple(Video(**video) for video in read["videos"]),
            "markers": tuple(Marker(**marker) for marker in read["markers"]),
            "remarks": tuple(Remark(**remark) for remark in read["remarks"]),
            "notes": tuple(read["notes"]),
        }
    )
    assert again == document


def inline_texts(markdown):
    """The text of every heading, item and paragraph as a reader sees it; nothing but text and emphasis may be there."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    texts = []
    for token in parser.parse(markdown):
        assert token.type in {
            "heading_open", "heading_close", "bullet_list_open", "bullet_list_close", "list_item_open",
            "list_item_close", "paragraph_open", "paragraph_close", "inline",
        }, token.type  # fmt: skip
        for child in token.children or ():
            assert child.type in {"text", "text_special", "strong_open", "strong_close", "em_open", "em_close"}, (
                child.type
            )
        if token.type == "inline":
            texts.append("".join(child.content for child in token.children))
    return texts


@given(st.data())
def test_markdown_shows_every_text_as_it_is(drawn, data):
    """A CommonMark reader finds the texts again, one item each, and no HTML, link, picture, code or table."""
    document = data.draw(drawn.documents())
    texts = inline_texts(FORMATS["md"].render(document))
    shown = [" ".join((marker.text or "(no words)").split()) for marker in document.markers]
    shown += [" ".join((remark.text or "(no words)").split()) for remark in document.remarks]
    title, *items = [text for text in texts if text != "No moments."]
    assert title == document.title
    for text, item in zip(shown, items, strict=False):
        assert text in item
    assert len(items) == len(shown) + len(document.notes)


@pytest.mark.parametrize(
    "text", ["- item", "+ item", "1. one", "2) two", "---", "===", "[x]: http://evil", "***", "a*", "*a", "`", "_"]
)
def test_a_text_begins_nothing(text):
    """At the beginning of an item, as a label or as a text, nothing becomes a list, a rule or a definition."""
    document = Document("t", (Video("v"),), remarks=(Remark(text, text), Remark(text)), notes=(text,))
    assert inline_texts(FORMATS["md"].render(document)) == ["t", "No moments.", f"{text} {text}", text, f"{text}."]


def test_markdown_looks_as_it_should(make_document):
    """A list of moments under the title; a point has one time."""
    text = FORMATS["md"].render(make_document((0, 8, "a *drum*"), (9, 9, "x")))
    assert text == "# film.mp4: chapters\n\n- **00:00:00 to 00:00:08** a \\*drum\\*\n- **00:00:09** x\n"


def test_markdown_of_several_videos_names_them():
    """Each video has its heading, and says where it has no moments."""
    videos = (Video("a.mp4"), Video("b.mp4"))
    text = FORMATS["md"].render(
        Document("t", videos, (Marker(1, 2, "x", 0.5, "q", source=1),), (Remark("r", "l"),), ("n",))
    )
    assert text == (
        "# t\n\n## a.mp4\n\nNo moments.\n\n"
        "## b.mp4\n\n- **00:00:01 to 00:00:02** *q* **x** (0.50)\n\n- *l* **r**\n\n*n.*\n"
    )
