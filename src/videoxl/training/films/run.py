"""A recipe of kind films, carried out: the tagger, the bank of frames, the decoder, a model folder.

A run is a folder. What is whole in it is not made again, so a run that was stopped goes on where it was:

    OUT/tagger/        checkpoint and log of the tagger
    OUT/bank.safetensors
    OUT/decoder/       checkpoints and log of the decoder
    OUT/model/         what `videoxl ask --model OUT/model` takes
"""

import copy
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from videoxl import __version__
from videoxl.errors import UsageError
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.word_focus import WordFocus
from videoxl.model.word_gate import WordGate
from videoxl.synth.footage import FootageSet
from videoxl.training.card import CardFacts, DataFacts, card_text, read_log
from videoxl.training.films.bank_frames import BankFrames, clear_sights, frame_bank, make_bank
from videoxl.training.films.composites import Artist
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.initialisation import initialise
from videoxl.training.films.model_folder import new_model, new_processor, write_model_folder
from videoxl.training.films.recipe import Recipe, read_recipe
from videoxl.training.films.tagger import Tagger, Tower
from videoxl.training.films.tagger_training import TaggerTraining
from videoxl.training.films.trainer import FilmTrainer
from videoxl.training.films.words import unit_rms
from videoxl.training.run_folder import keep_decision

