"""The header of a run says all that decides the answers, also what no memory depends on."""

from videoxl.engine import VideoXL
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.run_settings import RunSettings

INVENTORY = {
    "next_id": 3, "one_id": 9, "after_id": 4, "before_id": 5, "has_id": 6, "all_id": 10,
    "name_tokens": 1, "answer_tokens": 4, "question": "what ?", "sight_question": "dog ?",
    "nothing": "nothing", "certainty": 0.5, "named_certainty": 0.3, "numbers": ["none"],
}  # fmt: skip


def test_how_a_model_reads_is_part_of_its_settings(make_model, processor):
    """Weights that take a memory's inventory give other answers: theirs is another run."""
    plain, other = (VideoXL(make_model(inventory=way), processor, name="tiny") for way in (None, INVENTORY))
    assert plain.fingerprint == other.fingerprint
    settings = ModelAsker(plain, RunSettings()).settings()
    assert "inventory" not in settings
    assert ModelAsker(other, RunSettings()).settings() == settings | {"inventory": INVENTORY}


def test_who_does_not_watch_reads_no_memory(make_model, processor):
    """Asked blind, it does not matter how a memory would be read."""
    vxl = VideoXL(make_model(inventory=INVENTORY), processor, name="tiny")
    assert "inventory" not in ModelAsker(vxl, RunSettings(blind=True)).settings()
