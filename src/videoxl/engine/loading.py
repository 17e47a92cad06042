"""The two doors of the package: a model from a name or a folder, a memory from a file."""

from importlib import resources
from os import PathLike
from pathlib import Path

import torch

from videoxl.checkpoint.load import load_model
from videoxl.engine.videoxl import VideoXL
from videoxl.errors import UsageError
from videoxl.memory import CompressedMemory, open_memory

EMBEDDED = ("nano",)


def load(
    model: str | PathLike[str] = "nano", *, device: str | None = None, dtype: str | torch.dtype | None = None
) -> VideoXL:
    """A model, ready to watch: the embedded `nano`, a folder (ours, or official Video-XL weights), or a hub id.

    Args:
        device: `cpu`, `cuda`, `cuda:1`, `mps`; the best one at hand where not given.
        dtype: float32 on a CPU and bfloat16 elsewhere where not given.

    Raises:
        CheckpointError: The folder is no model, or its weights do not fit its config.
        UsageError: The device is not there.
    """
    name = str(model)
    place = _device(device)
    chosen = _dtype(dtype, place)
    loaded, processor = load_model(model_path(name), device=place, dtype=chosen)
    return VideoXL(loaded, processor, name=name if name in EMBEDDED else Path(name).name or name)


def open(path: str | PathLike[str], *, device: str = "cpu") -> CompressedMemory:
    """The memory in a .vxl folder. Every byte is checked first.

    Raises:
        MemoryFormatError: No memory, a damaged or an incomplete one, or one of a newer format.
    """
    return open_memory(path, device=device)


def model_path(name: str) -> str:
    """Where a model's files are: an embedded model's folder in the package, else the name itself.

    An embedded name wins over a folder that happens to be called so; write `./nano` for the folder.
    """
    return str(resources.files("videoxl") / "weights" / name) if name in EMBEDDED else name


def _device(device: str | None) -> torch.device:
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"device {device!r} is not there ({_first_line(error)}); expected cpu, or one that is."
        ) from error
    return place


def _dtype(dtype: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    if dtype is None:
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise UsageError(f"dtype is {dtype!r}, expected float32, bfloat16 or float16.")
    return found


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
