"""Our benchmarks as tasks of lmms-eval: what their YAMLs name is there, and scores are those of `videoxl evaluate`."""

import importlib.util
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from PIL import Image

from videoxl.errors import AnnotationError
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.rescoring import score_log
from videoxl.integrations.lmms_eval import TASKS_FOLDER
from videoxl.video import open_video
from videoxl.video.writer import FilmWriter

TASKS = ("vnbench", "vniah")
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255,) * 3, "black": (0, 0, 0)}


class HarnessLoader(yaml.SafeLoader):
    """Reads `!function file.name` as lmms-eval does: from the file beside the YAML, executed anew."""


def _function(loader, node):
    module, name = loader.construct_scalar(node).split(".")
    spec = importlib.util.spec_from_file_location(module, TASKS_FOLDER / f"{module}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)


HarnessLoader.add_constructor("!function", _function)


def config_of(task):
    return yaml.load((TASKS_FOLDER / f"{task}.yaml").read_text(), Loader=HarnessLoader)


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Makes the rows of a task whose data lie where lmms-eval keeps videos; options replace those beside the YAML."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(Dataset=SimpleNamespace(from_list=list)))

    def make(task, **options):
        config = config_of(task)
        source = json.loads((TASKS_FOLDER / config["dataset_kwargs"]["data_files"]["test"]).read_text())
        return config["process_docs"]([{**source, "options": json.dumps(options) if options else source["options"]}])

    return make


@pytest.fixture
def vnbench(tmp_path):
    """Two questions, of which one orders and one counts, and their films."""
    folder, tries = tmp_path / "vnbench", []
    (folder / "VNBench_new").mkdir(parents=True)
    for video, kind in (("v1", "cnt_edit1"), ("v2", "ord_insert1")):
        (folder / "VNBench_new" / f"{video}.mp4").touch()
        tries += [
            {"video": f"./VNBench/{video}.mp4", "question": "How many?", "options": order, "gt": 3, "try": number,
             "type": kind, "needle_time": [[1, 2]]}
            for number, order in enumerate(([1, 2, 3, 4], [2, 3, 4, 1], [3, 4, 1, 2], [4, 1, 2, 3]))
        ]  # fmt: skip
    (folder / "VNBench-main-4try.json").write_text(json.dumps(tries))
    return folder


@pytest.fixture
def vniah(tmp_path):
    """Five pictures of one colour, and a grey haystack of eight seconds."""
    folder = tmp_path / "vniah"
    folder.mkdir()
    needles = [{"path": f"{name}.png", "prompt": f"what appears {name} ?", "answer": name} for name in COLOURS]
    (folder / "needles.json").write_text(json.dumps(needles))
    for name, colour in COLOURS.items():
        Image.new("RGB", (40, 40), colour).save(folder / f"{name}.png")
    with FilmWriter(folder / "haystack.mp4", width=64, height=48, fps=2) as writer:
        for _ in range(16):
            writer.write(np.full((48, 64, 3), 128, np.uint8))
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_what_lmms_eval_reads(task):
    """A YAML names its task, a data file beside it, functions that are there, and an aggregation for each metric."""
    config = config_of(task)
    assert config["task"] == task
    assert (config["dataset_path"], config["output_type"]) == ("json", "generate_until")
    assert (TASKS_FOLDER / config["dataset_kwargs"]["data_files"][config["test_split"]]).is_file()
    assert all(callable(config[name]) for name in ("process_docs", "doc_to_visual", "doc_to_text", "doc_to_target"))
    assert all(callable(metric["aggregation"]) for metric in config["metric_list"])
    assert config["generation_kwargs"]["max_new_tokens"] == find_task(task).max_new_tokens


def test_vnbench_asks_and_scores_as_we_do(rows, vnbench):
    """Every try is a row with our wording; the numbers are ours, by both parsers and for each ability."""
    config, docs = config_of("vnbench"), rows("vnbench")
    task = find_task("vnbench")
    items = task.load(vnbench).items
    assert [config["doc_to_text"](doc) for doc in docs] == [task.prompt(item) for item in items]
    assert [config["doc_to_visual"](doc) for doc in docs] == [[item.path] for item in items]
    assert [config["doc_to_target"](doc) for doc in docs] == [item.answer for item in items]
    raw = [f"ANSWER: {item.answer}" for item in items]
    raw[-1] = "none of them"
    collected = {}
    for doc, text in zip(docs, raw, strict=True):
        for metric, value in config["process_results"](doc, [text]).items():
            collected.setdefault(metric, []).append(value)
    found = {each["metric"]: each["aggregation"](collected[each["metric"]]) for each in config["metric_list"]
             if each["metric"] in collected}  # fmt: skip
    assert found == {"vnbench": 0.5, "vnbench_counting": 1.0, "vnbench_ordering": 0.0, "vnbench_official": 0.0}
    assert set(collected) == set(found), "every number that is given is in the YAML's list"


def test_missing_videos_stop_a_task_before_it_begins(rows, vnbench):
    """Videos that are not there are named with their questions counted, and no row is made."""
    (vnbench / "VNBench_new" / "v2.mp4").unlink()
    with pytest.raises(AnnotationError, match=r"1 videos of 4 questions are missing, nothing was loaded: .*v2\.mp4"):
        rows("vnbench")


@pytest.mark.parametrize(
    ("raw", "is_right"),
    [
        ("red", 1.0),
        (" red.", 1.0),
        ("red, I think", 1.0),
        ("reddish", 0.0),
        ("Red", 0.0),
        ("a red one", 0.0),
        ("", 0.0),
    ],
)
def test_vniah_counts_answers_that_begin_with_the_right_one(rows, vniah, raw, is_right):
    """What a greedy model says begins with the answer where each of its tokens was the first choice."""
    config, docs = config_of("vniah"), rows("vniah", frames=[6], depths=1)
    marked = config["process_results"](docs[0], [raw])["vniah"]
    assert config["metric_list"][0]["aggregation"]([marked]) == is_right


def write_samples(path, config, docs, raw):
    """A samples file as lmms-eval 0.7.3 writes one: no rows of the data set, what was scored beside each answer."""
    samples = [
        {"doc_id": number, "target": config["doc_to_target"](doc), "filtered_resps": text, "doc_hash": "0",
         "token_counts": [{"output_tokens": 1}], **config["process_results"](doc, [text]),
         "input": config["doc_to_text"](doc)}
        for number, (doc, text) in enumerate(zip(docs, raw, strict=True))
    ]  # fmt: skip
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    return path


def test_samples_of_vnbench_are_scored_again(rows, vnbench, tmp_path):
    """The samples file alone gives the numbers of lmms-eval, by type too, and names no file of where it was asked."""
    config, docs = config_of("vnbench"), rows("vnbench")
    raw = [f"ANSWER: {doc['answer']}" for doc in docs]
    raw[-1] = "none of them"
    scored = score_log(write_samples(tmp_path / "samples.jsonl", config, docs, raw), task="vnbench")
    strict, official = scored.by_parser["strict"], scored.by_parser["official"]
    assert (strict.overall.value, official.overall.value) == (0.5, 0.0)
    assert [strict.score_of("ability", name).value for name in ("counting", "ordering")] == [1.0, 0.0]
    assert (strict.num_items, strict.num_unparsed) == (8, 1)
    assert [item.id for item in scored.items] == [doc["id"] for doc in docs]
    assert {item.path for item in scored.items} == {None}


def test_samples_of_vniah_are_scored_again(rows, vniah, tmp_path):
    """What was counted as a hit is in the samples file, and the same cells are right."""
    config, docs = config_of("vniah"), rows("vniah", frames=[6], depths=1)
    raw = [doc["answer"] for doc in docs[:2]] + ["a red one"] * (len(docs) - 2)
    results = score_log(write_samples(tmp_path / "samples.jsonl", config, docs, raw), task="vniah").by_parser["strict"]
    assert (results.overall.points, results.overall.num) == (2, len(docs))
    assert results.score_of("needle", "red").value == 1.0


def test_vniah_shows_the_same_film_with_and_without_a_file(rows, vniah):
    """For other models the film is in a file of one frame a second, written once, the needle at its place."""
    config, doc = config_of("vniah"), rows("vniah", frames=[6], depths=3)[5]
    kwargs = config["lmms_eval_specific_kwargs"]
    (shown,) = config["doc_to_visual"](doc, kwargs["videoxl"])
    (path,) = config["doc_to_visual"](doc, kwargs["default"])
    assert config["doc_to_visual"](doc, kwargs["default"]) == [path]
    assert [each.name for each in vniah.glob("*/*")] == [path.rsplit("/")[-1]]
    films = [
        [frame for batch in open_video(source).read(np.arange(7.0)) for frame in batch.frames_FCHW]
        for source in (shown["url"], path)
    ]
    assert [len(frames) for frames in films] == [7, 7]
    for number, frame in enumerate(films[1]):
        assert frame.shape == (3, 48, 64)
        middle = films[0][number][:, 20, 20]
        assert np.abs(frame[:, 24, 32].astype(int) - middle).max() < 12, "but for the coding, it is the same picture"
    assert films[0][3][0, 0, 0] == 255, "the red needle stands before frame 3 of 6"
    assert films[1][3][:, 24, 2].max() < 12, "a needle of other proportions is shown whole, on black"


def test_vniah_goes_through_the_plugin(rows, vniah, ask):
    """Films without files are watched by our model as they are handed over."""
    config, docs = config_of("vniah"), rows("vniah", frames=[6], depths=1)
    shown = [config["doc_to_visual"](doc, config["lmms_eval_specific_kwargs"]["videoxl"]) for doc in docs]
    results = ask([(films, config["doc_to_text"](doc)) for films, doc in zip(shown, docs, strict=True)])
    marked = [config["process_results"](doc, [each.text])["vniah"] for doc, each in zip(docs, results, strict=True)]
    assert 0 <= config["metric_list"][0]["aggregation"](marked) <= 1
