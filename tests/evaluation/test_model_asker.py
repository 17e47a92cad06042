"""The header of a run says all that decides the answers, also what no memory depends on."""

from videoxl.engine import VideoXL
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.run_settings import RunSettings


def test_how_a_model_reads_is_part_of_its_settings(make_model, processor):
    """Weights that read a memory twice, or take its inventory, give other answers: theirs is another run."""
    excerpt = {"intervals": 4, "weight": 0.5}
    inventory = {
        "next_id": 3, "after_id": 4, "before_id": 5, "question": "what ?", "nothing": "nothing", "certainty": 0.5,
        "numbers": ["none"],
    }  # fmt: skip
    ways = [{}, {"excerpt": excerpt}, {"inventory": inventory}, {"excerpt": excerpt, "inventory": inventory}]
    vxls = [VideoXL(make_model(evidence_background=False, **way), processor, name="tiny") for way in ways]
    assert len({vxl.fingerprint for vxl in vxls}) == 1
    settings = [ModelAsker(vxl, RunSettings()).settings() for vxl in vxls]
    plain = settings[0]
    assert settings == [plain | way for way in ways]
    assert not {"excerpt", "inventory"} & plain.keys()


def test_who_does_not_watch_reads_no_memory(make_model, processor):
    """Asked blind, it does not matter how a memory would be read."""
    vxl = VideoXL(
        make_model(evidence_background=False, excerpt={"intervals": 4, "weight": 0.5}), processor, name="tiny"
    )
    assert "excerpt" not in ModelAsker(vxl, RunSettings(blind=True)).settings()
