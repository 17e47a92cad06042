"""The model in lmms-eval: requests in, answers out, one memory for all questions on a film."""

import logging
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from videoxl import load
from videoxl.errors import MissingDependencyError, UsageError, VideoError, VideoNotFoundError
from videoxl.integrations.lmms_eval.manifest import manifest

from ..test_imports import HEAVY, modules_after

WORDS = ("cat", "dog", "film", "second")
QUESTIONS = [f"what appears {word} ?" for word in WORDS]


def texts(results):
    return [result.text for result in results]


def test_the_entry_point_names_the_class(harness):
    """What pyproject.toml declares is a function that gives lmms-eval a manifest of a chat model that is there."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    module, name = project["entry-points"]["lmms_eval.models"]["videoxl"].split(":")
    declared = getattr(import_module(module), name)()
    assert declared == manifest()
    assert (declared.model_id, declared.simple_class_path) == ("videoxl", None)
    module, name = declared.chat_class_path.rsplit(".", 1)
    from lmms_eval.api.model import lmms

    kind = getattr(import_module(module), name)
    assert issubclass(kind, lmms)
    assert kind.is_simple is False


def test_the_entry_point_is_light():
    """Lmms-eval loads every entry point when it starts: ours brings no heavy library."""
    assert not set(HEAVY) & set(modules_after("import videoxl.integrations.lmms_eval.manifest"))


def test_without_lmms_eval_the_class_says_how_to_get_it(harness, monkeypatch):
    """Where lmms-eval is not installed, importing the class is one sentence with the install line."""
    monkeypatch.setitem(sys.modules, "lmms_eval", None)
    with pytest.raises(MissingDependencyError, match=r"`pip install lmms-eval`\.$") as caught:
        import_module("videoxl.integrations.lmms_eval.model")
    assert "\n" not in str(caught.value)


def test_each_film_is_watched_once_and_answers_keep_their_order(ask, films, watched, model_folder):
    """However requests are mixed, a film is watched once, and each answer is that of asking its question alone."""
    rows = [([films[place % 3]], QUESTIONS[place % 4]) for place in range(8)]
    results = ask(rows)
    assert watched == ["film-0.mp4", "film-1.mp4", "film-2.mp4"]
    vxl = load(model_folder, device="cpu")
    alone = [vxl.ask(vxl.watch(path), question, max_new_tokens=4) for (path,), question in rows]
    assert texts(results) == [answer.text for answer in alone]
    assert [result.token_counts.output_tokens for result in results] == [each.usage.answer_tokens for each in alone]
    assert len(set(texts(results))) > 1


def test_one_memory_is_held_at_a_time(ask, make_plugged, films, monkeypatch):
    """Before a film is watched the memory of the one before it is let go."""
    import weakref

    model, memories = make_plugged(), []
    watch = model.vxl.watch

    def noted(source, **options):
        assert all(memory() is None for memory in memories)
        memory = watch(source, **options)
        memories.append(weakref.ref(memory))
        return memory

    monkeypatch.setattr(model.vxl, "watch", noted)
    ask([([film], QUESTIONS[0]) for film in films], model=model)
    assert len(memories) == 3


def test_parts_of_a_film_and_several_films_have_memories_of_their_own(ask, films, watched, model_folder):
    """A part is watched from its start to its end, and films of one request are watched one behind the other."""
    first, second = films[:2]
    part = {"type": "video", "url": first, "start_time": 2, "end_time": 5}
    in_url = {"type": "video", "url": {"type": "video", "path": first, "video_start": 2, "video_end": 5}}
    shown = [[part], [first, second], [in_url], [f"file://{first}"], []]
    results = ask([(each, QUESTIONS[0]) for each in shown])
    assert watched == ["film-0.mp4", "film-0.mp4", "+film-1.mp4", "film-0.mp4"], "the two ways to say a part are one"
    vxl = load(model_folder, device="cpu")
    both = vxl.watch(first)
    vxl.append(both, second)
    expected = [vxl.watch(first, start_seconds=2, end_seconds=5), both]
    expected += [expected[0], vxl.watch(first), None]
    assert texts(results) == [vxl.ask(memory, QUESTIONS[0], max_new_tokens=4).text for memory in expected]


def test_a_film_without_a_file_can_be_watched(ask, watched, films):
    """A video of a message may be anything that can be watched, and the same object is watched once."""
    from videoxl.video import open_video

    film = open_video(films[0])
    results = ask([([shown], QUESTIONS[0]) for shown in (film, films[0], film)])
    assert watched == ["film-0.mp4", "film-0.mp4"]
    assert len(set(texts(results))) == 1


def test_how_an_answer_is_made_is_as_asked(ask, films, caplog):
    """The number of tokens, the words that end an answer and the temperature are taken; others are said once."""
    rows = [([films[0]], question) for question in QUESTIONS]
    long = ask(rows, max_new_tokens=8, until=[])
    assert [each.token_counts.output_tokens for each in long] == [8] * 4
    end = long[0].text.split()[3]
    cut = ask(rows, max_new_tokens=8, until=end)
    assert texts(cut) == [each.text.split(end)[0] for each in long]
    drawn = ask(rows, max_new_tokens=8, until=[], temperature=2.0)
    assert texts(drawn) != texts(long)
    assert texts(drawn) == texts(ask(rows, max_new_tokens=8, until=[], temperature=2.0))
    assert texts(ask(rows, max_new_tokens=8, until=[], temperature=2.0, do_sample=False)) == texts(long)
    assert not caplog.records
    ask(rows, top_k=5, top_p=1.0, num_beams=1, repetition_penalty=None)
    (said,) = [record.getMessage() for record in caplog.records]
    assert said == "top_k=5, which questions asks for, is not done by videoxl."


def test_repeats_of_a_request_are_drawn_anew(make_plugged, films):
    """The same request given several times gives other answers with a temperature, and the same in every run."""
    from lmms_eval.api.instance import Instance

    message = [
        {"role": "user", "content": [{"type": "video", "url": films[0]}, {"type": "text", "text": QUESTIONS[0]}]}
    ]
    arguments = ("", lambda row: message, {"max_new_tokens": 6, "temperature": 2.0}, 0, "t", "s")
    model = make_plugged()
    model.task_dict = {"t": {"s": [None]}}
    request = Instance("generate_until", arguments, 0)
    first = texts(model.generate_until([request] * 3))
    assert len(set(first)) == 3
    assert texts(model.generate_until([request] * 3)) == first


@pytest.mark.parametrize("num_left_out", [0, 1])
def test_the_context_may_be_left_out(ask, make_plugged, films, num_left_out):
    """Requests with and without the context string, as source and documentation of lmms-eval have them, are read."""
    model = make_plugged()
    model.task_dict = {"t": {"s": [None]}}
    message = [{"role": "user", "content": [{"type": "text", "text": QUESTIONS[0]}]}]
    arguments = ("context", lambda row: message, {"max_new_tokens": 3}, 0, "t", "s")[num_left_out:]
    assert len(model.generate_until([SimpleNamespace(args=arguments)])) == 1


def test_watching_is_as_the_arguments_say(make_plugged, ask, films, monkeypatch, caplog):
    """Frames, ratio and planner of --model_args reach the watching, and frames that a cap leaves out are said once."""
    model = make_plugged(fps=2, max_frames=5, ratio=2, planner="dynamic", interval_frames=4, batch_size="1")
    seen = []
    watch = model.vxl.watch
    monkeypatch.setattr(model.vxl, "watch", lambda source, **options: seen.append(options) or watch(source, **options))
    ask([([film], QUESTIONS[0]) for film in films], model=model)
    assert seen == 3 * [
        {
            "fps": 2, "num_frames": None, "max_frames": 5, "start_seconds": 0.0, "end_seconds": None, "ratio": 2,
            "planner": "dynamic", "interval_frames": 4,
        }
    ]  # fmt: skip
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("max_frames=5 leaves 5 of 24 frames of ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_frame": 5}, "no argument 'max_frame', did you mean 'max_frames'"),
        ({"ratio": 3}, "ratio 3 is not offered by this model"),
        ({"ratio": "eight"}, "ratio is 'eight', expected a whole number"),
        ({"fps": "one"}, "fps is 'one', expected a number"),
        ({"fps": 1, "num_frames": 5}, "got fps and num_frames together"),
        ({"planner": "clever"}, "planner is 'clever', expected one of fixed, dynamic"),
        ({"bad_videos": "skip"}, "bad_videos is 'skip', expected one of stop, empty"),
        ({"model": "other"}, "which mean the same: give one"),
        ({"device": "nowhere"}, "device 'nowhere' is not there"),
    ],
)
def test_arguments_are_checked_at_the_door(make_plugged, given, said):
    """What --model_args cannot mean is a sentence when the model is made, before any data set is read."""
    with pytest.raises(UsageError, match=said):
        make_plugged(**given)


def test_one_process_watches_every_film(make_plugged, monkeypatch):
    """Under a launcher every process would watch every film: that is refused."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="one process, this is one of 2"):
        make_plugged()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens is 0, expected a whole number, 1 or more"),
        ({"temperature": "warm"}, "temperature is 'warm', expected a number"),
        ({"until": [7]}, "until is .7., expected text or a list of texts"),
    ],
)
def test_impossible_ways_to_answer_are_refused(ask, films, watched, options, said):
    """A generation option that makes no sense is a sentence, before anything is watched."""
    with pytest.raises(UsageError, match=said):
        ask([([films[0]], QUESTIONS[0])], **options)
    assert not watched


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"role": "user", "content": [{"type": "image", "url": "a.png"}]}], "question 0 shows an image"),
        ([{"role": "user", "content": [{"type": "video", "url": 7}]}], "shows a int; expected the path"),
        ([{"role": "user", "content": [{"type": "text", "text": " "}]}], "asks nothing"),
        ([{"role": "assistant", "content": [{"type": "text", "text": "B"}]}], "holds an answer already"),
    ],
)
def test_messages_that_cannot_be_asked_are_refused(ask, messages, said):
    """Pictures, examples and empty questions are refused with the task and the question's number."""
    with pytest.raises(UsageError, match=said):
        ask([messages])


