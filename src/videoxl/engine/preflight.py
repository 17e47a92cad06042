"""What watching will need, told before it begins."""

import os

import torch

from videoxl.compression.budget import Budget, budget
from videoxl.compression.size import ByteSize
from videoxl.engine.watch_config import WatchConfig
from videoxl.errors import CapacityError
from videoxl.model import VideoXLForConditionalGeneration
from videoxl.model.geometry import geometry


def watch_budget(
    model: VideoXLForConditionalGeneration, num_frames: int, config: WatchConfig, *, prefix_tokens: int
) -> Budget:
    """The budget of a video of so many frames; dynamic intervals are counted at their longest."""
    shape = geometry(model.config, bytes_per_element=model.dtype.itemsize, model=model)
    return budget(
        shape,
        num_frames,
        ratio=config.ratio,
        interval_frames=config.interval_frames,
        prefix_tokens=prefix_tokens,
        rule=model.config.layout_rule,
    )


def check_fits(
    model: VideoXLForConditionalGeneration, num_frames: int, config: WatchConfig, *, prefix_tokens: int
) -> Budget:
    """What the work needs; refused where the device has no room for it, while nothing has been spent on it."""
    needed = watch_budget(model, num_frames, config, prefix_tokens=prefix_tokens)
    more = needed.peak_bytes - needed.weights_bytes
    free = free_bytes(model.lm_head.weight.device)
    if free is not None and more > free:
        offered = max(model.config.compression_ratios)
        raise CapacityError(
            f"watching {num_frames} frames at ratio {config.ratio} needs {ByteSize(more)} beside the model, "
            f"and {ByteSize(free)} are free. Take fewer frames, a higher ratio (up to {offered}), or another device."
        )
    return needed


def free_bytes(device: torch.device) -> int | None:
    """Bytes that can still be had on a device; None where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type != "cpu":
        return None
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
