"""The training loop: draw a batch, watch, read, learn; save often, go on after any interruption.

A run is a folder: `recipe.json` (fully resolved), `log.jsonl`, and `checkpoint.safetensors`, which is replaced as a
whole and knows its step. A run that was stopped and resumed gives the same losses as one that was not (tests/training).

F frames, M visual tokens per frame, D hidden width.
"""

import json
import logging
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from videoxl.model.modeling_videoxl import IGNORED_LABEL, VideoXLForConditionalGeneration
from videoxl.model.processing_videoxl import VideoXLProcessor
from videoxl.training.curriculum import Shape
from videoxl.training.examples import Example, draw_example
from videoxl.training.foreign_rows import ForeignRows
from videoxl.training.frame_bank import FrameBank
from videoxl.training.packing import TurnEncoder, pack
from videoxl.training.recipe import OptimiserConfig, Recipe
from videoxl.training.step import Reading, film_batch, read, tokens, watch

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint"


class Trainer:
    """Trains the decoder of a model whose tower and projector are frozen."""

    def __init__(
        self,
        model: VideoXLForConditionalGeneration,
        processor: VideoXLProcessor,
        bank: FrameBank,
        recipe: Recipe,
        folder: str | Path,
    ) -> None:
        self.model, self.bank, self.recipe, self.folder = model, bank, recipe, Path(folder)
        self.encoder = TurnEncoder(processor)
        self.pad_id = processor.tokenizer.pad_token_id
        self.before_ids = processor.before_video()
        self.parameters = dict(model.decoder.named_parameters())
        self.optimiser = _optimiser(self.parameters, recipe.optimiser)
        self.foreign = ForeignRows(recipe.foreign_capacity)
        self.step = 0
        self._scores: dict[str, list[float]] = defaultdict(list)
        self._started = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / f"{CHECKPOINT}.safetensors").exists():
            self._resume()
        (self.folder / "recipe.json").write_text(json.dumps(recipe.as_dict(), indent=1) + "\n", encoding="utf-8")

    @property
    def progress(self) -> float:
        """Share of the run that is done."""
        return self.step / self.recipe.num_steps

    def train(self, *, until_step: int | None = None, log_every: int = 50, save_every: int = 500) -> None:
        """Go on to the end of the recipe, or to a step before it."""
        until_step = self.recipe.num_steps if until_step is None else until_step
        while self.step < until_step:
            self.learn()
            if self.step % log_every == 0:
                self._log()
            if self.step % save_every == 0 or self.step == until_step:
                self.save()

    def learn(self) -> float:
        """One step; returns its loss. Everything random in it follows from the recipe's seed and the step."""
        generator = np.random.default_rng([self.recipe.seed, self.step])
        torch_generator = torch.Generator().manual_seed(int(generator.integers(2**31)))
        shape = self.recipe.curriculum.draw(self.progress, generator)
        num_films = max(1, min(self.recipe.batch_films, self.recipe.batch_frames // shape.num_frames))
        examples = [
            draw_example(self.bank, generator, num_frames=shape.num_frames, config=self.recipe.examples)
            for _ in range(num_films)
        ]
        reading = self._read(examples, shape, generator, torch_generator)
        loss = reading.answer_loss + self.recipe.look_weight * reading.look_loss
        for group in self.optimiser.param_groups:
            group["lr"] = _rate(self.progress, self.step, self.recipe.optimiser)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), self.recipe.optimiser.clip_norm)
        self.optimiser.step()
        self.step += 1
        self._scores["loss"].append(reading.answer_loss.item())
        self._scores["look"].append(reading.look_loss.item())
        self._scores["frames"].append(shape.num_frames)
        return loss.item()

    def save(self) -> None:
        """Weights, optimiser and foreign rows, so that the run can go on from here."""
        tensors = {f"decoder.{name}": tensor for name, tensor in self.model.decoder.state_dict().items()}
        for name, parameter in self.parameters.items():
            for part, tensor in self.optimiser.state[parameter].items():
                tensors[f"optimiser.{part}.{name}"] = tensor
        tensors |= {f"foreign.{name}": tensor for name, tensor in self.foreign.state_dict().items()}
        tensors["step"] = torch.tensor(self.step)
        new = self.folder / f"{CHECKPOINT}.new"
        save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, new)
        os.replace(new, self.folder / f"{CHECKPOINT}.safetensors")

    def _resume(self) -> None:
        tensors = load_file(self.folder / f"{CHECKPOINT}.safetensors")
        self.model.decoder.load_state_dict(_part(tensors, "decoder."))
        for name, parameter in self.parameters.items():
            keys = {part: f"optimiser.{part}.{name}" for part in ("step", "exp_avg", "exp_avg_sq")}
            if keys["step"] in tensors:  # the last layer's VSTs ask nothing, so their queries never learn
                self.optimiser.state[parameter] = {part: tensors[key] for part, key in keys.items()}
        self.foreign.load_state_dict(_part(tensors, "foreign."))
        self.step = int(tensors["step"])
        logger.info("resumed at step %d", self.step)

    def _read(
        self, examples: list[Example], shape: Shape, generator: np.random.Generator, torch_generator: torch.Generator
    ) -> Reading:
        visual_BFMD = tokens(self.bank, examples)
        noise_B = self.recipe.token_noise * torch.rand(len(examples), 1, 1, 1, generator=torch_generator)
        visual_BFMD = visual_BFMD + noise_B * torch.randn(visual_BFMD.shape, generator=torch_generator)
        share = self.recipe.examples.second_turn_share
        blocks = [self.encoder.blocks(example.turns, generator, second_turn_share=share) for example in examples]
        turns = pack(blocks, pad_id=self.pad_id)
        film = film_batch(examples, visual_BFMD)
        watched = watch(
            self.model, film, shape, before_ids=self.before_ids, foreign=self.foreign, generator=torch_generator
        )
        reading = read(self.model, watched, turns, look_layers=self.recipe.model.evidence_layers)
        for name, hits in _hits(examples, reading, turns.labels_BT, self.encoder).items():
            self._scores[name] += hits
        return reading

    def _log(self) -> None:
        means = {name: round(float(np.mean(values)), 4) for name, values in sorted(self._scores.items())}
        seconds = round(time.monotonic() - self._started, 1)
        line: dict[str, Any] = {"step": self.step, "seconds": seconds, **means}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        logger.info("%s", json.dumps(line))
        self._scores.clear()


