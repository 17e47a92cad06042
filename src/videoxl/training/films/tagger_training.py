"""Training the tagger: fresh frames from a worker, older batches once more, a checkpoint now and then.

Batch t is frames t * fresh to (t + 1) * fresh - 1 of the split, and which older batches are learned from beside it
follows from the seed and t, so a run that is stopped goes on as if it had not been (the worker draws the last `window`
batches again, which takes a minute).
"""

import json
import logging
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader

from videoxl.errors import TrainingError
from videoxl.synth.splits import split_generator
from videoxl.training.checkpoint_folder import full_disk_said, write_tensors
from videoxl.training.films.composites import Artist, DrawnFrame, FrameKind
from videoxl.training.films.tagger import FrameStream, TaggedFrames, Tagger, TaggerConfig, Tower, tag
from videoxl.training.interruption import TrainingInterrupted, interruption
from videoxl.training.step_bar import step_bar

FIRST_NUMBER = 40_000_000  # of the frames that the tagger learns from; other sets begin elsewhere
CHECKPOINT = "tagger.safetensors"
CLIP_NORM = 5.0
AHEAD = 4  # batches that the worker may be ahead

log = logging.getLogger(__name__)


class TaggerTraining:
    """One run of the tagger in a folder."""

    def __init__(
        self,
        tagger: Tagger,
        artist: Artist,
        frozen: Tower,
        classifier: dict[str, torch.Tensor],
        folder: Path,
        *,
        config: TaggerConfig,
        seed: int = 0,
        workers: int = 1,
    ) -> None:
        """`workers` 0 draws frames in this process."""
        self.workers = workers
        self.tagger, self.artist, self.frozen, self.classifier = tagger, artist, frozen, classifier
        self.folder, self.config, self.seed, self.step = folder, config, seed, 0
        for parameter in tagger.tower.parameters():
            parameter.requires_grad_(False)
        tower = tagger.tower.learning_parameters()
        for parameter in tower:
            parameter.requires_grad_(True)
        rest = [*tagger.projector.parameters(), *tagger.names.parameters(), tagger.free_ID]
        groups = [{"params": tower, "rate": config.tower_rate}, {"params": rest, "rate": config.projector_rate}]
        self.optimiser = torch.optim.AdamW(groups, lr=config.tower_rate, weight_decay=config.weight_decay)
        self.learning = dict(tagger.named_parameters())
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / CHECKPOINT).exists():
            self._resume()

    def train(self, *, until_step: int | None = None, log_every: int = 50, save_every: int = 250) -> None:
        """Go on to the end, or to a step before it."""
        until = self.config.num_steps if until_step is None else min(until_step, self.config.num_steps)
        if self.step >= until:
            return
        started, first, losses = time.monotonic(), self.step, []
        # The worker is begun inside, so that Ctrl-C, which it gets as well, does not end it with a traceback.
        with interruption() as wish, step_bar("tagger", total=until, done=self.step) as bar:
            for frames in self._batches(until):
                losses.append(self.learn(frames))
                bar.update()
                if self.step % log_every == 0:
                    self._log(float(np.mean(losses)), (time.monotonic() - started) / (self.step - first))
                    losses = []
                if self.step % save_every == 0 or self.step == until or wish.is_wanted:
                    self.save()
                if wish.is_wanted and self.step < until:
                    raise TrainingInterrupted(self.step, self.folder / CHECKPOINT)

    def _log(self, loss: float, seconds_a_step: float) -> None:
        line = {"step": self.step, "loss": round(loss, 4), "seconds_a_step": round(seconds_a_step, 3)}
        with (self.folder / "tagger.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        log.info("tagger: %s", line)

    def _batches(self, until: int) -> Iterator[TaggedFrames]:
        """Fresh frames with older ones beside them, from where the run stands."""
        window: deque[TaggedFrames] = deque(maxlen=self.config.window)
        first = max(0, self.step - self.config.window)
        stream = FrameStream(
            self.artist, self.frozen, self.classifier, self.config, first_batch=first, first_number=FIRST_NUMBER
        )
        ahead = AHEAD if self.workers else None
        loader = DataLoader(stream, batch_size=None, num_workers=self.workers, prefetch_factor=ahead)
        for number, fresh in enumerate(loader, start=first):
            if number >= self.step:
                generator = np.random.default_rng([self.seed, number])
                chosen = generator.permutation(len(window))[: self.config.old_batches]
                yield _joined([fresh, *(window[index] for index in chosen)])
            window.append(fresh)
            if self.step >= until:
                return

    def learn(self, frames: TaggedFrames) -> float:
        """One step; returns its loss."""
        config, progress = self.config, self.step / self.config.num_steps
        down = max(0.0, progress - config.decay_from) / (1 - config.decay_from)
        share = min((self.step + 1) / config.warmup_steps, 1 - down)
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * share
        loss = self.tagger.loss(frames)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the tagger's loss at step {self.step + 1} (frames from number "
                f"{FIRST_NUMBER + self.step * config.fresh_frames} on) is {loss.item()}; expected a number. The last "
                f"checkpoint in {self.folder} is whole. Lower tagger: tower_rate or "
                "projector_rate, and begin another run."
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in self.optimiser.param_groups for p in g["params"]], CLIP_NORM)
        self.optimiser.step()
        self.step += 1
        return loss.item()

    def save(self) -> None:
        """Weights and optimiser, replaced as a whole."""
        tensors = {f"tagger.{name}": tensor for name, tensor in self.tagger.state_dict().items()}
        for name, parameter in self.learning.items():
            for part, tensor in self.optimiser.state.get(parameter, {}).items():
                tensors[f"optimiser.{part}.{name}"] = tensor
        tensors["step"] = torch.tensor(self.step)
        new = self.folder / f"{CHECKPOINT}.new"
        with full_disk_said(self.folder / CHECKPOINT, remove=new):
            write_tensors(new, tensors)
            os.replace(new, self.folder / CHECKPOINT)

    def _resume(self) -> None:
        tensors = load_file(self.folder / CHECKPOINT)
        prefix = "tagger."
        self.tagger.load_state_dict({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
        for name, parameter in self.learning.items():
            keys = {part: f"optimiser.{part}.{name}" for part in ("step", "exp_avg", "exp_avg_sq")}
            if keys["step"] in tensors:
                self.optimiser.state[parameter] = {part: tensors[key] for part, key in keys.items()}
        self.step = int(tensors["step"])
        log.info("tagger: resumed at step %d", self.step)


def _joined(parts: Sequence[TaggedFrames]) -> TaggedFrames:
    return TaggedFrames(
        torch.cat([part.middle_FCHW for part in parts]),
        torch.cat([part.label_F for part in parts]),
        torch.cat([part.taught_FI for part in parts]),
        torch.cat([part.is_plain_F for part in parts]),
    )


class HeldOutFrames:
    """Frames of another split, drawn once, and how well a tagger tells them."""

    def __init__(
        self,
        artist: Artist,
        frozen: Tower,
        classifier: dict[str, torch.Tensor],
        *,
        each: dict[FrameKind, int],
        first_number: int = 0,
    ) -> None:
        """`each` says how many frames of every kind."""
        self.kinds: list[FrameKind] = [kind for kind, number in each.items() for _ in range(number)]
        parts = []
        for start in range(0, len(self.kinds), 16):
            drawn: list[DrawnFrame] = []
            for number, kind in enumerate(self.kinds[start : start + 16], start=first_number + start):
                generator = split_generator(artist.split, number)
                drawn.append(artist.draw_kind(kind, number % len(artist.names), generator))
            parts.append(tag(drawn, frozen, classifier))
        self.frames = _joined(parts)

    @torch.no_grad()
    def measure(self, tagger: Tagger) -> dict[str, float]:
        """Shares of frames: told (right name, right side of the axis), and crossing the axis where they should not."""
        tokens = torch.cat([tagger.tokens(part.float()) for part in self.frames.middle_FCHW.split(32)])
        shown = tagger.names.presence(tokens).mean(1) > 0
        right = tagger.names(tokens).argmax(1) == self.frames.label_F
        kinds, found = np.array(self.kinds), {}
        for kind in dict.fromkeys(self.kinds):
            rows = torch.from_numpy(kinds == kind)
            value = (shown & right)[rows] if kind in ("insert", "edit") else shown[rows]
            found[f"{kind}_{'told' if kind in ('insert', 'edit') else 'crossing'}"] = value.float().mean().item()
        taught = self.frames.is_plain_F
        agree = tagger.seen(tokens[taught]).argmax(1) == self.frames.taught_FI[taught].argmax(1)
        found["seen_agreement"] = agree.float().mean().item()
        return {name: round(value, 4) for name, value in found.items()}
