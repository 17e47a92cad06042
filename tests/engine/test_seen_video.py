"""What was seen once is watched as often as wanted, as if it had been watched each time."""

import pytest
import torch

from videoxl.engine import VideoXL
from videoxl.engine.keeper import VSTKeeper
from videoxl.errors import MemoryMismatchError, UsageError


class LastInterval(VSTKeeper):
    """A keeper that remembers what it was given last."""

    def keep(self, model, cache, visual_BND, segment):
        self.visual_BND = visual_BND
        super().keep(model, cache, visual_BND, segment)


def same(memory, other) -> bool:
    rows = torch.equal(memory.keys, other.keys) and torch.equal(memory.values, other.values)
    return rows and memory.segments == other.segments and memory.about == other.about


@pytest.mark.parametrize("planner", ["fixed", "dynamic"])
@pytest.mark.parametrize("ratio", [1, 4, 16])
def test_a_seen_video_gives_the_memory_of_the_video(vxl, make_film, ratio, planner):
    """At every ratio and with every planner, memories are equal to the bit, and say the same of their source."""
    path = make_film(35)
    options = {"fps": 1, "ratio": ratio, "planner": planner, "interval_frames": 6}
    assert same(vxl.watch(vxl.see(path, fps=1), **options), vxl.watch(path, **options))


def test_a_seen_video_is_not_read_again(vxl, make_film, monkeypatch):
    """After `see`, nothing is decoded and no tower runs, whatever keeps the rows."""
    seen, path = vxl.see(make_film(20), fps=1), make_film(20)
    expected, keeper = LastInterval(), LastInterval()
    vxl.watch(path, fps=1, ratio=8, keeper=expected)

    def fail(*args, **options):
        raise AssertionError("it was seen already")

    monkeypatch.setattr(type(vxl.model.model), "get_frame_features", fail)
    monkeypatch.setattr(seen, "_video", None)
    monkeypatch.setattr(seen, "fingerprint", lambda: "f" * 64)
    for ratio in (2, 8):
        vxl.watch(seen, fps=1, ratio=ratio, keeper=keeper)
    assert torch.equal(keeper.visual_BND, expected.visual_BND)


@pytest.mark.parametrize("stop_at", [7, 16, 33])
def test_an_interrupted_watching_goes_on_with_what_was_seen(vxl, make_film, tmp_path, stop_at):
    """A memory begun from the video is gone on with from what was seen of it, with the rows of an uninterrupted one."""
    path, options = make_film(35), {"fps": 1, "ratio": 4, "interval_frames": 5}

    def stop(progress):
        if progress.num_frames >= stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vxl.watch(path, out=tmp_path / "film.vxl", progress=stop, **options)
    memory = vxl.watch(vxl.see(path, fps=1), out=tmp_path / "film.vxl", **options)
    whole = vxl.watch(path, **options)
    assert torch.equal(memory.keys, whole.keys)
    assert torch.equal(memory.values, whole.values)


def test_a_seen_video_is_appended_as_the_video_is(vxl, make_film):
    """Seen or not, it may stand behind another video."""
    memories = [vxl.watch(make_film(9), fps=1, ratio=4) for _ in range(2)]
    vxl.append(memories[0], make_film(12), fps=1, ratio=4)
    vxl.append(memories[1], vxl.see(make_film(12), fps=1), fps=1, ratio=4)
    assert same(*memories)


def test_other_moments_are_refused(vxl, make_film):
    """What was seen at other moments than are to be watched cannot stand for them."""
    seen = vxl.see(make_film(20), fps=1)
    with pytest.raises(UsageError, match=r"20 moments that are not the 40"):
        vxl.watch(seen, fps=2)


def test_the_eyes_of_another_model_are_refused(vxl, make_film, make_model, processor):
    """Visual tokens belong to the weights that made them."""
    other = VideoXL(make_model(seed=1), processor, name="other")
    with pytest.raises(MemoryMismatchError, match="seen by another model"):
        vxl.watch(other.see(make_film(9), fps=1), fps=1)


def test_seeing_tells_how_far_it_is_and_how_much_it_holds(vxl, make_film):
    """Progress goes to the last frame; bytes are those of visual tokens and embeddings."""
    heard = []
    seen = vxl.see(make_film(20), fps=1, progress=heard.append)
    assert (heard[-1].num_frames, heard[-1].total_frames) == (20, 20)
    config = vxl.model.config
    width = config.text_config.hidden_size * config.tokens_per_frame + config.vision_config.hidden_size
    assert seen.nbytes == 20 * width * 4
