"""Logs of others: each form that is about is read, and gives the published totals where it is the published one."""

import csv
import json
from pathlib import Path

import pytest

from videoxl.errors import EvaluationError
from videoxl.evaluation.rescoring import score_log

DATA = Path(__file__).parents[1] / "data" / "scoring"
ROWS = [
    {"question_id": "001-1", "duration": "short", "domain": "Sports", "sub_category": "Esports", "task_type": "OCR",
     "answer": "B", "response": "(B)"},
    {"question_id": "001-2", "duration": "short", "domain": "Sports", "sub_category": "Esports", "task_type": "OCR",
     "answer": "C", "response": "A"},
]  # fmt: skip


def written(tmp_path, name, content):
    path = tmp_path / name
    lines = name.endswith(".jsonl")
    path.write_text("\n".join(map(json.dumps, content)) if lines else json.dumps(content))
    return path


def test_the_published_file_is_scored_as_it_is():
    """The 900 published answers, as the file stands, give exactly the published totals."""
    expected = json.loads((DATA / "videomme_short_expected.json").read_text())
    for results in score_log(DATA / "videomme_short_responses.jsonl", task="videomme").by_parser.values():
        assert round(results.overall.percent, 4) == expected["overall_percent"]
        for name, counts in expected["by"].items():
            found = results.score_of(*name.split(":"))
            assert {"correct": found.points, "total": found.num} == counts


def nested(rows):
    shared = {
        "video_id": "001",
        "duration_category": "short",
        "video_category": "Sports",
        "video_subcategory": "Esports",
    }
    own = ("question_id", "task_type", "answer", "response")
    return [shared | {"questions": [{name: row[name] for name in own} for row in rows]}]


def lmms_eval(rows):
    return [
        {"doc_id": n, "doc": {name: row[name] for name in row if name != "response"}, "target": row["answer"],
         "resps": [[row["response"]]], "filtered_resps": [row["response"]],
         "videomme_perception_score": {"question_id": row["question_id"], "category": "Sports", "pred_answer": "x"}}
        for n, row in enumerate(rows)
    ]  # fmt: skip


@pytest.mark.parametrize("form", [list, nested, lmms_eval, lambda rows: {"acc": 0.5, "res_list": rows}])
def test_every_form_gives_the_same_scores(tmp_path, form):
    """Flat rows, questions within their video, samples of a harness and rows under a key are the same answers."""
    flat = score_log(written(tmp_path, "flat.jsonl", ROWS), task="videomme").by_parser["strict"]
    found = score_log(written(tmp_path, "log.json", form(ROWS)), task="videomme").by_parser["strict"]
    assert [(mark.id, mark.points) for mark in found.marks] == [("001-1", 1.0), ("001-2", 0.0)]
    assert found.score_of("domain", "Sports") == flat.score_of("domain", "Sports")


def test_tables_are_read(tmp_path):
    """A TSV with a column of predictions is a log."""
    path = tmp_path / "log.tsv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerows([["index", "prediction", "answer"], ["1", "B.", "B"], ["2", "no", "C"]])
    results = score_log(path, task="lvbench").by_parser["strict"]
    assert (results.overall.points, results.num_unparsed) == (1, 1)


def test_vnbench_logs_are_grouped_by_their_tries(tmp_path):
    """Both forms of VNBench's logs, ids with a try and paths with one, make questions of four tries."""
    by_id = [
        {"question_id": f"v_cnt_edit1_{n}", "pred": "B.", "gt": 1, "type": "cnt_edit1", "try": n} for n in range(4)
    ]
    by_path = [{"video_path": "./VNBench/v_cnt_edit1.mp4", "pred": "B.", "gt": "B", "task_type": "cnt_edit1", "try": n}
               for n in range(4)]  # fmt: skip
    for number, rows in enumerate((by_id, by_path)):
        results = score_log(written(tmp_path, f"{number}.jsonl", rows), task="vnbench").by_parser["official"]
        assert [(mark.id, mark.points) for mark in results.marks] == [("v_cnt_edit1", 1.0)]
        assert results.score_of("type", "cnt_edit1").num == 1


