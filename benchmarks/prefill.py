"""Prefill of a video on the CPU: our loop, the released loop in two forms, and full attention without compression.

python -m benchmarks.prefill [--rounds 5]
"""

import argparse
import json
from collections.abc import Callable

import torch

from benchmarks.full_attention import FullAttention
from benchmarks.measurement import extra_bytes, in_own_process, in_turns, ratios, summary, write
from benchmarks.oracle import ReleasedLoop, official_weights
from benchmarks.workload import NUM_FRAMES, RATIO, Workload, prefill, random_model, random_workload
from videoxl.model import VideoXLForConditionalGeneration

FORMS = ("ours", "released sdpa", "released eager", "full attention")


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each form (default 5)")
    parser.add_argument("--frames", type=int, default=NUM_FRAMES, help=f"frames of the video (default {NUM_FRAMES})")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=FORMS, metavar="FORM", help="leave some out")
    parser.add_argument("--extra-bytes-of", choices=FORMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    model = random_model()
    work = random_workload(model, num_frames=options.frames)
    if options.extra_bytes_of:
        form = forms(model, work)[options.extra_bytes_of]
        print(json.dumps({"extra_bytes": extra_bytes(form)}))
        return
    chosen = {name: form for name, form in forms(model, work).items() if name in options.forms}
    largest_difference = _warm_and_compare(model, work)
    timings = in_turns(chosen, rounds=options.rounds)
    result = {
        "workload": {"frames": options.frames, "visual_tokens": work.visual_FMD.shape[0] * work.visual_FMD.shape[1]},
        "ratio": RATIO,
        "largest_logit_difference": largest_difference,
        "forms": {name: summary(timings[name]) for name in chosen},
        "times_longer": ratios(timings),
        "extra_bytes": {name: _extra_bytes(name, options.frames) for name in chosen},
    }
    result["times_more_bytes"] = {
        name: held / result["extra_bytes"]["ours"] for name, held in result["extra_bytes"].items() if name != "ours"
    }
    write("prefill", result)
    print(table(result))


def forms(model: VideoXLForConditionalGeneration, work: Workload) -> dict[str, Callable[[], torch.Tensor]]:
    """Each form as one call from given visual tokens to the logits that begin the answer."""
    features_ND = work.visual_FMD.flatten(0, 1)

    def released(attention: str) -> torch.Tensor:
        loop = ReleasedLoop(official_weights(model), model.config.text_config, attention=attention)
        return loop.prefill(work.prefix_ids, features_ND, work.suffix_ids, window=work.window, ratio=RATIO)

    return {
        "ours": lambda: prefill(model, work)[1],
        "released sdpa": lambda: released("sdpa"),
        "released eager": lambda: released("eager"),
        "full attention": lambda: FullAttention(model).prefill(work.prefix_ids, features_ND, work.suffix_ids),
    }


def table(result: dict) -> str:
    """The result for a person."""
    lines = [f"{'form':<16}{'wall s':>9}{'CPU s':>9}{'longer':>9}{'extra MB':>10}{'more':>7}"]
    for name, form in result["forms"].items():
        longer = result["times_longer"].get(f"{name} / ours", {}).get("wall_min", 1.0)
        more = result["times_more_bytes"].get(name, 1.0)
        wall, cpu = form["wall_seconds"]["min"], form["cpu_seconds"]["min"]
        held = result["extra_bytes"][name] / 1e6
        lines.append(f"{name:<16}{wall:>9.2f}{cpu:>9.2f}{longer:>8.2f}x{held:>10.0f}{more:>6.1f}x")
    return "\n".join(lines)


def _warm_and_compare(model: VideoXLForConditionalGeneration, work: Workload) -> float:
    """The largest difference of our last logits to the released loop's; threads and kernels are warm then."""
    few = Workload(work.prefix_ids, work.visual_FMD[:20], work.suffix_ids)
    ready = forms(model, few)
    return float((ready["ours"]()[-1] - ready["released sdpa"]()[-1]).abs().max())


def _extra_bytes(form: str, num_frames: int) -> int:
    return in_own_process("benchmarks.prefill", "--frames", num_frames, "--extra-bytes-of", form)["extra_bytes"]


if __name__ == "__main__":
    main()
