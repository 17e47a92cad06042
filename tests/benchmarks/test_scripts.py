"""The measuring scripts measure what they say, shown on toys; no test here looks at a clock."""

import mmap

import pytest
import torch

from benchmarks import answer_batch, decode, gpu_prefill, measurement, open_memory, prefill, training_memory, workload
from videoxl.engine import VideoXL

MIB = 2**20


def test_the_gpu_path_keeps_what_plan_says():
    """Watching and asking by the GPU script, run on the CPU: rows and bytes are those of the plan."""
    result = gpu_prefill.measure(
        gpu_prefill.tiny_config(),
        num_frames=43,
        ratio=16,
        num_questions=2,
        device=torch.device("cpu"),
        dtype=torch.float32,
    )
    assert result["rows"] == 14 + 4 * 3 + 1  # three VSTs for 40 tokens of ten frames, one for the 12 of the last three
    assert result["memory_bytes"]["measured"] == result["memory_bytes"]["planned"]


def test_every_form_of_prefill_begins_the_same_answer(tiny_model):
    """Ours and both forms of the released loop give one row of logits; full attention gives another one."""
    work = workload.random_workload(tiny_model, num_frames=20)
    logits = {name: form()[-1] for name, form in prefill.forms(tiny_model, work).items()}
    torch.testing.assert_close(logits["ours"], logits["released sdpa"], atol=1e-4, rtol=0)
    torch.testing.assert_close(logits["ours"], logits["released eager"], atol=1e-4, rtol=0)
    assert (logits["ours"] - logits["full attention"]).abs().max() > 1e-2


def test_every_form_of_generation_gives_the_same_tokens(tiny_model):
    """On one memory, ours by hand, ours by transformers' loop, and the released loop say the same."""
    memory = decode.random_memory(tiny_model, 50)
    answers = {name: form() for name, form in decode.forms(tiny_model, memory, 4).items()}
    assert all(tokens == answers["ours"] for tokens in answers.values())
    assert len(answers["ours"]) == 4


def test_questions_at_once_say_what_they_say_one_by_one(make_model, processor):
    """Both forms give the same texts of the length asked for, and say how long each question waited."""
    vxl = answer_batch.without_end(VideoXL(make_model(), processor, name="tiny"))
    memory = open_memory.random_hour(vxl, num_frames=40, ratio=4)
    result = answer_batch.measure(vxl, memory, answer_batch.QUESTIONS, num_tokens=3, rounds=2)
    assert result["same_texts"]
    assert all(form["first_token_seconds"]["median"] > 0 for form in result["forms"].values())
    assert "one by one takes" in answer_batch.table(result)


def test_a_peak_is_counted():
    """Memory that is held for a moment counts, even if it was given back."""
    if not measurement.forget_peak():
        pytest.skip("this system does not reset peaks")

    def hold() -> None:
        with mmap.mmap(-1, 256 * MIB) as pages:  # new from the system; torch may give out what this process held before
            for start in range(0, len(pages), mmap.PAGESIZE):
                pages[start] = 1

    # The system may take back some of what earlier tests held meanwhile, and other threads may take some: not so much.
    assert 128 * MIB < measurement.extra_bytes(hold) < 384 * MIB


def test_what_torch_holds_at_once_is_counted():
    """Two tensors that are there together count together; one that is gone before the next comes does not."""

    def hold() -> None:
        one = torch.ones(MIB)
        two = torch.ones(2 * MIB)
        del one, two
        torch.ones(MIB)

    assert training_memory.held_at_once(hold) == 4 * 3 * MIB
