"""Watching and asking at the sizes of Video-XL 7B, random weights, on a GPU: seconds, and the peak against `plan`.

    python -m benchmarks.gpu_prefill [--frames 2048] [--ratio 16] [--questions 3]
    python -m benchmarks.gpu_prefill --tiny --device cpu --frames 40      the same path where there is no GPU

Pictures are random pixel values made on the device, a chunk at a time, so that towers, projector, interval loop and
memory are timed and nothing else. The tower is CLIP ViT-L/14 at 336 pixels, the decoder has Qwen2-7B's shapes.
"""

import argparse
from collections.abc import Callable

import torch
from transformers import CLIPVisionConfig, Qwen2Config

from benchmarks.measurement import Timing, progress, timed, write
from videoxl.compression.budget import Budget, budget
from videoxl.compression.layout import Layout
from videoxl.compression.plan import fixed_plan
from videoxl.memory.cache import MemoryCache
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration
from videoxl.model.geometry import geometry
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE

PREFIX_TOKENS = 14
QUESTION_TOKENS = 20
NEW_TOKENS = 32
GIB = 2**30


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=2048, help="frames to watch (default 2048)")
    parser.add_argument("--ratio", type=int, default=16, help="visual tokens a row (default 16)")
    parser.add_argument("--questions", type=int, default=3, help="questions asked afterwards (default 3)")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu with --tiny (default cuda)")
    parser.add_argument("--tiny", action="store_true", help="sizes of a toy, to try the path itself")
    options = parser.parse_args()
    result = measure(
        tiny_config() if options.tiny else seven_billion(),
        num_frames=options.frames,
        ratio=options.ratio,
        num_questions=options.questions,
        device=torch.device(options.device),
        dtype=torch.float32 if options.device == "cpu" else torch.bfloat16,
    )
    if not options.tiny:
        write(f"gpu_prefill_{options.frames}", result, module="gpu_prefill")
    print(table(result))


def seven_billion() -> VideoXLConfig:
    """The shapes of the released checkpoint: CLIP ViT-L/14-336 and Qwen2-7B."""
    text = Qwen2Config(
        vocab_size=152064, hidden_size=3584, intermediate_size=18944, num_hidden_layers=28, num_attention_heads=28,
        num_key_value_heads=4, max_position_embeddings=131072, rope_theta=1e6, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
        image_size=336, patch_size=14,
    )  # fmt: skip
    return VideoXLConfig(vision_config=vision, text_config=text)


def tiny_config() -> VideoXLConfig:
    """The same structure in the size of a toy."""
    text = Qwen2Config(
        vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=4096, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8
    )
    return VideoXLConfig(vision_config=vision, text_config=text)


def measure(
    config: VideoXLConfig,
    *,
    num_frames: int,
    ratio: int,
    num_questions: int,
    device: torch.device,
    dtype: torch.dtype,
) -> dict[str, object]:
    """Watch random frames, ask random questions; the first of either is also timed after a short rehearsal."""
    shape = geometry(config, bytes_per_element=dtype.itemsize)
    plan = budget(shape, num_frames, ratio=ratio, prefix_tokens=PREFIX_TOKENS, rule=config.layout_rule)
    model = random_model(config, device, dtype)
    progress(f"model: {plan.weights_bytes / GIB:.1f} GiB of weights")
    rehearsal = model.cache()
    watch(model, rehearsal, min(num_frames, 2 * config.interval_frames), ratio)
    answer(model, rehearsal, NEW_TOKENS)
    del rehearsal
    cache, kept = model.cache(), {}
    cache.reserve(plan.num_rows)
    peak, watching = _with_peak(device, lambda: kept.update(watch(model, cache, num_frames, ratio)))
    progress(f"watched {num_frames} frames in {watching.wall_seconds:.2f} s")
    first = [timed(lambda: answer(model, cache, 1)).wall_seconds for _ in range(num_questions)]
    whole = [timed(lambda: answer(model, cache, NEW_TOKENS)).wall_seconds for _ in range(num_questions)]
    return {
        "frames": num_frames,
        "ratio": ratio,
        "dtype": str(dtype).removeprefix("torch."),
        "rows": cache.num_rows,
        "watch_seconds": watching.wall_seconds,
        "of_which_vision_seconds": kept["vision_seconds"],
        "frames_per_second": num_frames / watching.wall_seconds,
        "first_token_seconds": {"first_question": first[0], "second_question": first[1] if num_questions > 1 else None},
        "seconds_per_token": (min(whole) - min(first)) / (NEW_TOKENS - 1),
        "memory_bytes": {"measured": cache.memory.nbytes, "planned": plan.memory_bytes},
        "peak_bytes": _against(plan, peak),
    }


