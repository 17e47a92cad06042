"""The oracles of the benchmarks do the same work as the model they are compared with."""

import pytest
import torch
from benchmarks.full_attention import FullAttention
from benchmarks.oracle import ReleasedLoop, official_weights

from videoxl.compression.interval import Interval

LOGIT_TOLERANCE = 1e-4
NO_TOKEN = 97  # one more than the tiny vocabulary has, so that no answer ends early


def prompt(model, *, num_frames, seed=0):
    """Prefix, visual tokens (F, M, D) and suffix of a random video."""
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    visual_FMD = torch.randn(num_frames, config.tokens_per_frame, config.text_config.hidden_size, generator=generator)
    prefix, suffix = (torch.randint(2, 90, (size,), generator=generator) for size in (5, 7))
    return prefix, visual_FMD, suffix


def answer(model, prefix, visual_FMD, suffix, intervals):
    """Logits (T, C) of the suffix, and three greedy tokens, by our model."""
    cache = model.cache()
    model.remember_text(cache, prefix[None])
    model.remember_video(cache, visual_FMD, intervals)
    with torch.no_grad():
        logits_TC = model(suffix[None], past_key_values=cache.fork()).logits[0]
    output = model.generate(suffix[None], memory=cache, max_new_tokens=3, do_sample=False, eos_token_id=NO_TOKEN)
    return logits_TC, output[0, len(suffix) :].tolist()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_released_loop_gives_our_logits(make_model, attention):
    """Dense masks, re-rotation of every key and expanded heads change no logit and no greedy token."""
    model = make_model(layout_rule="drop")
    prefix, visual_FMD, suffix = prompt(model, num_frames=13)
    intervals = [Interval(0, 5, 4), Interval(5, 10, 4), Interval(10, 13, 4)]
    logits_TC, tokens = answer(model, prefix, visual_FMD, suffix, intervals)
    loop = ReleasedLoop(official_weights(model), model.config.text_config, attention=attention)
    window = 5 * model.config.tokens_per_frame
    expected_TC = loop.prefill(prefix, visual_FMD.flatten(0, 1), suffix, window=window, ratio=4)
    torch.testing.assert_close(logits_TC, expected_TC, atol=LOGIT_TOLERANCE, rtol=0)
    assert tokens == loop.generate(expected_TC, 3)


def test_full_attention_is_our_ratio_one(tiny_model):
    """Without compression our loop is the stock decoder."""
    prefix, visual_FMD, suffix = prompt(tiny_model, num_frames=6)
    intervals = [Interval(0, 4, 1), Interval(4, 6, 1)]
    logits_TC, _ = answer(tiny_model, prefix, visual_FMD, suffix, intervals)
    expected_1C = FullAttention(tiny_model).prefill(prefix, visual_FMD.flatten(0, 1), suffix)
    torch.testing.assert_close(logits_TC[-1:], expected_1C, atol=LOGIT_TOLERANCE, rtol=0)
