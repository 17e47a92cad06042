"""Making the frame bank: fresh renderings through the finished tagger, cut off before the decoder, kept on disk.

The tagger never saw these renderings, so the decoder meets tokens as uncertain as those of a new film. Beside the
tokens the bank keeps which of the thousand ImageNet things the tower's own classifier sees, where it sees any.

F frames, R frames of the bank, M visual tokens per frame, D hidden width, P likeliest things of a frame.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader, Dataset

from videoxl.model.word_focus import WordFocus
from videoxl.model.word_gate import WordGate
from videoxl.synth.splits import split_generator
from videoxl.training.checkpoint_folder import full_disk_said, write_tensors
from videoxl.training.films.composites import KINDS, Artist, FrameKind
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.tagger import Tagger, Tower
from videoxl.training.interruption import interruption
from videoxl.training.step_bar import step_bar

CHUNK = 16  # frames
NUM_LIKELY = 5
FIRST_NUMBER = 60_000_000  # of bank frames; the tagger's begin elsewhere
LEAST_POSSIBLE = 0.03  # a thing below this is not in the frame


@dataclass(frozen=True, slots=True)
class BankConfig:
    """How many frames of each kind; inserts and edits are of every name."""

    insert: int = 20
    edit: int = 20
    stranger: int = 2400
    scene: int = 5000
    crop: int = 4000
    sure: float = 0.5
    """A frame clearly shows a thing to which the tower's classifier gives at least this."""
    least_frames: int = 6
    """Things that are clear on fewer frames of the bank are not learned."""
    told: int = 18
    """Frames of plain film, for each thing, to which its word is added as the focus would: few show it by chance, and a
    decoder has to meet every word often."""
    left_out: tuple[str, ...] = ()
    """Things whose word means something else to most people."""


