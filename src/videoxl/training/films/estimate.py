"""What a recipe of kind films needs, before it starts: every stage tried for a moment on this machine.

An estimate: the decoder is tried at four places of its run, and nothing else is assumed to use the machine.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from videoxl.training.films.bank_frames import CHUNK, BankFrames
from videoxl.training.films.batches import batch_of
from videoxl.training.films.composites import KINDS
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.initialisation import initialise
from videoxl.training.films.model_folder import new_model, new_processor
from videoxl.training.films.tagger import Tagger, Tower, tag
from videoxl.training.films.trainer import FilmTrainer

if TYPE_CHECKING:
    from videoxl.training.films.run import FilmRun

SHARES = (0.05, 0.3, 0.55, 0.8)  # of each round of the decoder: where a step is tried
BYTES_KEPT_A_PARAMETER = 12  # weight and two moments of AdamW, float32


def estimate(run: "FilmRun") -> dict[str, Any]:
    """Seconds of every stage, bytes on disk and in memory."""
    recipe = run.recipe
    model, classifier = run.beginning
    tower = Tower(model.model.vision_tower, recipe.tagger.first_block)
    tagger = Tagger(
        tower, model.model.projector, num_names=len(run.artist.names), num_seen=len(classifier["bias"]),
        config=recipe.tagger, seed=0,
    )  # fmt: skip
    drawn = [run.artist.draw(number, recipe.tagger.shares) for number in range(recipe.tagger.fresh_frames)]
    fresh = _seconds(lambda: tag(drawn, run.frozen, classifier))
    drawing = _seconds(lambda: [run.artist.draw(number, recipe.tagger.shares) for number in range(8)]) / 8
    frames = tag(drawn, run.frozen, classifier)
    learning = _seconds(lambda: tagger.loss(frames).backward()) * (1 + recipe.tagger.old_batches)
    preparing = fresh + drawing * recipe.tagger.fresh_frames  # by a worker, beside the learning
    bank = BankFrames(run.artist, tagger, run.frozen, classifier, recipe.bank)
    chunk = _seconds(lambda: bank[0])
    with tempfile.TemporaryDirectory() as folder:
        seconds = _decoder_seconds(run, Path(folder))
    stages = {
        "tagger_seconds": recipe.tagger.num_steps * max(learning, preparing),
        "bank_seconds": len(bank) * chunk / max(1, run.bank_workers),
        "decoder_seconds": sum(seconds),
    }
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    return {
        "kind": "films",
        "names": len(run.artist.names),
        **{name: round(seconds) for name, seconds in stages.items()},
        "total_seconds": round(sum(stages.values())),
        "estimated_with": f"{torch.get_num_threads()} threads, one batch of each stage tried on this machine",
        "bank_frames": len(bank.wanted),
        "disk_bytes": 4 * num_parameters * 3 + len(bank) * CHUNK * recipe.model.hidden_size * 16 + 2**20,
        "peak_memory_bytes": _peak_bytes() + BYTES_KEPT_A_PARAMETER * num_parameters,
    }


def _decoder_seconds(run: "FilmRun", folder: Path) -> list[float]:
    """Seconds of every round of the decoder, on a bank of noise of the right shape."""
    recipe, names = run.recipe, run.artist.names
    processor = new_processor(recipe, names)
    model = new_model(recipe, processor)
    ids = processor.tokenizer.convert_tokens_to_ids(list(names))
    words = torch.randn(len(names), recipe.model.hidden_size)
    initialise(model, dict(zip(ids, words, strict=True)), config=recipe.initialisation, generator=torch.Generator())
    labels = np.array([*range(len(names)), *[len(names)] * len(KINDS)])
    tokens = torch.randn(len(labels), model.config.tokens_per_frame, recipe.model.hidden_size)
    bank = FrameBank(tokens, labels, names=names, is_distractor_R=np.zeros(len(labels), dtype=bool))
    found = []
    for number, stretch in enumerate(recipe.stretches()):
        trainer = FilmTrainer(model, processor, bank, stretch, folder / str(number))
        found.append(stretch.num_steps * _step_seconds(trainer, stretch.num_steps))
    return found


def _step_seconds(trainer: FilmTrainer, num_steps: int) -> float:
    def take_steps() -> None:
        for share in SHARES:
            batch = batch_of([trainer.batches[int(share * num_steps)]])
            trainer.compute_loss(trainer.model, batch).backward()

    return _seconds(take_steps) / len(SHARES)


def _seconds(do: Callable[[], Any]) -> float:
    """How long the second of two calls takes."""
    do()
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