@torch.no_grad()
def watch(model: VideoXLForConditionalGeneration, cache: MemoryCache, num_frames: int, ratio: int) -> dict[str, float]:
    """Prefix and random frames into memory, a chunk of frames at a time as the engine does it."""
    config, weight = model.config, model.model.projector.linear_1.weight
    side = config.vision_config.image_size
    generator = torch.Generator(weight.device).manual_seed(0)
    model.remember_text(cache, _ids(config, PREFIX_TOKENS, weight.device))
    vision_seconds, waiting, num_seen = 0.0, [], 0
    for interval in fixed_plan(num_frames, ratio=ratio, interval_frames=config.interval_frames):
        while num_seen < interval.stop:
            size = min(FRAMES_AT_ONCE, num_frames - num_seen)
            pixels = torch.randn(size, 3, side, side, generator=generator, device=weight.device).to(weight.dtype)
            seen: list[torch.Tensor] = []
            seeing = timed(lambda pixels=pixels, seen=seen: seen.append(model.get_video_features(pixels)))
            vision_seconds += seeing.wall_seconds
            waiting.extend(seen[0])
            num_seen += size
        visual_BND = torch.cat(waiting[: interval.num_frames])[None]
        del waiting[: interval.num_frames]
        layout = Layout(visual_BND.shape[1], ratio, config.layout_rule)
        segment = Segment(
            kind="interval", num_rows=layout.num_rows_kept, first_frame=interval.start,
            num_frames=interval.num_frames, start_seconds=float(interval.start), stop_seconds=float(interval.stop),
            ratio=ratio,
        )  # fmt: skip
        model.remember_interval(cache, visual_BND, segment)
    return {"vision_seconds": vision_seconds}


def answer(model: VideoXLForConditionalGeneration, cache: MemoryCache, num_tokens: int) -> torch.Tensor:
    """Ask a random question of the memory, which stays as it is."""
    question = _ids(model.config, QUESTION_TOKENS, model.lm_head.weight.device)
    never = model.config.text_config.vocab_size
    return model.generate(question, memory=cache, max_new_tokens=num_tokens, do_sample=False, eos_token_id=never)


def random_model(config: VideoXLConfig, device: torch.device, dtype: torch.dtype) -> VideoXLForConditionalGeneration:
    """A model made where it will run: 7B of weights never stand in the host's memory."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return VideoXLForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(before)


def table(result: dict) -> str:
    """The result for a person."""
    peak, first = result["peak_bytes"], result["first_token_seconds"]
    lines = [
        f"{result['frames']} frames at {result['ratio']}x, {result['dtype']}: {result['watch_seconds']:.2f} s "
        f"({result['of_which_vision_seconds']:.2f} s of them vision), {result['rows']} rows",
        f"first token {first['first_question']:.3f} s, of a second question {first['second_question'] or 0:.3f} s; "
        f"{1e3 * result['seconds_per_token']:.1f} ms a token",
    ]
    if peak["measured"] is not None:
        lines.append(
            f"peak {peak['measured'] / GIB:.2f} GiB, planned {peak['planned'] / GIB:.2f} GiB "
            f"({100 * peak['measured_above_planned']:+.1f} %)"
        )
    return "\n".join(lines)


def _ids(config: VideoXLConfig, count: int, device: torch.device) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randint(2, config.text_config.vocab_size, (1, count), generator=generator).to(device)


def _with_peak(device: torch.device, work: Callable[[], object]) -> tuple[dict[str, int], Timing]:
    """The device's peak while working, weights included; nothing on a CPU, where other scripts measure it."""
    if device.type != "cuda":
        return {}, timed(work)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    timing = timed(work)
    peak = {"measured": torch.cuda.max_memory_allocated(device), "reserved": torch.cuda.max_memory_reserved(device)}
    return peak, timing


def _against(plan: Budget, peak: dict[str, int]) -> dict[str, float | None]:
    """`measured` is what tensors took, `reserved` what the allocator took from the device for them."""
    above = peak["measured"] / plan.peak_bytes - 1 if peak else None
    return {"measured": None, "reserved": None, **peak, "planned": plan.peak_bytes, "measured_above_planned": above}


if __name__ == "__main__":
    main()
