"""Entries: added, found, listed, renamed, asked about."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from videoxl.errors import EntryNotFoundError, MemoryFormatError, UsageError
from videoxl.library.label import MOST_CHARACTERS, plain_label
from videoxl.memory.folder import MANIFEST_NAME

from .conftest import SECONDS, settings

ANSWER = {
    "question": "what ?",
    "text": "a cat",
    "evidence": [{"start_seconds": 1.0, "stop_seconds": 2.0, "score": 0.9}],
}


def test_the_same_is_added_once(library, add, tmp_path):
    """Same bytes, settings and model are one entry, wherever the file lies; any other of them is another."""
    first = add("film.mp4")
    (tmp_path / "copy.mp4").write_bytes(b"film.mp4")
    again = add("copy.mp4")
    assert again.id == first.id
    assert again.source_path == str(tmp_path / "copy.mp4")
    others = [add("other.mp4"), add(settings=settings(8)), add(model="0" * 64), add(settings=settings(end_seconds=9.0))]
    assert len({first.id, *(other.id for other in others)}) == 5
    assert len(library.entries()) == 5


def test_an_entry_is_found_by_the_beginning_of_its_id(library, add):
    """Four digits or more that begin one id find it; none, several, and anything else are refused in a sentence."""
    entries = [add(f"{number}.mp4") for number in range(3)]
    assert library.entry(entries[0].id) == library.entry(entries[0].id[:12]) == entries[0]
    for wrong in ("", "abc", "no id", "../../etc", "%%%%", "____", entries[0].id + "0", "\0" * 8):
        with pytest.raises(EntryNotFoundError, match="hex digits"):
            library.entry(wrong)
    with pytest.raises(EntryNotFoundError, match="has no memory"):
        library.entry("0" * 32)


def test_two_that_begin_alike_are_told_apart(library, add, monkeypatch):
    """Digits that begin two ids name neither."""
    from videoxl.library import addition

    for last in "ab":
        monkeypatch.setattr(addition, "address", lambda last=last, **given: "0" * 31 + last)
        add(f"{last}.mp4")
    with pytest.raises(EntryNotFoundError, match="more than one"):
        library.entry("0000")
    assert library.entry("0" * 31 + "b").title == "b"


def test_entries_are_listed_newest_first_and_page_by_page(library, add, clock):
    """Pages of any size, one after the other, hold every entry once, whether or not times are equal."""
    for number in range(7):
        add(f"{number}.mp4")
        clock.pass_by(number % 2)
    whole = library.entries()
    assert [entry.created_at for entry in whole] == sorted((entry.created_at for entry in whole), reverse=True)
    pages, after = [], None
    while page := library.entries(limit=2, after=after):
        pages += page
        after = page[-1].id
    assert pages == whole


def test_entries_are_filtered_by_state_and_text(library, add):
    """Text is looked for in titles and file names, literally; a state that there is not is refused."""
    add("100%.mp4", title="A Walk")
    add("1000.mp4")
    assert [entry.title for entry in library.entries(text="100%")] == ["A Walk"]
    assert [entry.title for entry in library.entries(text="walk", state="queued")] == ["A Walk"]
    assert library.entries(state="ready") == []
    with pytest.raises(UsageError, match="expected one of queued"):
        library.entries(state="lost")


def test_a_title_is_one_line_that_can_be_seen(library, add):
    """Names of strangers reach neither a terminal's control codes nor a second line; an empty one is no title."""
    entry = add("film.mp4", title="a\x1b[31m\nred \u202eeltit")
    assert entry.title == "a[31m red eltit"
    assert library.rename(entry.id, "  new  ").title == "new"
    assert library.rename(entry.id, "\x00\u200b").title == "film.mp4"


@example("0 \x00 0")
@given(st.text())
def test_labels_can_be_printed(text):
    """Any text becomes a label that is not empty, not long, and of visible characters and spaces."""
    label = plain_label(text, otherwise="video")
    assert 0 < len(label) <= MOST_CHARACTERS
    assert label.isprintable()
    assert plain_label(label, otherwise="x") == label


def test_what_was_asked_is_remembered_with_its_entry(library, add, clock):
    """Questions come back in order with their answers, and asking counts as use."""
    entry = add()
    clock.pass_by(5)
    noted = [library.note_answer(entry.id, {**ANSWER, "question": text}) for text in ("one", "two")]
    assert library.questions(entry.id) == noted
    assert noted[0].answer["text"] == "a cat"
    after = library.entry(entry.id)
    assert (after.num_questions, after.asked_at, after.used_at) == (2, clock(), clock())


def test_old_questions_make_room(library, add, monkeypatch):
    """Of one memory so many questions are kept, the newest."""
    from videoxl.library import questions

    monkeypatch.setattr(questions, "MOST_QUESTIONS", 3)
    entry = add()
    for number in range(5):
        library.note_answer(entry.id, {**ANSWER, "question": str(number)})
    assert [question.text for question in library.questions(entry.id)] == ["2", "3", "4"]


def test_another_memory_of_an_entry_has_another_version(library, add, watch, make_film):
    """Whoever keeps a memory open sees by its version whether it is still the one on disk."""
    assert library.version(add().id) is None
    entry = watch(make_film(25))
    version = library.version(entry.id)
    assert version is not None
    with library.reading(entry.id) as path:
        manifest = path / MANIFEST_NAME
        manifest.write_bytes(manifest.read_bytes() + b" ")
    assert library.version(entry.id) != version


def test_nothing_is_read_before_there_is_something(library, add):
    """Opening an entry that waits says so, and leaves nothing behind."""
    entry = add()
    with pytest.raises(MemoryFormatError, match="queued"), library.reading(entry.id):
        pass
    assert library.thumbnail(entry.id, 0) is None


def test_a_failed_entry_is_tried_again_when_it_is_added_again(library, add):
    """Adding what failed puts it back into the queue; so does asking for it again."""
    entry = add()
    library.lease("worker", SECONDS).fail("no reason")
    assert (library.entry(entry.id).state, library.entry(entry.id).why) == ("failed", "no reason")
    assert library.lease("worker", SECONDS) is None
    assert (add().state, add().why) == ("queued", "")
    library.lease("worker", SECONDS).fail("no reason")
    assert library.again(entry.id).state == "queued"
    assert library.lease("worker", SECONDS).entry.id == entry.id
