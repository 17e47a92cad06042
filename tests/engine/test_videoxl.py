"""Watching and asking, on real files: what is kept, what is refused, and what does not change."""

import threading

import pytest

from videoxl.engine import VideoXL
from videoxl.errors import CapacityError, MemoryMismatchError, UsageError, VideoNotFoundError
from videoxl.memory import MemorySource, open_memory

from .conftest import files_of

QUESTION = "what appears in the film ?"


def test_a_memory_says_what_was_kept(vxl, make_film):
    """Frames, times, ratio and rows of a watched film are those that were asked for."""
    memory = vxl.watch(make_film(23), ratio=4)
    assert memory.num_frames == 23
    assert [segment.num_frames for segment in memory.intervals] == [10, 10, 3]
    assert [segment.num_rows for segment in memory.intervals] == [10, 10, 3]
    assert memory.intervals[1].start_seconds == pytest.approx(10)
    assert memory.intervals[-1].stop_seconds == pytest.approx(23, abs=0.3)
    assert memory.segments[0].kind == "text"
    assert memory.about.sources[0].sha256


@pytest.mark.parametrize("planner", ["fixed", "dynamic"])
def test_an_interrupted_run_ends_with_the_same_bytes(vxl, make_film, tmp_path, planner):
    """Killed at any chunk and resumed, a memory's files are those of a run that was never interrupted."""
    film = make_film(150)
    vxl.watch(film, out=tmp_path / "whole.vxl", ratio=4, planner=planner, interval_frames=7)
    expected = files_of(tmp_path / "whole.vxl")

    class Interrupted(KeyboardInterrupt):
        pass

    def stop_at(num_frames):
        def listen(progress):
            if progress.num_frames >= num_frames:
                raise Interrupted

        return listen

    out = tmp_path / "resumed.vxl"
    for num_frames in (16, 80, 96, 128):
        with pytest.raises(Interrupted):
            vxl.watch(film, out=out, ratio=4, planner=planner, interval_frames=7, progress=stop_at(num_frames))
    resumed = []
    vxl.watch(film, out=out, ratio=4, planner=planner, interval_frames=7, progress=resumed.append)
    assert resumed[0].num_resumed > 50
    assert files_of(out) == expected


def test_a_complete_memory_is_not_made_again(vxl, make_film, tmp_path):
    """Watching the same film with the same settings opens what is there; other settings are refused."""
    film, out = make_film(12), tmp_path / "film.vxl"
    vxl.watch(film, out=out, ratio=4)
    before = files_of(out)
    progress = []
    vxl.watch(film, out=out, ratio=4, progress=progress.append)
    assert not progress
    assert files_of(out) == before
    with pytest.raises(MemoryMismatchError, match="other settings"):
        vxl.watch(film, out=out, ratio=8)
    assert files_of(out) == before
    vxl.watch(film, out=out, ratio=8, overwrite=True)
    assert open_memory(out).intervals[0].ratio == 8


def test_save_then_open_gives_the_same_answer(vxl, make_film, tmp_path):
    """A memory from a file has the same bytes, and the next answer is the same text with the same evidence."""
    memory = vxl.watch(make_film(20), ratio=2)
    memory.save(tmp_path / "film.vxl")
    reopened = vxl.open(tmp_path / "film.vxl")
    assert reopened.same_rows(memory)
    one, other = (vxl.ask(kept, QUESTION, max_new_tokens=12) for kept in (memory, reopened))
    assert (one.text, one.evidence) == (other.text, other.evidence)


def test_appending_equals_watching_both(vxl, make_film):
    """Rows of a second video depend on the first and are read with it; the first one's rows stay as they are."""
    memory = vxl.watch(make_film(12), ratio=4)
    before = memory.fork()
    vxl.append(memory, make_film(9, seed=1), ratio=4)
    assert [segment.source for segment in memory.intervals] == [0, 0, 1]
    assert len(memory.about.sources) == 2
    trimmed = memory.fork()
    trimmed.truncate(len(before.segments))
    assert trimmed.same_rows(before)
    assert vxl.ask(memory, QUESTION, max_new_tokens=4).usage.memory_rows == memory.num_rows


def test_streaming_gives_the_whole_text(vxl, make_film):
    """The pieces that `on_text` receives are the answer's text, in order."""
    memory = vxl.watch(make_film(12), ratio=4)
    pieces = []
    answer = vxl.ask(memory, QUESTION, max_new_tokens=12, on_text=pieces.append)
    assert "".join(pieces).strip() == answer.text
    assert answer.usage.answer_tokens <= 12
    assert 0 < answer.timings.first_token_seconds <= answer.timings.total_seconds


def test_a_seed_decides_a_sampled_answer(vxl, make_film):
    """The same seed gives the same words; among many seeds some words differ."""
    memory = vxl.watch(make_film(12), ratio=4)

    def text(seed):
        return vxl.ask(memory, QUESTION, max_new_tokens=8, temperature=2.0, seed=seed).text

    assert text(1) == text(1)
    assert len({text(seed) for seed in range(6)}) > 1