def test_text_before_a_film_is_asked_behind_it_and_said(ask, films, caplog):
    """No text is lost: what stands before the film is asked behind it, and that is said once."""
    before = {"type": "text", "text": "what appears"}
    behind = {"type": "text", "text": "cat ?"}
    rows = [[{"role": "user", "content": [before, {"type": "video", "url": films[0]}, behind]}]] * 2
    results = ask(rows)
    assert texts(results)[0] == ask([([films[0]], "what appears\ncat ?")])[0].text
    assert [record.getMessage() for record in caplog.records] == [
        "questions has text before its video; it is asked behind it."
    ]


def test_missing_films_are_named_before_anything_is_watched(ask, films, watched):
    """A run that could not end does not begin: all missing videos are in one sentence."""
    with pytest.raises(VideoNotFoundError, match=r"2 of the videos .* do not exist: /a\.mp4, /b\.mp4\. Nothing was"):
        ask([([film], QUESTIONS[0]) for film in (films[0], "/a.mp4", "/b.mp4", "/a.mp4")])
    assert not watched


def test_a_broken_film_ends_the_run_or_is_answered_with_nothing(ask, make_plugged, films, tmp_path, caplog):
    """By default the sentence names film and questions; with bad_videos=empty its answers are empty, and counted."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    rows = [([film], QUESTIONS[0]) for film in (films[0], str(broken), "/none.mp4")]
    with pytest.raises(VideoError, match=r"broken\.mp4.* questions \(test\) question 1\. Nothing of this run is kept"):
        ask(rows[:2])
    with caplog.at_level(logging.WARNING):
        results = ask(rows, model=make_plugged(bad_videos="empty"))
    assert texts(results)[0]
    assert texts(results)[1:] == ["", ""]
    assert caplog.records[-1].getMessage().startswith("2 videos could not be watched")


def test_what_is_not_offered_is_refused(make_plugged):
    """Log-likelihoods and several rounds are refused with what to take instead."""
    model = make_plugged()
    for refused in (model.loglikelihood, model.generate_until_multi_round):
        with pytest.raises(UsageError, match="whose output_type is generate_until"):
            refused([])


def test_the_model_is_let_go_and_comes_again(make_plugged, ask, films):
    """After `clean` no model is held; a further question loads it again."""
    model = make_plugged()
    model.clean()
    assert model.was_cleaned
    assert model._vxl is None
    assert len(ask([([films[0]], QUESTIONS[0])], model=model)) == 1
