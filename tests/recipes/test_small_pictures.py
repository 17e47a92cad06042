"""The captioned pictures of `small` are true, repeatable, and examples that a run can read."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from videoxl.errors import UsageError
from videoxl.training.data.dataset import open_examples

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "recipes" / "small" / "pictures.py"))


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> list[str]:
    """Options that name one picture and one still."""
    folder = tmp_path_factory.mktemp("given")
    for part, name, mode in (("pictures", "otter", "RGBA"), ("footage", "wall", "RGB")):
        (folder / part).mkdir()
        Image.new(mode, (40, 30), "#c06020").save(folder / part / f"{name}.png")
    return ["--pictures-folder", str(folder / "pictures"), "--footage-folder", str(folder / "footage")]


def test_captions_say_what_is_shown(given, tmp_path):
    """Each line is an example with a picture beside it, and its answer names the thing in a sentence."""
    SCRIPT["main"]([str(tmp_path), "--number", "6", *given])
    source = open_examples(tmp_path / "pictures.jsonl")
    assert len(source) == 6
    for number in range(6):
        question, answer = source[number].messages
        assert "an otter" in answer.parts[0].text.lower()
        assert answer.parts[0].text.endswith(".")
        assert np.asarray(Image.open(tmp_path / question.parts[0].path)).std() > 1
        assert question.parts[1].text in SCRIPT["ASKED"]


def test_the_same_seed_gives_the_same_pictures(given, tmp_path):
    """Bytes follow from the seed."""
    for name, seed in (("one", "4"), ("two", "4"), ("other", "5")):
        SCRIPT["main"]([str(tmp_path / name), "--number", "2", "--seed", seed, *given])
    files = [sorted((tmp_path / name).iterdir()) for name in ("one", "two", "other")]
    contents = [[path.read_bytes() for path in each] for each in files]
    assert contents[0] == contents[1] != contents[2]


def test_things_have_their_article():
    """A vowel takes "an", several things take none."""
    assert [SCRIPT["named"](name) for name in ("otter", "drum", "scissors", "glass")] == [
        "an otter", "a drum", "scissors", "a glass",
    ]  # fmt: skip


def test_no_pictures_is_refused(tmp_path):
    """A number below one is said, and nothing is written."""
    with pytest.raises(UsageError, match="--number is 0"):
        SCRIPT["main"]([str(tmp_path / "out"), "--number", "0"])
    assert not (tmp_path / "out").exists()
