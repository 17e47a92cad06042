"""A model card says what the run says, and that what nobody measured is not known."""

import json

import yaml

from videoxl.training.card import CardFacts, DataFacts, card_text, read_log

FACTS = CardFacts(
    name="my-model",
    begun_from="videoxl/base",
    recipe={"seed": 3, "data": ({"path": "mine.jsonl"},)},
    data=[DataFacts("mine.jsonl", 1234, weight=0.5, licence="CC-BY-4.0")],
    num_trained={"vst": 4096},
    version="0.2.0",
    commit="abc",
    licence="apache-2.0",
    num_bad_examples=7,
    not_trained_for=["Speech."],
)


def written(tmp_path, *lines: dict):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read_log(path)


def test_a_card_is_written_from_the_log(tmp_path):
    """First and last loss of every ratio, the last of each measurement, steps and hours come from the log."""
    run = written(
        tmp_path,
        {"step": 10, "loss": 4.0, "loss.ratio_2": 3.5, "learning_rate": 1e-5, "seconds": 60.0},
        {"step": 10, "needle.said": 0.25, "seconds": 61.0},
        {"step": 20, "loss": 2.0, "loss.ratio_2": 1.5, "loss.ratio_8": 2.5, "learning_rate": 0.0, "seconds": 7200.0},
        {"step": 20, "needle.said": 0.75, "seconds": 7200.0},
    )
    text = card_text(FACTS, run)
    assert "20 steps in 2.0 hours" in text
    assert "| loss | 4.0000 | 2.0000 |" in text
    assert "| loss.ratio_2 | 3.5000 | 1.5000 |" in text
    assert "| loss.ratio_8 | 2.5000 | 2.5000 |" in text
    assert "| needle.said | 0.75 |" in text
    assert "| mine.jsonl | 1,234 | 0.5 | CC-BY-4.0 |" in text
    assert "7 bad examples were left out" in text
    assert "- Speech." in text
    front = yaml.safe_load(text.split("---")[1])
    assert front["base_model"] == "videoxl/base"
    assert front["license"] == "apache-2.0"
    assert yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])["data"] == [{"path": "mine.jsonl"}]


def test_what_was_not_measured_is_said(tmp_path):
    """A run without evaluation has a card that says that nobody knows how well it answers."""
    run = written(tmp_path, {"step": 1, "loss": 4.0, "learning_rate": 1e-5, "seconds": 1.0})
    assert "how well it answers is not known" in card_text(FACTS, run)
