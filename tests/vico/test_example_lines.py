"""The file that training reads."""

import json

import pytest

from videoxl.errors import UsageError, VideoXLError
from videoxl.vico import RuleWriter, VicoBuilder, VicoConfig, find_films, write_vico
from videoxl.vico.part import BadFilm
from videoxl.vico.true_captions import FactsCaptioner


@pytest.fixture(scope="module")
def parts(films):
    return list(
        VicoBuilder(FactsCaptioner(), RuleWriter(), config=VicoConfig(num_questions=6)).parts(find_films(films))
    )


def test_training_reads_what_was_written(parts, films):
    """Each line is an example of one film and several questions apart, whose media is found beside the file."""
    from videoxl.training.data.dataset import open_examples

    out = films / "vico.jsonl"
    report = write_vico(out, parts, overwrite=True)
    examples = open_examples(out)
    assert len(examples) == report.num_examples == 2
    for part, example in zip(parts, (examples[index] for index in range(2)), strict=True):
        assert (example.id, example.apart, example.num_questions) == (part.id, True, 6)
        (video,) = example.media
        assert (films / video.path).samefile(part.film.path)
        told = [message.text for message in example.messages]
        assert told[0::2] == [question.text for question in part.questions]
        assert told[1::2] == [question.answer for question in part.questions]


def test_a_part_of_a_film_says_which(films, tmp_path):
    """The example of a stretch holds its start and stop, and a path that leads to the film from where the file is."""
    film = find_films(films)[0]
    parts = VicoBuilder(FactsCaptioner(), RuleWriter(), config=VicoConfig(part_seconds=42.0)).parts([film])
    write_vico(tmp_path / "vico.jsonl", parts)
    line = json.loads((tmp_path / "vico.jsonl").read_text().splitlines()[0])
    video = line["messages"][0]["content"][0]
    assert (video["start"], video["stop"]) in ((0.0, 42.0), (42.0, 70.0))
    assert (tmp_path / video["path"]).resolve() == film.path.resolve()


def test_the_review_holds_what_examples_were_made_of(parts, tmp_path):
    """Captions, events and the clues of every question lie beside the file, under a name that is no data's."""
    write_vico(tmp_path / "vico.jsonl", parts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vico.jsonl", "vico.jsonl.review"]
    for part, line in zip(parts, (tmp_path / "vico.jsonl.review").read_text().splitlines(), strict=True):
        review = json.loads(line)
        assert [event["text"] for event in review["events"]] == [event.text for event in part.events]
        assert all(len(question["clues"]) >= 2 for question in review["questions"])


def test_an_interrupted_run_leaves_no_file(parts, tmp_path):
    """The file appears whole or not at all, and one that was there stays as it was."""
    out = tmp_path / "vico.jsonl"

    def interrupted():
        yield parts[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_vico(out, interrupted())
    assert list(tmp_path.iterdir()) == []
    out.write_text("mine")
    with pytest.raises(KeyboardInterrupt):
        write_vico(out, interrupted(), overwrite=True)
    assert out.read_text() == "mine"


def test_nothing_is_written_over_unasked(parts, tmp_path):
    """A file that is there is refused, and a folder that is not."""
    (tmp_path / "vico.jsonl").write_text("mine")
    for out in (tmp_path / "vico.jsonl", tmp_path, tmp_path / "no" / "vico.jsonl"):
        with pytest.raises(UsageError):
            write_vico(out, parts)
    assert (tmp_path / "vico.jsonl").read_text() == "mine"


def test_films_without_questions_are_no_file(tmp_path):
    """Where nothing could be written the error says why, and an empty file is not left behind."""
    with pytest.raises(VideoXLError, match="a: too dark"):
        write_vico(tmp_path / "vico.jsonl", [BadFilm("a", "too dark")])
    assert list(tmp_path.iterdir()) == []


def test_the_report_adds_up(parts, tmp_path):
    """Films, clips, events, questions and bad films are counted as they come."""
    report = write_vico(tmp_path / "vico.jsonl", [*parts, BadFilm("a", "too dark")])
    assert (report.num_films, report.num_parts, report.num_clips, report.num_events) == (2, 2, 10, 12)
    assert (report.num_questions, sum(report.kinds.values()), len(report.bad_films)) == (12, 12, 1)
    assert json.loads(json.dumps(report.to_json()))["bad_films"] == [{"name": "a", "reason": "too dark"}]
