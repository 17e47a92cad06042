"""A plan of watching: budgets over ratios from a config alone, and the ratio that fits."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.errors import CheckpointError, UsageError

if TYPE_CHECKING:
    from videoxl.cli.watching import WatchOptions
    from videoxl.compression import Budget
    from videoxl.model import VideoXLConfig

ELEMENT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
PREFIX_TOKENS = 14  # of text before the video with Qwen2's tokenizer, where a folder has none to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What watching would keep and need, for every ratio that the model offers."""

    duration_seconds: float
    num_frames: int
    num_requested: int
    """Frames before --max-frames."""
    dtype: str
    device_bytes: int | None
    """None where the system does not say how much is free."""
    tokens_per_frame: int
    interval_frames: int
    max_positions: int
    budgets: "dict[int, Budget]"
    ratio: int | None
    """The one asked for, else the smallest that fits; None where none fits."""

    def fits(self, ratio: int) -> bool:
        """Whether a ratio's peak is in the device."""
        return self.device_bytes is None or self.budgets[ratio].peak_bytes <= self.device_bytes


def make_plan(
    duration_seconds: float,
    options: "WatchOptions",
    *,
    model: str,
    dtype: str | None,
    device_bytes: int | None,
) -> Plan:
    """Count and add up; `device_bytes` None asks this machine."""
    from videoxl.compression import Rule, budget
    from videoxl.engine.watch_config import check_ratio
    from videoxl.model.geometry import geometry
    from videoxl.video import sample_times

    chosen = sample_times(duration_seconds, options.sample())
    config, prefix_tokens = _description(model)
    offered = config.compression_ratios or []
    if options.ratio is not None:
        check_ratio(options.ratio, offered)
    dtype, device_bytes = _device(dtype, device_bytes)
    shape = geometry(config, bytes_per_element=ELEMENT_BYTES[dtype])
    interval_frames = config.interval_frames if options.interval_frames is None else options.interval_frames
    num_frames = len(chosen.seconds_F)
    rule: Rule = "drop" if config.layout_rule == "drop" else "close"
    budgets = {
        ratio: budget(
            shape, num_frames, ratio=ratio, interval_frames=interval_frames, prefix_tokens=prefix_tokens,
            rule=rule,
        )
        for ratio in sorted({1, *offered})
    }  # fmt: skip
    fitting = [ratio for ratio, needed in budgets.items() if device_bytes is None or needed.peak_bytes <= device_bytes]
    return Plan(
        duration_seconds=duration_seconds,
        num_frames=num_frames,
        num_requested=chosen.num_requested,
        dtype=dtype,
        device_bytes=device_bytes,
        tokens_per_frame=config.tokens_per_frame,
        interval_frames=interval_frames,
        max_positions=config.text_config.max_position_embeddings,
        budgets=budgets,
        ratio=options.ratio if options.ratio is not None else next(iter(fitting), None),
    )


def _description(model: str) -> "tuple[VideoXLConfig, int]":
    """The config of a model, and how many tokens stand before the video; no weight is read or fetched."""
    from videoxl.checkpoint.load import TOKENIZER_FILES, load_processor, read_config
    from videoxl.engine.loading import model_path

    folder = Path(model_path(model))
    if not (folder / "config.json").is_file():
        raise CheckpointError(
            f"{folder} has no config.json, which is all that a plan needs. Give a folder that has one with --model."
        )
    config = read_config(folder).config
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        return config, PREFIX_TOKENS
    return config, len(load_processor(folder, config).before_video())


def _device(dtype: str | None, device_bytes: int | None) -> tuple[str, int | None]:
    """What to compute in and how much room there is: as asked for, else as this machine has it."""
    import torch

    from videoxl.engine.preflight import free_bytes

    has_gpu = torch.cuda.is_available()
    if dtype is None:
        dtype = "bfloat16" if has_gpu or device_bytes is not None else "float32"
    if dtype not in ELEMENT_BYTES:
        raise UsageError(f"--dtype is {dtype!r}, expected one of {', '.join(ELEMENT_BYTES)}.")
    if device_bytes is None:
        device_bytes = free_bytes(torch.device("cuda" if has_gpu else "cpu"))
    return dtype, device_bytes