def _optimiser(parameters: dict[str, torch.nn.Parameter], config: OptimiserConfig) -> torch.optim.AdamW:
    decayed = [tensor for name, tensor in parameters.items() if tensor.ndim > 1 and "embed" not in name]
    others = [tensor for name, tensor in parameters.items() if tensor.ndim < 2 or "embed" in name]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas)


def _rate(progress: float, step: int, config: OptimiserConfig) -> float:
    """The learning rate: up in the first steps, down at the end."""
    down = max(0.0, progress - config.decay_from) / (1 - config.decay_from)
    share = min((step + 1) / config.warmup_steps, 1 - (1 - config.last_rate) * down)
    return config.learning_rate * share


def _hits(
    examples: list[Example], reading: Reading, labels_BT: torch.Tensor, encoder: TurnEncoder
) -> dict[str, list[float]]:
    """Per kind of turn and answer, whether its first word was right (the whole answer, for lists)."""
    found: dict[str, list[float]] = defaultdict(list)
    right_BT = (reading.said_BT == labels_BT).tolist()
    labels = labels_BT.tolist()
    for row, example in enumerate(examples):
        position = 0
        for turn in example.turns:
            while labels[row][position] == IGNORED_LABEL:
                position += 1
            length = len(turn.answer) + 1
            hit = all(right_BT[row][position : position + length])
            word = turn.answer[0] if turn.kind in ("is_there", "when", "when_it") else None
            absent = "absent" if not example.showings and word is None else word
            found[turn.kind if absent is None else f"{turn.kind}.{absent}"].append(float(hit))
            position += length
    return found


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
