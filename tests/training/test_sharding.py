"""What would hang on several GPUs is refused before it does."""

from types import SimpleNamespace

import pytest

from videoxl.errors import UsageError
from videoxl.training.sharding import check_sharding


def state(stage: int | None, *, num_processes: int = 2) -> SimpleNamespace:
    """What accelerate knows, as far as it is asked."""
    plugin = None if stage is None else SimpleNamespace(zero_stage=stage)
    return SimpleNamespace(num_processes=num_processes, deepspeed_plugin=plugin)


def test_what_would_wait_forever_is_refused():
    """ZeRO-3 is refused unless examples are said to be equal; ZeRO-2, one process and no DeepSpeed are not."""
    with pytest.raises(UsageError, match="zero_stage is 3 and equal_examples is False"):
        check_sharding(state(3), equal_examples=False, has_adapters=False)
    check_sharding(state(3), equal_examples=True, has_adapters=True)
    for harmless in (state(2), state(None), state(3, num_processes=1)):
        check_sharding(harmless, equal_examples=False, has_adapters=False)


def test_adapters_are_not_spread():
    """FSDP with adapters is refused before it trains what it could not write; each of the two alone is not."""
    fsdp = SimpleNamespace(num_processes=2, fsdp_plugin=SimpleNamespace())
    with pytest.raises(UsageError, match="lora is given and the launch is FSDP's"):
        check_sharding(fsdp, equal_examples=False, has_adapters=True)
    check_sharding(fsdp, equal_examples=False, has_adapters=False)
    check_sharding(state(2), equal_examples=False, has_adapters=True)