NUM_THINGS = 1000  # classes of the tower's classifier
BATCHES_AHEAD = 3  # of each worker

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FilmRun:
    """One run: a recipe, where its media lie, and a folder."""

    recipe: Recipe
    beside: Path
    """The recipe's own folder."""
    folder: Path
    workers: int = 1
    """Processes that draw frames beside the one that learns; with 0 it draws them itself."""

    @property
    def bank_workers(self) -> int:
        """Processes that draw the bank's frames: nobody learns meanwhile."""
        return min(2 * self.workers, os.cpu_count() or 1)

    @property
    def decoder_folders(self) -> list[Path]:
        """Where the decoder's checkpoints and logs are: of its first steps, and of each further round."""
        further = range(2, 2 + len(self.recipe.rounds))
        return [self.folder / "decoder", *(self.folder / f"decoder-{number}" for number in further)]

    @property
    def limits(self) -> str:
        """What the model cannot do, as the recipe's file says it."""
        return "" if self.recipe.limits is None else self._file("limits", self.recipe.limits).read_text("utf-8")

    def _file(self, key: str, name: str) -> Path:
        """A file that the recipe names, seen from the recipe."""
        path = self.beside / name
        if not path.is_file():
            raise UsageError(f"the recipe says {key}: {name}, and there is no file {path}. Correct the recipe's {key}.")
        return path

    @cached_property
    def artist(self) -> Artist:
        """Draws the frames that the tagger learns from."""
        return self._artist(draws_held_out=False)

    def _artist(self, *, draws_held_out: bool) -> Artist:
        recipe = self.recipe
        media = None if recipe.media is None else self.beside / recipe.media
        return Artist(
            "train",
            side=recipe.model.image_size,
            media=media,
            held_out=recipe.held_out,
            draws_held_out=draws_held_out,
        )

    @cached_property
    def things(self) -> list[str]:
        """Words of the classifier's classes."""
        if self.recipe.things is None:
            return [f"thing {index}" for index in range(NUM_THINGS)]
        path = self._file("things", self.recipe.things)
        words = path.read_text(encoding="utf-8").split("\n")[:-1]
        if len(words) != NUM_THINGS:
            raise UsageError(f"{path} has {len(words)} lines, expected {NUM_THINGS}, one for each class in its order.")
        return words

    @cached_property
    def beginning(self) -> tuple[VideoXLForConditionalGeneration, dict[str, torch.Tensor]]:
        """A model with the published tower, all else of chance, and the tower's classifier."""
        torch.manual_seed(self.recipe.seed)
        model = new_model(self.recipe, new_processor(self.recipe, self.artist.names))
        width = model.config.vision_config.hidden_size
        if self.recipe.tower is None:
            generator = torch.Generator().manual_seed(self.recipe.seed)
            weight = torch.randn(NUM_THINGS, width, generator=generator) / width
            return model, {"weight": weight, "bias": torch.zeros(NUM_THINGS)}
        tensors = load_file(self._file("tower", self.recipe.tower))
        model.model.vision_tower.load_state_dict(_part(tensors, "tower."))
        return model, _part(tensors, "classifier.")

    @cached_property
    def frozen(self) -> Tower:
        """The tower as it was published."""
        tower = copy.deepcopy(self.beginning[0].model.vision_tower)
        return Tower(tower, self.recipe.tagger.first_block).eval().requires_grad_(False)

    @cached_property
    def tagging(self) -> TaggerTraining:
        """The tagger's training, at its last checkpoint."""
        model, classifier = self.beginning
        frozen, config = self.frozen, self.recipe.tagger
        tagger = Tagger(
            Tower(model.model.vision_tower, config.first_block),
            model.model.projector,
            num_names=len(self.artist.names),
            num_seen=NUM_THINGS,
            config=config,
            seed=self.recipe.seed,
        )
        return TaggerTraining(
            tagger,
            self.artist,
            frozen,
            classifier,
            self.folder / "tagger",
            config=config,
            seed=self.recipe.seed,
            workers=self.workers,
        )

    @cached_property
    def bank_tensors(self) -> dict[str, torch.Tensor]:
        """Frames for the decoder's films as the tagger sees them, made when it is done."""
        self.tagging.train()
        tagger = self.tagging.tagger.eval().requires_grad_(False)
        frames = BankFrames(self._artist(draws_held_out=True), tagger, self.frozen, self.beginning[1], self.recipe.bank)
        return make_bank(frames, self.folder / "bank.safetensors", workers=self.bank_workers)

    @cached_property
    def bank(self) -> FrameBank:
        """The same as films use them."""
        return frame_bank(
            self.bank_tensors,
            names=self.artist.names,
            things=self.things,
            gate=self.gate,
            focus=self.focus,
            sights=self.sights,
            config=self.recipe.bank,
        )

    @cached_property
    def gate(self) -> WordGate:
        """The gate of the tagger's words."""
        names = self.tagging.tagger.names
        gate = WordGate(*names.words_CD.shape, **asdict(self.recipe.gate)).requires_grad_(False)
        gate.words_CD.copy_(unit_rms(names.words_CD))
        gate.axis_D.copy_(names.axis_D)
        return gate

    @cached_property
    def sights(self) -> list[str]:
        """Ordinary things that may be asked about."""
        return clear_sights(self.bank_tensors, names=self.artist.names, things=self.things, config=self.recipe.bank)

    @cached_property
    def focus(self) -> WordFocus:
        """A focus on the words that the tagger has for the sights."""
        tagger = self.tagging.tagger
        words_ID = unit_rms(tagger.names.beside_axis(tagger.seen_ID))
        focus = WordFocus(*words_ID.shape, **asdict(self.recipe.focus)).requires_grad_(False)
        rows = [self.things.index(sight) for sight in self.sights]
        focus.words_ID[rows] = words_ID[rows]
        focus.mark_D.copy_(_least_used(unit_rms(tagger.names.words_CD)))
        return focus

    def decoder(self) -> tuple[VideoXLForConditionalGeneration, VideoXLProcessor]:
        """The whole model with the tagger's tower and projector, its decoder at starting values."""
        bank, tagger = self.bank, self.tagging.tagger
        processor = new_processor(self.recipe, bank.names, bank.sights)
        torch.manual_seed(self.recipe.seed)
        model = new_model(self.recipe, processor, num_names=len(bank.names), num_things=NUM_THINGS)
        model.model.vision_tower.load_state_dict(tagger.tower.tower.state_dict() | self._classifier())
        parts = self.gate.state_dict(prefix="gate.") | self.focus.state_dict(prefix="focus.")
        model.model.projector.load_state_dict(tagger.projector.state_dict() | parts)
        rows = [self.things.index(sight) for sight in bank.sights]
        words = torch.cat([tagger.names.words_CD.detach(), self.focus.words_ID[rows]])
        ids = processor.tokenizer.convert_tokens_to_ids([*bank.names, *bank.sights])
        generator = torch.Generator().manual_seed(self.recipe.seed)
        initialise(
            model, dict(zip(ids, unit_rms(words), strict=True)), config=self.recipe.initialisation, generator=generator
        )
        return model, processor

    def _classifier(self) -> dict[str, torch.Tensor]:
        """The published end of the tower, as `model.efficientnet_lite` names it."""
        tower, linear = self.frozen.tower, self.beginning[1]
        parts = {
            "blocks.": tower.blocks[self.recipe.tagger.first_block :].state_dict(),
            "head.": tower.head.state_dict(),
            "linear.": linear,
        }
        return {f"classifier.{name}{key}": value for name, part in parts.items() for key, value in part.items()}


