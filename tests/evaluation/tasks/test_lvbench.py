"""LVBench's file: one line a video, options within the question."""

import pytest

from videoxl.errors import AnnotationError
from videoxl.evaluation.registry import find_task


def question(uid="1", **fields):
    given = {
        "uid": uid, "question": "What year is it?\n(A) 1636\n(B) 1366\n(C) 1363\n(D) 1633", "answer": "D",
        "question_type": ["key information retrieval", "reasoning"], "time_reference": "00:15-01:19",
    }  # fmt: skip
    return {**given, **fields}


def film(*questions, key="Cm73"):
    return {"key": key, "qa": list(questions), "type": "cartoon", "video_info": {"duration_minutes": 30}}


def test_questions_of_a_line_are_items(lay_out):
    """Options leave the question, times become seconds, and all items of a line share its video."""
    folder = lay_out({"video_info.meta.jsonl": [film(question(), question("2"))]}, videos=["videos/Cm73.mp4"])
    first, second = find_task("lvbench").load(folder).items
    assert (first.question, first.options) == ("What year is it?", ("1636", "1366", "1363", "1633"))
    assert (first.answer, first.spans, first.path) == ("D", ((15.0, 79.0),), str(folder / "videos/Cm73.mp4"))
    assert first.video == second.video == "Cm73"


def test_a_question_of_two_types_counts_in_each(lay_out, make_record):
    """Types share questions, so that their counts add up to more than the questions; the overall counts each once."""
    folder = lay_out({"video_info.meta.jsonl": [film(question(), question("2", question_type=["reasoning"]))]})
    items = find_task("lvbench").load(folder).items
    results = find_task("lvbench").score(items, [make_record(items[0], "D"), make_record(items[1], "A")])
    assert results.overall.num == 2
    assert results.score_of("question_type", "reasoning").num == 2
    assert results.score_of("question_type", "key information retrieval").value == 1.0
    assert results.score_of("first_type", "reasoning").num == 1


def test_videos_are_found_as_the_authors_download_them(lay_out):
    """Numbered files are found by the address that the downloader wrote beside them; one that failed is missing."""
    told = {"url": "https://www.youtube.com/watch?v=Cm73", "key": "000000000", "status": "success"}
    annotations = {
        "video_info.meta.jsonl": [film(question()), film(question("2"), key="gone")],
        "videos/00000/000000000.json": told,
        "videos/00000/000000001.json": told | {"url": "https://www.youtube.com/watch?v=gone", "status": "failed"},
    }
    folder = lay_out(annotations, videos=["videos/00000/000000000.mp4"])
    loaded = find_task("lvbench").load(folder)
    assert [each.path for each in loaded.items] == [str(folder / "videos/00000/000000000.mp4"), None]
    assert [each.video for each in loaded.missing] == ["gone"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"answer": "E"}, "the answer 'E' is none of the options ABCD"),
        ({"question": "What year is it?"}, "options are lettered not at all"),
        ({"question": "Q\n(A) x\n(C) y"}, "options are lettered AC"),
        ({"question_type": "reasoning"}, "question_type is 'reasoning', expected a list"),
        ({"uid": None}, "uid is missing"),
    ],
)
def test_bad_questions_are_named_by_line_and_place(lay_out, fields, said):
    """What is wrong with a question is said with its line and its number within it."""
    folder = lay_out({"video_info.meta.jsonl": [film(question()), film(question("2") | fields)]})
    with pytest.raises(AnnotationError, match="row 2, qa 1: ") as caught:
        find_task("lvbench").load(folder)
    assert said in str(caught.value)


def test_a_time_that_is_no_time_says_nothing(lay_out):
    """Where the authors give no clock times there are no spans, and no fault."""
    folder = lay_out({"video_info.meta.jsonl": [film(question(time_reference="full video"))]})
    assert find_task("lvbench").load(folder).items[0].spans == ()
