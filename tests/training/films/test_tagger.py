"""The tagger learns to say what frames show, and goes on where it stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from videoxl.errors import UsageError, VideoNotFoundError
from videoxl.synth.footage import FootageSet
from videoxl.synth.splits import split_generator
from videoxl.training.films.composites import KINDS, Artist, FrameShares, is_held_out
from videoxl.training.films.run import FilmRun
from videoxl.training.films.tagger import TaggedFrames, TaggerConfig, tag
from videoxl.training.films.tagger_training import HeldOutFrames

SIDE = 64
CONFIG = TaggerConfig(num_steps=4, fresh_frames=4, old_batches=1, window=2, warmup_steps=1)


@pytest.fixture
def film_run(recipe, tmp_path):
    """A run of the smallest recipe, begun from values of chance."""
    sizes = replace(recipe.model, image_size=SIDE, spatial_pool_stride=1, projector_hidden_size=24)
    small = replace(recipe, model=sizes, tower=None)

    def begin(folder: str, **tagger) -> FilmRun:
        changed = replace(small, tagger=replace(CONFIG, **tagger))
        return FilmRun(changed, tmp_path, tmp_path / folder, workers=0)

    return begin


def test_a_frame_follows_from_its_split_and_number() -> None:
    """The same number gives the same frame; another split gives another one."""
    one, again, other = (Artist(split, side=SIDE).draw(5, FrameShares()) for split in ("train", "train", "test"))
    assert (one.pixels_HW3 == again.pixels_HW3).all()
    assert one.kind == again.kind
    assert one.pixels_HW3.shape == (SIDE, SIDE, 3)
    assert (one.pixels_HW3 != other.pixels_HW3).any()


@pytest.mark.parametrize("kind", KINDS)
def test_only_named_pictures_have_a_label(kind) -> None:
    """An insert and an edit are labelled by their name, everything else by the number behind the last name."""
    artist = Artist("validation", side=SIDE)
    frame = artist.draw_kind(kind, 7, split_generator("validation", 1))
    assert frame.label == (7 if kind in ("insert", "edit") else len(artist.names))


def test_missing_media_are_named(tmp_path) -> None:
    """A folder of media that is not there is a sentence, not a run without negatives."""
    with pytest.raises(VideoNotFoundError, match="nowhere is not a folder"):
        Artist("train", side=SIDE, media=tmp_path / "nowhere")


def test_held_out_media_are_drawn_for_the_decoder_only(tmp_path) -> None:
    """Scenes of the share that is held out are never drawn for the tagger; with them, the decoder gets all."""
    for folder in ("scenes", "strangers/train"):
        (tmp_path / folder).mkdir(parents=True)
    shades = {f"grey-{shade}": shade for shade in range(0, 200, 10)}
    for name, shade in shades.items():
        Image.new("RGB", (64, 36), (shade,) * 3).save(tmp_path / "scenes" / f"{name}.webp", lossless=True)
    kept = {shade for name, shade in shades.items() if is_held_out(name, 0.4)}
    assert 0 < len(kept) < len(shades)

    def seen(**options: bool) -> set[int]:
        artist = Artist("train", side=SIDE, media=tmp_path, held_out=0.4, **options)
        return {int(scene[0, 0, 0]) for scene in artist._scenes}

    assert seen() == set(shades.values()) - kept
    assert seen(draws_held_out=True) == set(shades.values())


def test_clips_of_one_source_are_held_out_together() -> None:
    """Of footage, whole sources are held out: no part of one is learned from while another part is kept."""
    footage = FootageSet.builtin("train").names
    drawn = {clip.name for clip in Artist("train", side=SIDE, held_out=0.4)._clips}
    for source in {name.partition("-")[0] for name in footage}:
        parts = {name for name in footage if name.partition("-")[0] == source}
        assert parts <= drawn or not parts & drawn


def test_things_of_the_wrong_number_are_refused(film_run, tmp_path) -> None:
    """A file of words that does not fit the classifier is refused with both numbers."""
    (tmp_path / "things.txt").write_text("one\ntwo\n")
    run = film_run("a")
    with pytest.raises(UsageError, match="has 2 lines, expected 1000"):
        _ = FilmRun(replace(run.recipe, things="things.txt"), tmp_path, tmp_path / "b").things


def test_the_front_and_the_end_are_the_tower(film_run) -> None:
    """The two parts of the tower, one after the other, give what the whole gives."""
    frozen = film_run("a").frozen
    pixels = torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8)
    whole = frozen.tower(((pixels.float() - 127.0) / 128.0).permute(0, 3, 1, 2)).last_hidden_state
    assert torch.allclose(frozen(frozen.front(pixels)), whole, atol=1e-5)


def test_learning_lowers_the_loss(film_run) -> None:
    """Steps on one batch make the tagger better at it."""
    run = film_run("a", num_steps=100, warmup_steps=10, projector_rate=3e-4, tower_rate=3e-5)
    training, artist = run.tagging, run.artist
    drawn = [artist.draw_kind("insert", name, split_generator("train", name)) for name in range(4)]
    drawn.append(artist.draw_kind("scene", 0, split_generator("train", 9)))
    frames = tag(drawn, run.frozen, run.beginning[1])
    losses = [training.learn(frames) for _ in range(30)]
    assert losses[-1] < 0.9 * max(losses)


def test_frozen_blocks_stay(film_run) -> None:
    """Only the end of the tower, the projector and the words change."""
    run = film_run("a")
    before = {name: tensor.clone() for name, tensor in run.tagging.tagger.state_dict().items()}
    run.tagging.train()
    after = run.tagging.tagger.state_dict()
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert any("blocks.11" in name for name in changed)
    assert any(name.startswith("projector.") for name in changed)
    assert not [name for name in changed if "stem" in name or "blocks.10" in name]


def test_a_stopped_run_goes_on_as_if_it_had_not_been(film_run) -> None:
    """Two steps, a new start and two more steps give the weights of four steps in one go."""
    whole, first = film_run("whole"), film_run("halves")
    whole.tagging.train()
    first.tagging.train(until_step=2)
    second = film_run("halves")
    assert second.tagging.step == 2
    second.tagging.train()
    for name, tensor in whole.tagging.tagger.state_dict().items():
        assert torch.equal(tensor, second.tagging.tagger.state_dict()[name]), name


def test_held_out_frames_are_counted_by_kind(film_run) -> None:
    """Told and crossing are shares of the frames of their kind."""
    run = film_run("a")
    artist = Artist("validation", side=SIDE)
    held_out = HeldOutFrames(artist, run.frozen, run.beginning[1], each={"insert": 3, "scene": 2})
    found = held_out.measure(run.tagging.tagger)
    assert set(found) == {"insert_told", "scene_crossing", "seen_agreement"}
    assert all(0 <= value <= 1 for value in found.values())
    assert json.dumps(found)


def test_plain_film_has_no_name(film_run) -> None:
    """Frames of plain film are learned with the label behind the last name, and are the only ones with a teacher."""
    run = film_run("a")
    drawn = [run.artist.draw_kind(kind, 3, split_generator("train", 2)) for kind in ("edit", "scene")]
    frames = tag(drawn, run.frozen, run.beginning[1])
    assert isinstance(frames, TaggedFrames)
    assert frames.label_F.tolist() == [3, len(run.artist.names)]
    assert frames.is_plain_F.tolist() == [False, True]
    assert np.isfinite(run.tagging.tagger.loss(frames).item())