def run_films(
    recipe_path: str | Path,
    *,
    out: str | Path,
    dry_run: bool = False,
    until_step: int | None = None,
    overrides: Sequence[str] = (),
    workers: int = 1,
) -> dict[str, Any]:
    """Carry a recipe out, or say what that needs; returns what was done.

    Args:
        until_step: Stop the decoder there; run again to go on.
        workers: Processes that draw frames beside the one that learns.
    """
    path = Path(recipe_path)
    run = FilmRun(read_recipe(path, overrides=overrides), path.parent, Path(out), workers)
    if dry_run:
        from videoxl.training.films.estimate import estimate

        return estimate(run)
    keep_decision(run.folder, run.recipe.as_dict(), decides=run.recipe.as_dict())
    model, processor = run.decoder()
    step = train_decoder(run, model, processor, until_step=until_step)
    write_model(run, model, processor, num_steps=step)
    return {"model": str(run.folder / "model"), "step": step, "num_steps": run.recipe.total_steps}


def train_decoder(
    run: FilmRun,
    model: VideoXLForConditionalGeneration,
    processor: VideoXLProcessor,
    *,
    until_step: int | None = None,
) -> int:
    """The decoder's training, all its rounds; returns the steps that are done. What is done already is opened."""
    done, options = 0, {}
    if run.workers and torch.cuda.is_available():  # a GPU waits for batches, a CPU is what draws them
        options = {"dataloader_num_workers": run.workers, "dataloader_prefetch_factor": BATCHES_AHEAD}
    for stretch, folder in zip(run.recipe.stretches(), run.decoder_folders, strict=True):
        if until_step is not None and done >= until_step:
            break
        trainer = FilmTrainer(model, processor, run.bank, stretch, folder, **options)
        trainer.run(until_step=None if until_step is None else until_step - done)
        done += trainer.step
    return done


def write_model(
    run: FilmRun, model: VideoXLForConditionalGeneration, processor: VideoXLProcessor, *, num_steps: int
) -> None:
    """The model folder after so many steps of the decoder, with its words and its card in it."""
    texts = {name: "".join(f"{word}\n" for word in words) for name, words in _words(run.bank).items()}
    if run.limits:
        texts["LIMITS.txt"] = run.limits
    facts = replace(read_log(run.folder / "decoder" / "log.jsonl"), steps=num_steps)
    texts["README.md"] = card_text(_card(run, model), facts)
    write_model_folder(run.folder / "model", model.eval(), processor, texts=texts)


def _card(run: FilmRun, model: VideoXLForConditionalGeneration) -> CardFacts:
    """What is said of the model beside its log."""
    bank, artist = run.bank, run.artist
    media = [] if run.recipe.media is None else [DataFacts(run.recipe.media, sum(1 for _ in artist.media_files()))]
    parts = {"tagger": run.tagging.learning, "decoder": dict(model.decoder.named_parameters())}
    return CardFacts(
        name=run.folder.name,
        begun_from=run.recipe.tower or "values of chance",
        recipe=run.recipe.as_dict(),
        data=[
            DataFacts("pictures of videoxl.synth", len(artist.pictures), licence="Apache-2.0"),
            DataFacts("footage of videoxl.synth, train", len(FootageSet.builtin("train").names), licence="FOOTAGE.md"),
            *media,
        ],
        num_trained={name: sum(weights.numel() for weights in part.values()) for name, part in parts.items()},
        version=__version__,
        licence="apache-2.0",
        not_trained_for=[
            f"It knows {len(bank.names)} pictures and {len(bank.sights)} ordinary things by name.",
            *([run.limits.strip()] if run.limits else []),
        ],
    )


def _words(bank: FrameBank) -> dict[str, Sequence[str]]:
    return {"names.txt": bank.names, "sights.txt": bank.sights}


def _least_used(words_CD: torch.Tensor) -> torch.Tensor:
    """The direction (D,) that words use least, the axis aside, which they do not use at all."""
    _, directions_DD = torch.linalg.eigh(words_CD.T @ words_CD)
    return directions_DD[:, 1]


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    found = {name: tensor.float() for name, tensor in tensors.items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): tensor for name, tensor in found.items()}