class BankFrames(Dataset):
    """Chunks of frames, drawn and tagged; safe in worker processes."""

    def __init__(
        self, artist: Artist, tagger: Tagger, frozen: Tower, classifier: dict[str, torch.Tensor], config: BankConfig
    ) -> None:
        self.artist, self.tagger, self.frozen, self.classifier = artist, tagger, frozen, classifier
        wanted: list[tuple[FrameKind, int]] = []
        for kind in KINDS:
            names = range(len(artist.names)) if kind in ("insert", "edit") else (0,)
            wanted += [(kind, name) for name in names for _ in range(getattr(config, kind))]
        order = np.random.default_rng(0).permutation(len(wanted))
        self.wanted = [wanted[index] for index in order]

    def __len__(self) -> int:
        return -(-len(self.wanted) // CHUNK)

    @torch.no_grad()
    def __getitem__(self, chunk: int) -> dict[str, torch.Tensor]:
        torch.set_num_threads(1)
        frames = []
        for number, (kind, name) in enumerate(self.wanted[chunk * CHUNK : (chunk + 1) * CHUNK], start=chunk * CHUNK):
            generator = split_generator(self.artist.split, FIRST_NUMBER + number)
            frames.append(self.artist.draw_kind(kind, name, generator))
        middle = self.frozen.front(torch.from_numpy(np.stack([frame.pixels_HW3 for frame in frames])))
        logits = self.frozen(middle).mean(1) @ self.classifier["weight"].T + self.classifier["bias"]
        likely = logits.softmax(1).topk(NUM_LIKELY)
        return {
            "tokens": self.tagger.tokens(middle),
            "label": torch.tensor([frame.label for frame in frames]),
            "kind": torch.tensor([KINDS.index(frame.kind) for frame in frames]),
            "likely": likely.indices,
            "likelihood": likely.values,
        }


def make_bank(frames: BankFrames, path: Path, *, workers: int) -> dict[str, torch.Tensor]:
    """All frames through the tagger, kept at `path`; what is there is not made again."""
    if path.exists():  # copied, since where a tensor lies in a file decides how sums of it are rounded
        return {name: tensor.clone() for name, tensor in load_file(path).items()}
    chunks = []
    with interruption() as wish, step_bar("bank", total=len(frames), unit=f"x{CHUNK} frames") as bar:
        for chunk in DataLoader(frames, batch_size=None, num_workers=workers):
            chunks.append({name: tensor.clone() for name, tensor in chunk.items()})
            bar.update()
            if wish.is_wanted:
                raise KeyboardInterrupt("interrupted; the bank is made in one go. Run the same command again.")
    tensors = {name: torch.cat([chunk[name] for chunk in chunks]).contiguous() for name in chunks[0]}
    new = path.with_suffix(".new")
    with full_disk_said(path, remove=new):
        write_tensors(new, tensors)
        os.replace(new, path)
    return tensors


def frame_bank(
    tensors: dict[str, torch.Tensor],
    *,
    names: Sequence[str],
    things: Sequence[str],
    gate: WordGate,
    focus: WordFocus,
    sights: Sequence[str],
    config: BankConfig,
) -> FrameBank:
    """The bank as films use it: its tokens are behind the gate and the focus.

    Args:
        things: Words of the classifier's classes.
        sights: Those of them that films are asked about.
    """
    kind_R, likely_RP = tensors["kind"].numpy(), tensors["likely"].numpy()
    likelihood_RP = tensors["likelihood"].numpy()
    number_of = np.full(len(things), -1)
    number_of[[things.index(sight) for sight in sights]] = np.arange(len(sights))
    is_plain_R = np.isin(kind_R, [KINDS.index("scene"), KINDS.index("crop")])
    sight_R = np.where(is_plain_R & (likelihood_RP[:, 0] >= config.sure), number_of[likely_RP[:, 0]], -1)
    possible_RP = np.where(likelihood_RP >= LEAST_POSSIBLE, number_of[likely_RP], -1)
    numbers_RP = number_of[likely_RP]
    is_told_RP = (likelihood_RP >= focus.sure) & (numbers_RP >= 0)
    is_vague_RP = (likelihood_RP > focus.unsure) & (numbers_RP >= 0) & ~is_told_RP
    told_R = np.where(is_told_RP.any(1), numbers_RP[np.arange(len(numbers_RP)), is_told_RP.argmax(1)], -1)
    gated_RMD = gate(tensors["tokens"])
    seen_RI = torch.zeros(len(gated_RMD), len(things)).scatter_(1, tensors["likely"], tensors["likelihood"])
    plain_R = np.flatnonzero(is_plain_R & (possible_RP < 0).all(1))
    told_T = np.repeat(np.arange(len(sights)), config.told if len(plain_R) else 0)
    rows_T = np.random.default_rng(0).choice(plain_R, size=len(told_T)) if len(told_T) else told_T
    told_TI = torch.zeros(len(told_T), len(things))
    told_TI[torch.arange(len(told_T)), [things.index(sights[sight]) for sight in told_T.tolist()]] = 1.0
    told_TP = np.full((len(told_T), possible_RP.shape[1]), -1)
    told_TP[:, 0] = told_T
    return FrameBank(
        torch.cat([focus(gated_RMD, seen_RI), focus(gated_RMD[torch.from_numpy(rows_T)], told_TI)]),
        np.concatenate([tensors["label"].numpy(), np.full(len(told_T), len(names))]),
        names=names,
        is_distractor_R=np.concatenate([kind_R == KINDS.index("stranger"), np.zeros(len(told_T), dtype=bool)]),
        sights=sights,
        sight_R=np.concatenate([sight_R, told_T]),
        possible_RP=np.concatenate([possible_RP, told_TP]),
        told_R=np.concatenate([told_R, told_T]),
        is_vague_R=np.concatenate([is_vague_RP.any(1) | (is_told_RP.sum(1) > 1), np.zeros(len(told_T), dtype=bool)]),
    )


def clear_sights(
    tensors: dict[str, torch.Tensor], *, names: Sequence[str], things: Sequence[str], config: BankConfig
) -> list[str]:
    """Things that footage shows clearly and often enough; one whose word is taken, or stands for two, is left out."""
    kind_R, likely_RP = tensors["kind"].numpy(), tensors["likely"].numpy()
    is_plain_R = np.isin(kind_R, [KINDS.index("scene"), KINDS.index("crop")])
    is_clear_R = is_plain_R & (tensors["likelihood"][:, 0].numpy() >= config.sure)
    shown, times = np.unique(likely_RP[is_clear_R, 0], return_counts=True)
    often = [things[index] for index in shown[times >= config.least_frames].tolist()]
    return [thing for thing in often if thing not in {*names, *config.left_out} and things.count(thing) == 1]
