"""Films from the command line: the same again from the same seed, of one's own things, with what is asked of them."""

import json

import pytest
from PIL import Image

from videoxl.synth.facts import FilmFacts

SMALL = ("--seconds", "6", "--fps", "5", "--pictures", "1")


def test_films_come_with_their_facts(videoxl, tmp_path):
    """Each film has its facts beside it, --json names both, and another run with the same seed gives the same bytes."""
    first = videoxl("synth", "films", "one", *SMALL, "-n", "2", "--json")
    again = videoxl("synth", "films", "two", *SMALL, "-n", "2")
    assert (first.code, again.code) == (0, 0)
    for film in json.loads(first.out):
        facts = FilmFacts.open(film["facts"])
        assert facts.seconds == 6
        assert film["shown"] == [[n.name, n.start_seconds, n.stop_seconds] for n in facts.needles]
    assert again.out.splitlines() == ["two/film-0-000.mp4", "two/film-0-001.mp4"]
    one, two = (sorted((tmp_path / folder).iterdir()) for folder in ("one", "two"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in two]


def test_questions_change_no_film(videoxl, tmp_path):
    """--questions writes examples that training reads beside the very same film."""
    from videoxl.training.data.dataset import open_examples

    videoxl("synth", "films", "bare", *SMALL)
    assert videoxl("synth", "films", "asked", *SMALL, "--questions").code == 0
    assert (tmp_path / "bare/film-0-000.mp4").read_bytes() == (tmp_path / "asked/film-0-000.mp4").read_bytes()
    (example,) = open_examples(tmp_path / "asked/questions.jsonl")
    assert example.apart
    shown = FilmFacts.open(tmp_path / "bare/film-0-000.json").needles[0].name
    assert shown in {message.text for message in example.messages}


def test_films_are_made_of_ones_own_things(videoxl, tmp_path):
    """With folders of pictures and footage, films show those and nothing that comes with the package."""
    for folder, name in (("pictures", "zebra"), ("footage", "still")):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (32, 24), "red").save(tmp_path / folder / f"{name}.png")
    (tmp_path / "footage/still.txt").write_text("A wall", encoding="utf-8")
    folders = ("--pictures-folder", "pictures", "--footage-folder", "footage")
    assert videoxl("synth", "films", "out", *SMALL, *folders, "--most-showings", "2", "--noise", "5").code == 0
    facts = FilmFacts.open(tmp_path / "out/film-0-000.json")
    assert {needle.name for needle in facts.needles} == {"zebra"}
    sources = {shot.source: shot.label for shot in facts.shots if not shot.source.startswith("procedural")}
    assert sources == {"still": "wall"}
    assert any(shot.noise for shot in facts.shots)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--kinds", "insert,ghost"), "ghost"),
        (("--noise", "-1"), "--noise"),
        (("--number", "0"), "--number"),
        (("--seconds", "0"), "--seconds"),
        (("--most-showings", "0"), "showings"),
        (("--split", "dev"), "dev"),
        (("--pictures", "9"), "do not fit"),
        (("--pictures-folder", "nowhere"), "nowhere"),
        (("--footage-folder", "nowhere"), "nowhere"),
    ],
)
def test_films_that_cannot_be_made_are_refused(videoxl, tmp_path, arguments, said):
    """One sentence says what is wrong, and no file is left behind."""
    result = videoxl("synth", "films", "out", *SMALL, *arguments)
    assert result.code in (1, 2)
    (complaint,) = result.complaints
    assert said in complaint
    assert not (tmp_path / "out").exists()
