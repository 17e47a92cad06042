"""Peak memory of a training step on a short video and on one with more intervals, activations kept or computed again.

    python -m benchmarks.training_memory [--intervals 8 32]

A step is forward, backward and the optimizer's. What is counted is what torch holds at once beyond weights, their
gradients and the optimizer's moments; taken off are the video's visual tokens and the rows kept of it, once each. Their
gradients are not taken off.
"""

import argparse
import itertools
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile
from transformers import CLIPVisionConfig, Qwen2Config

from benchmarks.measurement import progress, timed, write

RATIO = 8
INTERVAL_FRAMES = 4
TOKENS_PER_FRAME = 144
QUESTION_TOKENS = 32
WARM_INTERVALS = 2
SIZES = {
    "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 8, "num_attention_heads": 8,
    "num_key_value_heads": 2, "vocab_size": 4096, "max_position_embeddings": 65536,
}  # fmt: skip


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--intervals", type=int, nargs=2, default=(8, 32), help="intervals of the two videos")
    options = parser.parse_args()
    few, many = options.intervals
    cases = {}
    for checkpoints in (True, False):
        runs = [step(number, checkpoints=checkpoints) for number in (few, many)]
        beside = [run["peak_bytes"] - run["row_bytes"] - run["input_bytes"] for run in runs]
        cases["checkpointing" if checkpoints else "keeping"] = {
            "runs": runs,
            "beside_rows_bytes": beside,
            "growth": beside[1] / beside[0] - 1,
        }
    result = {"ratio": RATIO, "interval_frames": INTERVAL_FRAMES, "model": SIZES, "cases": cases}
    write("training_memory", result)
    print(table(result))


def step(num_intervals: int, *, checkpoints: bool) -> dict[str, object]:
    """One step of training, and what it held at its peak."""
    model, optimizer = _model()
    if checkpoints:
        model.gradient_checkpointing_enable()
    _learn(model, optimizer, WARM_INTERVALS)  # gradients and moments are there from the first step on
    timing = timed(lambda: _learn(model, optimizer, num_intervals))
    peak = held_at_once(lambda: _learn(model, optimizer, num_intervals))
    progress(f"{num_intervals} intervals: {peak / 1e6:.0f} MB, {timing.wall_seconds:.0f} s")
    frames = num_intervals * INTERVAL_FRAMES
    rows = frames * TOKENS_PER_FRAME // RATIO
    config = model.config.text_config
    width = config.num_key_value_heads * config.hidden_size // config.num_attention_heads
    element = 4
    return {
        "intervals": num_intervals,
        "frames": frames,
        "rows": rows,
        "row_bytes": 2 * config.num_hidden_layers * rows * width * element,  # keys and values
        "input_bytes": frames * TOKENS_PER_FRAME * config.hidden_size * element,
        "peak_bytes": peak,
        "wall_seconds": timing.wall_seconds,
    }


def held_at_once(work: Callable[[], object]) -> int:
    """The most bytes that torch holds at once for some work, beyond what it held before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as watched:
        work()
    events = watched.profiler.kineto_results.events()
    changes = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    return max(itertools.accumulate(size for _, size in changes), default=0)


def table(result: dict) -> str:
    """The result for a person."""
    lines = [f"{'activations':>14}{'intervals':>11}{'peak MB':>9}{'rows MB':>9}{'beside MB':>11}{'seconds':>9}"]
    for name, case in result["cases"].items():
        for run, beside in zip(case["runs"], case["beside_rows_bytes"], strict=True):
            lines.append(
                f"{name:>14}{run['intervals']:>11}{run['peak_bytes'] / 1e6:>9.0f}{run['row_bytes'] / 1e6:>9.0f}"
                f"{beside / 1e6:>11.0f}{run['wall_seconds']:>9.1f}"
            )
        lines.append(f"{name:>14}: {100 * case['growth']:+.1f} % beside rows and visual tokens")
    return "\n".join(lines)


def _model():
    from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration

    torch.manual_seed(0)
    vision = CLIPVisionConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
    config = VideoXLConfig(
        vision_config=vision, text_config=Qwen2Config(**SIZES), video_token_id=SIZES["vocab_size"] - 1
    )
    model = VideoXLForConditionalGeneration(config).train()
    model.model.vision_tower.requires_grad_(False)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return model, torch.optim.AdamW(learning, lr=1e-5)


def _learn(model, optimizer, num_intervals: int) -> None:
    from videoxl.compression.interval import Interval

    frames = num_intervals * INTERVAL_FRAMES
    visual = torch.randn(1, frames, TOKENS_PER_FRAME, SIZES["hidden_size"], requires_grad=True)
    ids = torch.cat([torch.tensor([[5, 6, SIZES["vocab_size"] - 1]]), torch.arange(QUESTION_TOKENS)[None] + 7], dim=1)
    labels = torch.where(torch.arange(ids.shape[1]) < ids.shape[1] - QUESTION_TOKENS // 2, -100, ids)
    plan = [Interval(start, start + INTERVAL_FRAMES, RATIO) for start in range(0, frames, INTERVAL_FRAMES)]
    model(ids, labels=labels, visual_tokens=[visual], intervals=[plan]).loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)  # gradients stay where they are, in every case


if __name__ == "__main__":
    main()
