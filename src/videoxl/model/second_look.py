"""A second look at frames that seem to show something named: nearer, and mirrored.

What a picture shows is still there when the frame is cut a little closer or mirrored; what footage has by mistake, a
shade or an edge that happens to point to a word, seldom is. So a frame of which some token is near what the word gate
asks for, or above it, goes through the tower twice more, and what its best token spares is the mean of the three looks.
Few frames of plain film come as near, so an hour takes no longer (docs/log.md has what it gives).

F frames, H height, W width, M visual tokens per frame, D hidden width.
"""

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import interpolate

from videoxl.model.vision_tower import frame_features

if TYPE_CHECKING:
    from videoxl.model.modeling_videoxl import VideoXLModel


def second_look(model: "VideoXLModel", pixels_F3HW: torch.Tensor, patches_FND: torch.Tensor) -> torch.Tensor | None:
    """What is to be added to what the tokens of each frame (F,) spare; None where nothing is to be looked at again.

    Args:
        patches_FND: What the tower made of the frames at first.
    """
    gate = model.projector.gate
    if gate is None:
        return None
    first_F = gate.most_spared(model.projector.ungated(patches_FND))
    is_near_F = first_F > -gate.nearly
    if not is_near_F.any():
        return None
    near = pixels_F3HW[is_near_F]
    looks = [first_F[is_near_F]]
    for view in (nearer(near, gate.zoom), near.flip(3)):
        patches = frame_features(model.vision_tower, view, model.config).patches_FND
        looks.append(gate.most_spared(model.projector.ungated(patches)))
    more_F = torch.zeros_like(first_F)
    more_F[is_near_F] = torch.stack(looks).mean(dim=0) - looks[0]
    return more_F


def nearer(pixels_F3HW: torch.Tensor, share: float) -> torch.Tensor:
    """The middle of frames, `share` of both sides, as large as they were."""
    height, width = pixels_F3HW.shape[2:]
    inner_height, inner_width = int(height * share), int(width * share)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    middle = pixels_F3HW[:, :, top : top + inner_height, left : left + inner_width]
    return interpolate(middle, size=(height, width), mode="bicubic", antialias=True)