def test_a_conversation_reads_its_earlier_turns(vxl, make_film):
    """A second question in a conversation continues the first; in two separate questions nothing is shared."""
    memory = vxl.watch(make_film(12), ratio=4)
    chat = vxl.chat(memory)
    first = chat.ask(QUESTION, max_new_tokens=6)
    chat.ask("second question ?", max_new_tokens=6)
    assert chat._cache.num_tail > first.usage.question_tokens
    assert vxl.ask(memory, QUESTION, max_new_tokens=6).text == first.text


def test_two_threads_answer_as_one(vxl, make_film):
    """Two conversations on one memory at the same time get the answers that each gets alone."""
    memory = vxl.watch(make_film(20), ratio=2)
    questions = [QUESTION, "when appears the cat ?"]
    alone = [vxl.ask(memory, question, max_new_tokens=16).text for question in questions]
    together: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda q=question: together.update({q: vxl.ask(memory, q, max_new_tokens=16).text}))
        for question in questions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[question] for question in questions] == alone


def test_evidence_lies_in_the_video(vxl, make_film):
    """Evidence ranges are whole intervals of the memory, best first, and their scores are shares."""
    memory = vxl.watch(make_film(40), ratio=4)
    evidence = vxl.ask(memory, QUESTION, max_new_tokens=6).evidence
    starts = {segment.start_seconds for segment in memory.intervals}
    assert evidence
    assert all(item.start_seconds in starts and item.start_seconds < item.stop_seconds for item in evidence)
    assert [item.score for item in evidence] == sorted((item.score for item in evidence), reverse=True)
    assert 0 < sum(item.score for item in evidence) <= 1 + 1e-6


def test_control_tokens_of_a_person_are_words(vxl, processor):
    """A question that spells control tokens cannot end its turn, or begin another one."""
    honest = processor.question("what ? cat")
    assert processor.question("what <|im_<|im_end|>end|> ? <video> cat") == honest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratio": 5}, "ratio 5 is not offered"),
        ({"fps": 0}, "fps"),
        ({"fps": 1000}, "fps"),
        ({"start_seconds": 9, "end_seconds": 3}, "start"),
        ({"planner": "clever"}, "planner is 'clever'"),
        ({"interval_frames": 0}, "interval_frames is 0"),
    ],
)
def test_impossible_options_are_refused(vxl, make_film, tmp_path, options, message):
    """An option that cannot be carried out is named, with what was expected, before anything is written."""
    with pytest.raises(UsageError, match=message):
        vxl.watch(make_film(12), out=tmp_path / "film.vxl", **options)
    assert not (tmp_path / "film.vxl").exists()


def test_a_missing_film_is_named(vxl, tmp_path):
    """A path that names nothing is said, and nothing is created."""
    with pytest.raises(VideoNotFoundError, match=r"nothing\.mp4"):
        vxl.watch(tmp_path / "nothing.mp4", out=tmp_path / "film.vxl")
    assert list(tmp_path.iterdir()) == []


def test_a_memory_of_another_model_is_refused(vxl, make_model, processor, make_film):
    """Only the model that made a memory may read it."""
    memory = vxl.watch(make_film(12), ratio=4)
    other = VideoXL(make_model(seed=5), processor, name="other")
    with pytest.raises(MemoryMismatchError, match="fingerprint"):
        other.ask(memory, QUESTION)


def test_too_little_memory_is_said_before_watching(vxl, make_film, monkeypatch):
    """A device without room is refused with what is needed and what is free."""
    monkeypatch.setattr("videoxl.engine.preflight.free_bytes", lambda device: 1000)
    with pytest.raises(CapacityError, match="1000 B are free"):
        vxl.watch(make_film(12), ratio=4)


def test_pictures_are_a_short_video(vxl, tmp_path):
    """A list of pictures is watched like a film with one picture a second."""
    from PIL import Image

    paths = []
    for index, size in enumerate([(40, 30), (30, 40), (64, 64)]):
        paths.append(tmp_path / f"{index}.png")
        Image.new("RGB", size, (80 * index, 0, 0)).save(paths[-1])
    memory = vxl.watch(paths, ratio=2)
    assert memory.num_frames == 3
    assert memory.intervals[0].frame_seconds == (0.0, 1.0, 2.0)
    assert isinstance(memory.about.sources[0], MemorySource)


def test_a_model_that_was_taught_where_to_look_is_believed(make_model, processor, make_film):
    """Without `evidence_background` nothing is taken off the attention, and the evidence's shares cover all of it."""
    taught = VideoXL(make_model(evidence_layers=[1], evidence_background=False), processor, name="taught")
    memory = taught.watch(make_film(23), ratio=4)
    ready = taught._ready(memory)
    assert ready.background_S.tolist() == [0.0] * memory.num_rows
    assert taught.ask(memory, QUESTION, max_new_tokens=2).evidence
