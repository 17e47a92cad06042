"""Weights spread over ranks, under examples that differ: what is refused before it hangs or cannot be written.

An example passes the decoder once an interval and the tower once a chunk of frames, so ranks use their weights
unequally often. That is no matter where each rank holds all of them (ZeRO-2), and a wait without end where every Linear
is put together when it is used (ZeRO-3). The trainer itself says what FSDP may do.
"""

from typing import Any

from videoxl.errors import UsageError

SPREADS_WEIGHTS = 3  # DeepSpeed's stage


def check_sharding(state: Any, *, equal_examples: bool, has_adapters: bool) -> None:
    """Refuse what cannot end well; `state` is accelerate's.

    Raises:
        UsageError: ZeRO-3 without the word that examples are equal, or FSDP with adapters.
    """
    plugin = getattr(state, "deepspeed_plugin", None)
    if state.num_processes > 1 and plugin is not None and plugin.zero_stage == SPREADS_WEIGHTS and not equal_examples:
        raise UsageError(
            f"zero_stage is {plugin.zero_stage} and equal_examples is {equal_examples}; ranks would wait forever for "
            "one another where videos have other numbers of intervals. Take recipes/accelerate/deepspeed_zero2.yaml, "
            "or say equal_examples: true where every example has as many frames and intervals as every other."
        )
    if has_adapters and getattr(state, "fsdp_plugin", None) is not None:
        raise UsageError(
            "parameters: lora is given and the launch is FSDP's, into whose shards no adapter can be merged later. "
            "Take recipes/accelerate/deepspeed_zero2.yaml, or `accelerate launch --multi_gpu`: adapters are small."
        )
