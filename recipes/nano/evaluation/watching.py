"""What a model makes of each film: its visual tokens, kept, so that a measurement can be stopped and gone on with.

Pixels and patches are not kept. Tokens lie in a folder named by what turns frames into them (tower, projector, pixel
settings), so another decoder on the same eyes finds its films watched. Of ordinary footage it is kept, too, what the
teacher sees in each frame.

F frames, M visual tokens per frame, D hidden width, I classes of the teacher.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from evaluation.films import Group, World
from videoxl.engine import VideoXL
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE
from videoxl.synth.film import Film
from videoxl.video import SampleConfig, open_video, sample_times

Teacher = Callable[[np.ndarray], np.ndarray]
"""Probabilities (F, I) of things in frames (F, 3, H, W), uint8."""
TAUGHT_GROUPS: tuple[Group, ...] = ("stills", "footage")
FPS = 1.0
SIGHT_SETTINGS = (
    "vision_feature_layer",
    "vision_feature_select_strategy",
    "spatial_pool_stride",
    "projector_hidden_size",
    "word_gate",
    "word_focus",
)


class Watching(Dataset):
    """Films, each watched when it is asked for and not kept yet; safe in worker processes."""

    def __init__(
        self,
        vxl: VideoXL,
        world: World,
        films: Sequence[tuple[Group, int]],
        folder: Path,
        *,
        teacher: Teacher | None = None,
    ) -> None:
        self.vxl, self.world, self.films, self.teacher = vxl, world, list(films), teacher
        self.folder = folder / f"tokens-{sight_digest(vxl)[:12]}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._places = {film: self.folder / f"{world.film_name(*film)}.npy" for film in self.films}

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, number: int) -> str:
        torch.set_num_threads(1)
        film = self.films[number]
        place, things = self.tokens_place(*film), self.things_place(*film)
        needs_things = self.teacher is not None and film[0] in TAUGHT_GROUPS and not things.exists()
        if not place.exists() or needs_things:
            frames_FCHW = film_frames(self.world.film(*film), max_side=self.vxl.processor.max_side)
            if needs_things:
                _keep(things, self.teacher(frames_FCHW).astype(np.float16))
            _keep(place, visual_tokens(self.vxl, frames_FCHW).numpy())
        return place.name

    def tokens_place(self, group: Group, index: int) -> Path:
        """Where the visual tokens (F, M, D) of a film are."""
        return self._places[group, index]

    def things_place(self, group: Group, index: int) -> Path:
        """Where the teacher's probabilities (F, I) are."""
        return self.tokens_place(group, index).with_suffix(".things.npy")


def in_workers(items: Dataset, workers: int) -> DataLoader:
    """The items in order, each as it is, made by so many processes (by this one where 0)."""
    context = "fork" if workers else None  # a model is not sent to a worker, it is there
    return DataLoader(items, batch_size=None, num_workers=workers, multiprocessing_context=context, collate_fn=_as_is)


def film_frames(film: Film, *, max_side: int | None) -> np.ndarray:
    """Frames (F, 3, H, W) that `watch` would read of a film."""
    video = open_video(film)
    times_F = sample_times(video.info.duration_seconds, SampleConfig(fps=FPS)).seconds_F
    return np.concatenate([batch.frames_FCHW for batch in video.read(times_F, max_side=max_side)])


@torch.no_grad()
def visual_tokens(vxl: VideoXL, frames_FCHW: np.ndarray) -> torch.Tensor:
    """Visual tokens (F, M, D), made in the chunks in which `watch` makes them."""
    chunks = [
        vxl.model.get_video_features(vxl.processor.pixel_values(frames_FCHW[start : start + FRAMES_AT_ONCE]))
        for start in range(0, len(frames_FCHW), FRAMES_AT_ONCE)
    ]
    return torch.cat(chunks).float()


def sight_digest(vxl: VideoXL) -> str:
    """Digest of all that turns a frame into visual tokens."""
    settings = {name: getattr(vxl.model.config, name) for name in SIGHT_SETTINGS}
    digest = hashlib.sha256(json.dumps([settings, vxl.processor.preprocessing()], sort_keys=True, default=str).encode())
    for part in (vxl.model.model.vision_tower, vxl.model.model.projector):
        for name, tensor in sorted(part.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()


def _keep(place: Path, array: np.ndarray) -> None:
    new = place.with_suffix(f".{os.getpid()}.new")
    with new.open("wb") as file:
        np.save(file, array)
    os.replace(new, place)


def _as_is(item: object) -> object:
    return item
