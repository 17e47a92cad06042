"""Laws of the interval loop: what memory may, and may not, change about an answer."""

import pytest
import torch
from transformers import LlamaForCausalLM, Qwen2ForCausalLM
from transformers.models.qwen2.modeling_qwen2 import apply_rotary_pos_emb

from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout

FP32_ROUND_OFF = 2e-5  # logits of order 1, sums over a few hundred rows in another order
SEEDS = [0, 1, 2]


def fixed_plan(num_frames: int, *, ratio: int, size: int = 5) -> list[Interval]:
    return [Interval(start, min(start + size, num_frames), ratio) for start in range(0, num_frames, size)]


def random_ids(generator: torch.Generator, length: int) -> torch.Tensor:
    return torch.randint(2, 90, (1, length), generator=generator)


def random_tokens(generator: torch.Generator, num_frames: int) -> torch.Tensor:
    return torch.randn(num_frames, 4, 32, generator=generator)


def watched(model, prefix, visual_FMD, plan):
    cache = model.cache()
    model.remember_text(cache, prefix)
    model.remember_video(cache, visual_FMD, plan)
    return cache


@pytest.mark.parametrize("decoder", ["qwen2", "llama"])
@pytest.mark.parametrize("seed", SEEDS)
@torch.no_grad()
def test_ratio_one_is_the_base_language_model(make_model, decoder, seed):
    """At ratio 1 the logits are those of transformers' own decoder on the whole sequence."""
    model = make_model(decoder=decoder, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    prefix, question = random_ids(generator, 5), random_ids(generator, 7)
    visual = random_tokens(generator, 12)
    cache = watched(model, prefix, visual, fixed_plan(12, ratio=1))
    ours = model(question, past_key_values=cache).logits

    base_class = {"qwen2": Qwen2ForCausalLM, "llama": LlamaForCausalLM}[decoder]
    base = base_class(model.config.text_config).eval()
    shared = {name: value for name, value in model.decoder.state_dict().items() if "vst" not in name}
    base.model.load_state_dict(shared)
    base.lm_head.load_state_dict(model.lm_head.state_dict())
    embed = base.get_input_embeddings()
    sequence = torch.cat([embed(prefix), visual.flatten(0, 1)[None], embed(question)], dim=1)
    theirs = base(inputs_embeds=sequence).logits[:, -question.shape[1] :]
    torch.testing.assert_close(ours, theirs, atol=FP32_ROUND_OFF, rtol=0)


def slow_reference(model, prefix, visual_FMD, plan, question):
    """Every interval's whole input from scratch: un-rotated memory, rotated anew in each step, one dense softmax."""
    decoder = model.decoder
    memory = [(None, None)] * len(decoder.layers)

    def run(embeds, is_vst, keep):
        hidden = embeds
        num_memory = 0 if memory[0][0] is None else memory[0][0].shape[2]
        total = num_memory + embeds.shape[1]
        cos, sin = decoder.rotary_emb(embeds, torch.arange(total)[None])
        for index, layer in enumerate(decoder.layers):
            normed = layer.input_layernorm(hidden)
            attention = layer.self_attn
            parts = []
            for name in "qkv":
                base, own = getattr(attention, f"{name}_proj"), getattr(attention, f"vst_{name}_proj")
                rows = torch.where(is_vst[None, :, None], own(normed), base(normed))
                parts.append(rows.view(1, embeds.shape[1], -1, attention.head_dim).transpose(1, 2))
            query, key, value = parts
            old_key, old_value = memory[index]
            keys = key if old_key is None else torch.cat([old_key, key], dim=2)
            values = value if old_value is None else torch.cat([old_value, value], dim=2)
            _, rotated = apply_rotary_pos_emb(keys, keys, cos, sin)
            query, _ = apply_rotary_pos_emb(query, query, cos[:, num_memory:], sin[:, num_memory:])
            groups = query.shape[1] // keys.shape[1]
            scores = query @ rotated.repeat_interleave(groups, 1).transpose(2, 3) * attention.scaling
            scores = scores + torch.full((embeds.shape[1], total), float("-inf")).triu(num_memory + 1)
            mixed = scores.softmax(-1) @ values.repeat_interleave(groups, 1)
            hidden = hidden + attention.o_proj(mixed.transpose(1, 2).flatten(2))
            hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
            kept_key, kept_value = key[:, :, keep], value[:, :, keep]
            memory[index] = (
                kept_key if old_key is None else torch.cat([old_key, kept_key], dim=2),
                kept_value if old_value is None else torch.cat([old_value, kept_value], dim=2),
            )
        return model.lm_head(decoder.norm(hidden))

    def text(ids):
        nothing = torch.zeros(ids.shape[1], dtype=torch.bool)
        return run(decoder.embed_tokens(ids), nothing, torch.arange(ids.shape[1]))

    text(prefix)
    for interval in plan:
        tokens = visual_FMD[interval.start : interval.stop].flatten(0, 1)
        layout = Layout(len(tokens), interval.ratio, model.config.layout_rule)
        embeds = torch.zeros(1, layout.length, tokens.shape[1])
        is_vst = torch.zeros(layout.length, dtype=torch.bool)
        embeds[0, layout.raw_index()] = tokens[: layout.num_raw]
        if layout.num_vst:
            embeds[0, layout.vst_index()] = decoder.vst_embedding.weight[0]
            is_vst[layout.vst_index()] = True
        run(embeds, is_vst, torch.tensor(layout.vst_index() or layout.raw_index()))
    return text(question), memory


@pytest.mark.parametrize("rule", ["close", "drop"])
@pytest.mark.parametrize("seed", SEEDS)
@torch.no_grad()
def test_the_interval_loop_equals_a_slow_reference(make_model, rule, seed):
    """Rotating once, splitting the softmax and skipping what no one reads change neither rows nor logits."""
    model = make_model(seed=seed, layout_rule=rule)
    generator = torch.Generator().manual_seed(seed)
    prefix, question = random_ids(generator, 6), random_ids(generator, 4)
    visual = random_tokens(generator, 17)
    plan = [Interval(0, 5, 2), Interval(5, 9, 3), Interval(9, 10, 1), Interval(10, 17, 8)]
    cache = watched(model, prefix, visual, plan)
    logits, memory = slow_reference(model, prefix, visual, plan, question)
    num_rows = cache.num_rows
    for index, (keys, values) in enumerate(memory):
        torch.testing.assert_close(cache.memory.keys[index], keys[0, :, :num_rows], atol=FP32_ROUND_OFF, rtol=0)
        torch.testing.assert_close(cache.memory.values[index], values[0, :, :num_rows], atol=FP32_ROUND_OFF, rtol=0)
    torch.testing.assert_close(model(question, past_key_values=cache).logits, logits, atol=FP32_ROUND_OFF, rtol=0)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@torch.no_grad()
def test_training_and_inference_agree(make_model, num_layers):
    """The differentiable loop gives the logits that generating from a memory starts with, at any depth of decoder."""
    model = make_model(num_layers=num_layers)
    generator = torch.Generator().manual_seed(3)
    prefix, question = random_ids(generator, 6), random_ids(generator, 4)
    visual = random_tokens(generator, 13)
    plan = [Interval(0, 5, 2), Interval(5, 13, 4)]
    cache = watched(model, prefix, visual, plan)
    expected = model(question, past_key_values=cache).logits
    prompt = torch.cat([prefix, torch.tensor([[96]]), question], dim=1)
    with torch.enable_grad():
        ours = model(prompt, visual_tokens=[visual[None]], intervals=[plan]).logits
    torch.testing.assert_close(ours, expected, atol=FP32_ROUND_OFF, rtol=0)


def test_gradients_reach_the_first_interval(make_model):
    """A label behind the video moves the VST weights through every interval, the first included."""
    model = make_model()
    generator = torch.Generator().manual_seed(0)
    visual = random_tokens(generator, 20).requires_grad_()
    prompt = torch.cat([random_ids(generator, 3), torch.tensor([[96]]), random_ids(generator, 4)], dim=1)
    labels = torch.full_like(prompt, -100)
    labels[0, -1] = prompt[0, -1]
    model(prompt, visual_tokens=[visual[None]], intervals=[fixed_plan(20, ratio=4)], labels=labels).loss.backward()
    assert (visual.grad.flatten(1).abs().amax(dim=1) > 0).all()
    assert model.decoder.vst_embedding.weight.grad.abs().max() > 0


def test_the_loss_is_one_mean_over_all_labels(make_model):
    """Labels in text before, between and behind two videos weigh the same, and equal those of a dense computation."""
    model = make_model()
    generator = torch.Generator().manual_seed(5)
    first, second = random_tokens(generator, 4), random_tokens(generator, 6)
    mark = torch.tensor([[96]])
    pieces = [random_ids(generator, 5), mark, random_ids(generator, 3), mark, random_ids(generator, 4)]
    prompt = torch.cat(pieces, dim=1)
    labels = prompt.clone()
    labels[prompt == 96] = -100
    plans = [fixed_plan(4, ratio=1), fixed_plan(6, ratio=1)]
    loss = model(prompt, visual_tokens=[first[None], second[None]], intervals=plans, labels=labels).loss

    embed = model.decoder.embed_tokens
    flat = [embed(pieces[0]), first.flatten(0, 1)[None], embed(pieces[2]), second.flatten(0, 1)[None], embed(pieces[4])]
    hidden = model.decoder(torch.cat(flat, dim=1), model.cache())
    logits = model.lm_head(hidden)[0]
    spread = [labels[0, :5], torch.full((16,), -100), labels[0, 6:9], torch.full((24,), -100), labels[0, 10:]]
    targets = torch.cat([torch.cat(spread)[1:], torch.tensor([-100])])
    expected = torch.nn.functional.cross_entropy(logits, targets)
    torch.testing.assert_close(loss, expected, atol=FP32_ROUND_OFF, rtol=0)


@torch.no_grad()
def test_asking_leaves_a_memory_byte_identical(tiny_model):
    """Questions, in any order, change neither a memory's bytes nor each other's answers."""
    generator = torch.Generator().manual_seed(1)
    cache = watched(tiny_model, random_ids(generator, 4), random_tokens(generator, 20), fixed_plan(20, ratio=4))
    before = cache.memory.keys.clone(), cache.memory.values.clone()
    questions = [random_ids(generator, 5) for _ in range(3)]

    def ask(question):
        return tiny_model.generate(question, memory=cache, max_new_tokens=6, do_sample=False)

    forward = [ask(question) for question in questions]
    backward = [ask(question) for question in reversed(questions)][::-1]
    assert all(torch.equal(one, other) for one, other in zip(forward, backward, strict=True))
    assert torch.equal(cache.memory.keys, before[0])
    assert torch.equal(cache.memory.values, before[1])
    assert cache.num_tail == 0


@torch.no_grad()
def test_two_memories_on_one_model_do_not_touch(tiny_model):
    """Two videos watched in turns, interval by interval, give the rows that each gives alone."""
    generator = torch.Generator().manual_seed(2)
    videos = [random_tokens(generator, 15) for _ in range(2)]
    prefix, plan = random_ids(generator, 4), fixed_plan(15, ratio=4)
    alone = [watched(tiny_model, prefix, visual, plan) for visual in videos]
    together = [watched(tiny_model, prefix, visual, plan[:1]) for visual in videos]
    for interval in plan[1:]:
        for cache, visual in zip(together, videos, strict=True):
            tiny_model.remember_video(cache, visual, [interval])
    for one, other in zip(alone, together, strict=True):
        assert one.memory.same_rows(other.memory)


@torch.no_grad()
def test_watching_on_equals_watching_at_once(tiny_model):
    """watch(a + b) equals watch(a), save nothing, then append(b), when an interval ends at the seam."""
    generator = torch.Generator().manual_seed(4)
    visual, prefix = random_tokens(generator, 20), random_ids(generator, 4)
    plan = fixed_plan(20, ratio=4)
    at_once = watched(tiny_model, prefix, visual, plan)
    first = watched(tiny_model, prefix, visual, plan[:2])
    reopened = tiny_model.cache(first.memory.fork())
    tiny_model.remember_video(reopened, visual, plan[2:])
    assert reopened.memory.same_rows(at_once.memory)
    assert first.memory.num_rows < at_once.memory.num_rows