def test_mlvu_rows_tell_their_letter_in_brackets(tmp_path):
    """MLVU's own result file, its right answers as "(A) text", gives the mean over its types."""
    rows = [{"pred": "A) red", "gt": "(A) red", "question_type": "ego"}] * 3
    rows += [{"pred": "A) red", "gt": "(B) blue", "question_type": "order"}]
    for results in score_log(written(tmp_path, "r.json", {"res_list": rows}), task="mlvu-dev").by_parser.values():
        assert results.overall.value == 0.5


def test_a_harness_that_loses_ids_is_read_by_its_own_numbers(tmp_path):
    """lmms-eval's samples of MLVU have the question for an id: two films asked the same are two items still."""
    told = {"question": "How many?", "answer": "B", "task_type": "count"}
    read = {"question_id": "How many?", "task_type": "count", "answer": "B"}
    rows = [
        {"doc_id": number, "doc": told | {"video_name": f"{number}.mp4"}, "filtered_resps": ["B"], "mlvu_score": read}
        for number in range(2)
    ]
    results = score_log(written(tmp_path, "log.json", {"logs": rows}), task="mlvu-dev").by_parser["strict"]
    assert [(mark.id, mark.points) for mark in results.marks] == [("0", 1.0), ("1", 1.0)]
    assert results.score_of("task_type", "count").num == 2


def test_longvideobench_samples_keep_the_number_of_options(tmp_path):
    """Guesses are among the options that a question has, so unused ones are not taken for options."""
    doc = {
        "id": "a",
        "option0": "x",
        "option1": "y",
        "option2": "N/A",
        "option3": "N/A",
        "option4": "N/A",
        "correct_choice": 1,
    }
    row = {"doc_id": 0, "doc": doc, "resps": [["no idea"]], "lvb_acc": {"id": "a", "duration_group": 15, "answer": "B"}}
    rows = [row | {"doc": doc | {"id": str(number)}} for number in range(30)]
    results = score_log(written(tmp_path, "log.jsonl", rows), task="longvideobench").by_parser["official"]
    assert {mark.read for mark in results.marks} == {"A", "B"}
    assert results.score_of("duration_group", "15").num == 30


def test_answers_alone_need_the_annotations(tmp_path):
    """An object of ids to answers is scored with the benchmark's own file; what it does not answer is missing."""
    question = {"uid": "1", "question": "Q\n(A) x\n(B) y", "answer": "B", "question_type": ["reasoning"]}
    folder = tmp_path / "lvbench"
    folder.mkdir()
    film = {"key": "k", "qa": [question, question | {"uid": "2"}]}
    (folder / "video_info.meta.jsonl").write_text(json.dumps(film))
    log = written(tmp_path, "answers.json", {"1": "B"})
    results = score_log(log, task="lvbench", folder=folder).by_parser["strict"]
    assert (results.overall.value, results.num_items, results.num_missing) == (1.0, 2, 1)
    with pytest.raises(EvaluationError, match="right answer None is none of the options"):
        score_log(log, task="lvbench")
    with pytest.raises(EvaluationError, match="id 9: is of no item"):
        score_log(written(tmp_path, "other.json", {"9": "B"}), task="lvbench", folder=folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "has no rows"),
        ([{"question_id": "1", "answer": "B"}], "row 1: has no answer under response"),
        ([{**ROWS[0]}, {**ROWS[0]}], "id 001-1: stands 2 times"),
        ([{**ROWS[0], "answer": "E"}], "'E' is none of the options ABCD"),
        ("text", "does not read as a log"),
    ],
)
def test_what_cannot_be_scored_is_refused_whole(tmp_path, content, said):
    """A log without answers, with an id twice or a right answer that is no option is refused, with all its faults."""
    with pytest.raises(EvaluationError) as caught:
        score_log(written(tmp_path, "log.json", content), task="videomme")
    assert said in str(caught.value)
