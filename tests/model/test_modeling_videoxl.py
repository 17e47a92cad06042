"""The Hugging Face side: saving, Auto classes, generate, towers."""

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    CLIPVisionConfig,
    CLIPVisionModel,
    Qwen2Config,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from videoxl.compression.interval import Interval
from videoxl.errors import CheckpointError, UsageError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration
from videoxl.model.projector import Projector
from videoxl.model.vision_tower import frame_features

FP32_ROUND_OFF = 2e-5
PLAN = [Interval(0, 5, 4), Interval(5, 12, 2)]


def ids(*shape, seed=0):
    return torch.randint(2, 90, shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def cache(tiny_model):
    cache = tiny_model.cache()
    tiny_model.remember_text(cache, ids(1, 4))
    visual = torch.randn(12, 4, 32, generator=torch.Generator().manual_seed(0))
    tiny_model.remember_video(cache, visual, PLAN)
    return cache


def test_a_saved_model_is_the_same_model(tiny_model, tmp_path):
    """save_pretrained and the Auto class give back every weight, the config, and the same words."""
    tiny_model.save_pretrained(tmp_path)
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    assert type(loaded) is VideoXLForConditionalGeneration
    saved, read = tiny_model.config.to_dict(), AutoConfig.from_pretrained(tmp_path).to_dict()
    assert {**read, "_name_or_path": ""} == {**saved, "_name_or_path": ""}
    for (name, one), (other_name, other) in zip(
        tiny_model.state_dict().items(), loaded.state_dict().items(), strict=True
    ):
        assert name == other_name
        assert torch.equal(one, other), name
    question = ids(1, 6)
    assert torch.equal(*(m.generate(question, max_new_tokens=5, do_sample=False) for m in (tiny_model, loaded)))


@torch.no_grad()
def test_generate_continues_from_a_memory(tiny_model, cache):
    """Greedy `generate` on a memory picks, token by token, what single steps pick."""
    question = ids(1, 5, seed=1)
    generated = tiny_model.generate(question, memory=cache, max_new_tokens=8, do_sample=False)[0, 5:].tolist()
    conversation = cache.fork()
    logits = tiny_model(question, past_key_values=conversation).logits
    by_hand = []
    for _ in generated:
        by_hand.append(int(logits[0, -1].argmax()))
        logits = tiny_model(torch.tensor([[by_hand[-1]]]), past_key_values=conversation).logits
    assert generated == by_hand


@torch.no_grad()
def test_a_batch_of_questions_answers_like_each_alone(tiny_model, cache):
    """Questions of different lengths, padded on the left, share one memory and get their own answers."""
    questions = [ids(1, length, seed=length) for length in (3, 7, 5)]
    alone = [
        tiny_model.generate(q, memory=cache, max_new_tokens=6, do_sample=False)[0, q.shape[1] :] for q in questions
    ]
    padded = torch.zeros(3, 7, dtype=torch.long)
    mask = torch.zeros(3, 7, dtype=torch.long)
    for row, question in enumerate(questions):
        padded[row, 7 - question.shape[1] :] = question[0]
        mask[row, 7 - question.shape[1] :] = 1
    together = tiny_model.generate(padded, memory=cache, attention_mask=mask, max_new_tokens=6, do_sample=False)
    for row, answer in enumerate(alone):
        assert together[row, 7 : 7 + len(answer)].tolist() == answer.tolist()


@torch.no_grad()
def test_a_conversation_remembers_its_turns(tiny_model, cache):
    """A question asked on a conversation equals the same tokens asked in one piece."""
    conversation = cache.fork()
    whole = ids(1, 9, seed=9)
    tiny_model(whole[:, :4], past_key_values=conversation)
    continued = tiny_model(whole[:, 4:], past_key_values=conversation).logits
    at_once = tiny_model(whole, past_key_values=cache.fork()).logits[:, 4:]
    torch.testing.assert_close(continued, at_once, atol=FP32_ROUND_OFF, rtol=0)
    assert cache.num_tail == 0


@torch.no_grad()
def test_generate_watches_pixels_first(tiny_model):
    """Pixels given to `generate` become the memory that watching them by hand makes; text before them stays."""
    pixels = torch.randn(12, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    prompt = torch.cat([ids(1, 3), torch.tensor([[96]]), ids(1, 4, seed=2)], dim=1)
    direct = tiny_model.generate(
        prompt, pixel_values_videos=[pixels], intervals=[PLAN], max_new_tokens=5, do_sample=False
    )
    cache = tiny_model.cache()
    tiny_model.remember_text(cache, prompt[:, :3])
    tiny_model.remember_video(cache, tiny_model.get_video_features(pixels), PLAN)
    by_hand = tiny_model.generate(prompt[:, 4:], memory=cache, max_new_tokens=5, do_sample=False)
    assert direct[0, 4:].tolist() == by_hand[0].tolist()
    assert direct[0, :4].tolist() == prompt[0, :4].tolist()


@torch.no_grad()
def test_beams_work_on_a_memory(tiny_model, cache):
    """Beam search on a memory finds an answer at least as likely as the greedy one."""

    def score(tokens):
        logits = tiny_model(tokens, past_key_values=cache.fork()).logits.log_softmax(-1)
        return logits[0, 4:-1].gather(1, tokens[0, 5:, None]).sum()

    question = ids(1, 5, seed=4)
    greedy, beams = (
        tiny_model.generate(
            question, memory=cache, min_new_tokens=4, max_new_tokens=4, num_beams=number, do_sample=False
        )
        for number in (1, 3)
    )
    assert score(beams) >= score(greedy) - FP32_ROUND_OFF


@pytest.mark.parametrize("layer", [-1, -2, 1])
@torch.no_grad()
def test_towers_give_the_hidden_state_that_transformers_gives(layer):
    """CLIP and SigLIP features equal transformers' hidden states, of the layer that the config names."""
    pixels = torch.randn(2, 3, 32, 32)
    common = dict(
        hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8
    )
    for config_class, model_class, num_class_tokens in (
        (CLIPVisionConfig, CLIPVisionModel, 1),
        (SiglipVisionConfig, SiglipVisionModel, 0),
    ):
        tower = model_class(config_class(**common)).eval()
        config = VideoXLConfig(vision_config=tower.config, text_config=Qwen2Config(), vision_feature_layer=layer)
        theirs = tower(pixels, output_hidden_states=True).hidden_states[layer]
        ours = frame_features(tower, pixels, config)
        torch.testing.assert_close(ours.patches_FND, theirs[:, num_class_tokens:])
        torch.testing.assert_close(ours.embedding_FD, theirs[:, 0] if num_class_tokens else theirs.mean(1))


@pytest.mark.parametrize(("side", "stride"), [(4, 2), (5, 2), (6, 3), (7, 1)])
@torch.no_grad()
def test_pooling_before_the_last_linear_is_exact(side, stride):
    """Pooling before or after the second Linear gives the same tokens, an odd edge dropped either way."""
    vision = CLIPVisionConfig(hidden_size=16, num_attention_heads=2, image_size=8 * side, patch_size=8)
    config = VideoXLConfig(vision_config=vision, text_config=Qwen2Config(hidden_size=32), spatial_pool_stride=stride)
    projector = Projector(config)
    features = torch.randn(3, side * side, 16)
    late = projector.linear_2(projector.act(projector.linear_1(features)))
    grid = late.transpose(1, 2).unflatten(2, (side, side))
    expected = torch.nn.functional.avg_pool2d(grid, stride).flatten(2).transpose(1, 2)
    torch.testing.assert_close(projector(features), expected, atol=1e-6, rtol=0)
    assert expected.shape[1] == config.tokens_per_frame


def test_prompts_and_videos_must_match(tiny_model):
    """A prompt with another number of placeholders than videos is refused, with both numbers."""
    with pytest.raises(UsageError, match="2 video placeholders, but 1 videos"):
        tiny_model(torch.tensor([[96, 5, 96, 7]]), visual_tokens=[torch.zeros(1, 2, 4, 32)])


def test_a_decoder_of_another_kind_is_refused():
    """Only decoders of the Llama kind can carry VSTs."""
    with pytest.raises(CheckpointError, match="gpt2"):
        VideoXLConfig(text_config={"model_type": "gpt2"})
