"""Training from films: draw a batch, watch, read, learn; on the trainer of every other run.

Everything random in a step follows from the recipe's seed and the step. A checkpoint holds the decoder, its optimizer
and the foreign rows, so a run that was stopped and resumed gives the same losses as one that was not (tests/training).

F frames, M visual tokens per frame, D hidden width.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from videoxl.errors import UsageError
from videoxl.model.modeling_videoxl import IGNORED_LABEL, VideoXLForConditionalGeneration
from videoxl.model.processing_videoxl import VideoXLProcessor
from videoxl.synth.questions import NOTHING
from videoxl.training.arguments import training_arguments
from videoxl.training.films.batches import FilmBatch, FilmBatches, batch_of
from videoxl.training.films.examples import Example
from videoxl.training.films.foreign_rows import ForeignRows
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.inventory import Tellable, draw_steps, take_steps
from videoxl.training.films.packing import TurnEncoder
from videoxl.training.films.recipe import OptimiserConfig, Recipe
from videoxl.training.films.step import Reading, read, watch
from videoxl.training.films.vocabulary import INVENTORY_QUESTION, SIGHT_QUESTION
from videoxl.training.parameters import GroupConfig, ParameterConfig
from videoxl.training.trainer import VideoXLTrainer, loss_name

FROZEN = GroupConfig(trained=False)
LEARNS = ParameterConfig(vision_tower=FROZEN, projector=FROZEN)  # VSTs and decoder; the head is its embedding table


class FilmTrainer(VideoXLTrainer):
    """Trains the decoder of a model whose tower and projector are frozen."""

    def __init__(
        self,
        model: VideoXLForConditionalGeneration,
        processor: VideoXLProcessor,
        bank: FrameBank,
        recipe: Recipe,
        folder: str | Path,
        *,
        log_every: int = 50,
        save_every: int = 500,
        **options: Any,
    ) -> None:
        """Make ready; `options` are transformers' TrainingArguments, such as `report_to`."""
        self.recipe = recipe
        self.encoder = TurnEncoder(processor)
        self.before_ids = processor.before_video()
        block = {
            "max_steps": recipe.num_steps,
            "logging_steps": log_every,
            "save_steps": save_every,
            "max_grad_norm": recipe.optimiser.clip_norm,
            **options,
        }
        arguments = training_arguments(folder, block, seed=recipe.seed)
        if arguments.world_size > 1 or arguments.gradient_accumulation_steps > 1:
            raise UsageError(
                f"films are learned by one process, a batch a step; got {arguments.world_size} processes and "
                f"gradient_accumulation_steps {arguments.gradient_accumulation_steps}. Raise batch_films instead."
            )
        self.names = processor.tokenizer.convert_tokens_to_ids(bank.names)
        self.nothing = processor.tokenizer.convert_tokens_to_ids(NOTHING)
        self.sights = processor.tokenizer.convert_tokens_to_ids(bank.sights)
        self.step_ids = self.encoder.first(INVENTORY_QUESTION)
        self.sight_ids = self.encoder.first(SIGHT_QUESTION)
        self.foreign = ForeignRows(recipe.foreign_capacity, device=arguments.device)
        self.batches = FilmBatches(bank, self.encoder, recipe)
        super().__init__(model, arguments=arguments, dataset=self.batches, collate=batch_of, parameters=LEARNS)
        (self.folder / "recipe.json").write_text(json.dumps(recipe.as_dict(), indent=1) + "\n", encoding="utf-8")

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """What one batch of films teaches: what to say, and where to look."""
        with self.accelerator.autocast():
            loss = self._learn(inputs["batch"])
        return (loss, None) if return_outputs else loss

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW over the decoder."""
        if self.optimizer is None:
            parameters = dict(self.model.decoder.named_parameters())
            self.optimizer = _optimiser(parameters, self.recipe.optimiser)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None) -> LambdaLR:
        """Warm-up, constant, linear decay."""
        if self.lr_scheduler is None:
            config, num_steps = self.recipe.optimiser, self.recipe.num_steps
            optimizer = self.optimizer if optimizer is None else optimizer
            self.lr_scheduler = LambdaLR(optimizer, lambda step: _share(step / num_steps, step, config))
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def extra_tensors(self) -> dict[str, torch.Tensor]:
        return self.foreign.state_dict()

    def load_extra_tensors(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self.foreign.load_state_dict(dict(tensors))

    def _learn(self, batch: FilmBatch) -> torch.Tensor:
        """Watch a batch, read everything that is asked about it, and say how wrong that was."""
        device, generator = self.args.device, torch.Generator().manual_seed(batch.seed)
        film, turns = batch.film.to(device), batch.turns.to(device)
        watched = watch(
            self.model, film, batch.shape, before_ids=self.before_ids, foreign=self.foreign, generator=generator
        )
        layers = self.recipe.model.evidence_layers
        reading = read(self.model, watched, turns, look_layers=layers)
        for name, hits in right_answers(batch.examples, reading, turns.labels_BT, self.encoder).items():
            self.scores.add(name, sum(hits), weight=len(hits))
        losses = {"answer": reading.answer_loss, "look": reading.look_loss}
        if self.recipe.examples.talk.takes_inventories:
            for kind, films, question_ids in self._tellable(batch.examples):
                steps = draw_steps(
                    watched, films, nothing=self.nothing, vocab_size=self.model.lm_head.out_features,
                    generator=generator,
                )  # fmt: skip
                if not steps.counts_BT.any():
                    continue
                taken = take_steps(
                    self.model, watched, steps, question_ids=question_ids, end_id=self.encoder.end, look_layers=layers
                )
                for name, is_asked_N in ((kind, taken.shows_N), (f"no_{kind}", ~taken.shows_N)):
                    self.scores.add(name, int(taken.is_right_N[is_asked_N].sum()), weight=int(is_asked_N.sum()))
                losses |= {f"{kind}_loss": taken.loss, f"{kind}_look": taken.look_loss}
        for name, loss in losses.items():
            self.scores.add(name, loss.item())
        self.scores.add("frames", batch.shape.num_frames)
        weights = [self.recipe.look_weight if "look" in name else 1.0 for name in losses]
        loss = torch.stack([weight * loss for weight, loss in zip(weights, losses.values(), strict=True)]).sum()
        self.scores.add(loss_name([interval.ratio for interval in batch.shape.plan]), loss.item())
        return loss

    def _tellable(self, examples: Sequence[Example]) -> list[tuple[str, list[Tellable], tuple[int, ...]]]:
        """What intervals are asked for, by itself: pictures, and ordinary things."""
        pictures = [Tellable(0, [self.names[showing.name] for showing in each.showings]) for each in examples]
        sights = [
            Tellable(first := len(each.showings), [self.sights[sight] for sight in each.told], first + len(each.told))
            for each in examples
        ]
        return [("picture", pictures, self.step_ids), ("sight", sights, self.sight_ids)]


def _optimiser(parameters: Mapping[str, nn.Parameter], config: OptimiserConfig) -> torch.optim.AdamW:
    decayed = [tensor for name, tensor in parameters.items() if tensor.ndim > 1 and "embed" not in name]
    others = [tensor for name, tensor in parameters.items() if tensor.ndim < 2 or "embed" in name]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas)


def _share(progress: float, step: int, config: OptimiserConfig) -> float:
    """The share of the learning rate: up in the first steps, down at the end."""
    down = max(0.0, progress - config.decay_from) / (1 - config.decay_from)
    return min((step + 1) / config.warmup_steps, 1 - (1 - config.last_rate) * down)


def right_answers(
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
            word = turn.answer[0] if turn.kind in ("is_there", "when", "when_it", "is_scene") else None
            absent = "absent" if not example.showings and word is None else word
            found[turn.kind if absent is None else f"{turn.kind}.{absent}"].append(float(hit))
            position += length
    return found
