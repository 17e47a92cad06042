"""Laws of learning: what packing, activation checkpointing and freezing may, and may not, change."""

import pytest
import torch

from videoxl.compression.interval import Interval
from videoxl.errors import UsageError

FP32_ROUND_OFF = 2e-5  # sums over a few hundred rows in another order
SAME_ARITHMETIC = 0.0  # the very same operations, done once more
VIDEO = 96


def fixed_plan(num_frames: int, *, ratio: int, size: int = 4) -> list[Interval]:
    return [Interval(start, min(start + size, num_frames), ratio) for start in range(0, num_frames, size)]


def random_ids(generator: torch.Generator, length: int) -> torch.Tensor:
    return torch.randint(2, 90, (1, length), generator=generator)


def asked(*questions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Questions behind a prefix and a video: ids, labels on the last two tokens of each, and whose token is whose."""
    prefix = torch.tensor([[5, 6, 7, VIDEO]])
    labels = [torch.full_like(prefix, -100)]
    owner = [torch.zeros_like(prefix)]
    for number, question in enumerate(questions):
        labels.append(torch.where(torch.arange(question.shape[1]) < question.shape[1] - 2, -100, question))
        owner.append(torch.full_like(question, number))
    return torch.cat([prefix, *questions], 1), torch.cat(labels, 1), torch.cat(owner, 1)


@pytest.fixture
def model(make_model):
    return make_model(decoder="qwen2", seed=1)


def gradients(model) -> dict[str, torch.Tensor]:
    return {name: tensor.grad.clone() for name, tensor in model.named_parameters() if tensor.grad is not None}


def learn(model, **batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.zero_grad(set_to_none=True)
    loss = model(**batch).loss
    loss.backward()
    return loss.detach(), gradients(model)


@pytest.mark.parametrize("ratio", [1, 4])
def test_packed_questions_learn_what_each_learns_alone(model, ratio):
    """Questions apart, packed on one memory, give the sum of the losses, and of the gradients, that they give alone."""
    generator = torch.Generator().manual_seed(0)
    questions = [random_ids(generator, length) for length in (5, 7, 4)]
    visual = torch.randn(1, 12, 4, 32, generator=generator)
    shared = {"visual_tokens": [visual], "intervals": [fixed_plan(12, ratio=ratio)], "num_items_in_batch": 1}
    ids, labels, owner = asked(*questions)
    packed, packed_gradients = learn(model, input_ids=ids, labels=labels, question_index=owner, **shared)
    alone = torch.zeros(())
    summed: dict[str, torch.Tensor] = {}
    for question in questions:
        ids, labels, _ = asked(question)
        loss, found = learn(model, input_ids=ids, labels=labels, **shared)
        alone = alone + loss
        summed = {name: summed.get(name, 0) + gradient for name, gradient in found.items()}
    torch.testing.assert_close(packed, alone, atol=FP32_ROUND_OFF, rtol=FP32_ROUND_OFF)
    for name, gradient in packed_gradients.items():
        torch.testing.assert_close(gradient, summed[name], atol=1e-4, rtol=1e-3, msg=name)


def test_one_conversation_is_no_packing(model):
    """With one index for all, later turns read earlier ones, as in a conversation without an index."""
    generator = torch.Generator().manual_seed(1)
    ids, labels, owner = asked(random_ids(generator, 5), random_ids(generator, 6))
    shared = {"visual_tokens": [torch.randn(1, 8, 4, 32, generator=generator)], "intervals": [fixed_plan(8, ratio=2)]}
    plain = model(ids, labels=labels, **shared).loss
    assert torch.equal(model(ids, labels=labels, question_index=torch.zeros_like(owner), **shared).loss, plain)
    assert not torch.allclose(model(ids, labels=labels, question_index=owner, **shared).loss, plain)


def test_a_label_that_nothing_predicts_is_refused(model):
    """The first token of a later question cannot be learned, for no token of that question comes before it."""
    generator = torch.Generator().manual_seed(1)
    ids, _, owner = asked(random_ids(generator, 3), random_ids(generator, 3))
    with pytest.raises(UsageError, match="first token of a question"):
        model(
            ids,
            labels=torch.where(ids == VIDEO, -100, ids),
            question_index=owner,
            visual_tokens=[torch.zeros(1, 4, 4, 32)],
        )


def everything(generator: torch.Generator) -> dict:
    """Two videos from pixels and text around them, labels in front of, between and behind them, two questions."""
    pieces = [random_ids(generator, 3), torch.tensor([[VIDEO]]), random_ids(generator, 4), torch.tensor([[VIDEO]])]
    tail = [random_ids(generator, 4), random_ids(generator, 5)]
    ids = torch.cat([*pieces, *tail], 1)
    owner = torch.zeros_like(ids)
    owner[:, -5:] = 1
    labels = torch.full_like(ids, -100)
    for position in (2, 4, 7, 10, 12, -1):
        labels[:, position] = ids[:, position]
    pixels = [torch.randn(frames, 3, 32, 32, generator=generator) for frames in (18, 5)]
    plans = [[Interval(0, 7, 4), Interval(7, 18, 3)], [Interval(0, 3, 1), Interval(3, 5, 8)]]
    return {
        "input_ids": ids, "labels": labels, "question_index": owner, "pixel_values_videos": pixels, "intervals": plans,
    }  # fmt: skip


@pytest.mark.parametrize("frozen", ["", "vision_tower", "vision_tower|projector"])
def test_activation_checkpointing_changes_no_gradient(model, frozen):
    """Computing intervals again in the backward pass gives the loss and the gradients of keeping them."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not (frozen and any(part in name for part in frozen.split("|"))))
    batch = everything(torch.Generator().manual_seed(2))
    loss, kept = learn(model, **batch)
    model.gradient_checkpointing_enable()
    again, computed_again = learn(model, **batch)
    assert torch.equal(loss, again)
    assert kept.keys() == computed_again.keys()
    for name, gradient in kept.items():
        torch.testing.assert_close(gradient, computed_again[name], atol=FP32_ROUND_OFF, rtol=1e-4, msg=name)


def saved_bytes(model, num_frames: int) -> int:
    """Bytes that a graph holds for its backward pass beyond weights, the visual tokens given, and the rows kept."""
    generator = torch.Generator().manual_seed(3)
    visual = torch.randn(1, num_frames, 4, 32, generator=generator)
    ids, labels, owner = asked(random_ids(generator, 6), random_ids(generator, 6))
    plan = fixed_plan(num_frames, ratio=4)
    weights = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers(), visual)}
    held: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = model(ids, labels=labels, question_index=owner, visual_tokens=[visual], intervals=[plan]).loss
    loss.backward()
    return sum(held.values())


def test_what_a_step_keeps_does_not_grow_with_the_intervals(model):
    """With checkpointing, four times the intervals keep less than a tenth more for the backward pass, rows aside."""
    plain = [saved_bytes(model, frames) for frames in (8, 32)]
    model.gradient_checkpointing_enable()
    kept = [saved_bytes(model, frames) for frames in (8, 32)]
    assert kept[1] < 1.1 * kept[0]
    assert plain[1] > 2 * plain[0], "without checkpointing the count would have grown"


@pytest.mark.parametrize("frozen", ["vision_tower", "projector", "vision_tower|projector"])
def test_frozen_parts_cost_no_graph(model, frozen):
    """What does not learn is run without a graph: nothing of its inside is kept for the backward pass."""
    parts = frozen.split("|")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not any(part in name for part in parts))
    batch = everything(torch.Generator().manual_seed(4))
    saved: set[int] = set()

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        saved.add(tensor.untyped_storage().data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(**batch)
    weights = {
        part: {tensor.untyped_storage().data_ptr() for name, tensor in model.named_parameters() if f".{part}." in name}
        for part in ("vision_tower", "projector")
    }
    if "vision_tower" in parts:
        assert not saved & weights["vision_tower"]
    assert bool(saved & weights["projector"]) is ("projector" not in parts or "vision_tower" not in parts)


@pytest.mark.parametrize(
    "kind", ["text", "one image", "several images", "several videos", "ratio one", "no text behind"]
)
def test_every_kind_of_prompt_learns(model, kind):
    """Text alone, images, several videos, ratio 1 and a batch of one: a step along the gradient lowers the loss."""
    generator = torch.Generator().manual_seed(6)
    shapes = {
        "text": [], "one image": [1], "several images": [1, 1, 4], "several videos": [6, 9], "ratio one": [7],
        "no text behind": [5],
    }[kind]  # fmt: skip
    tail = 2 if kind == "no text behind" else 6
    ids = torch.cat(
        [random_ids(generator, 4), *[torch.tensor([[VIDEO]])] * len(shapes), random_ids(generator, tail)], 1
    )
    labels = torch.full_like(ids, -100)
    labels[:, -2:] = ids[:, -2:]
    batch = {
        "input_ids": ids,
        "labels": labels,
        "pixel_values_videos": [torch.randn(frames, 3, 32, 32, generator=generator) for frames in shapes],
        "intervals": [fixed_plan(frames, ratio=1 if kind == "ratio one" else 4) for frames in shapes],
    }
    before, found = learn(model, **batch)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in found:
                parameter.sub_(1e-3 * found[name])
    assert model(**batch).loss < before
    assert any("vision_tower" in name and gradient.any() for name, gradient in found.items()) is bool(shapes)


def test_a_plan_may_follow_what_the_frames_show(model):
    """A planner sees the frames' number and embeddings, once a video, and its plan is what is condensed by."""
    batch = everything(torch.Generator().manual_seed(7))
    plans, asked_for = batch.pop("intervals"), []

    def plan_of(video, num_frames, embeddings_FD):
        asked_for.append((video, num_frames, tuple(embeddings_FD.shape)))
        return plans[video]

    drawn = model(**batch, plan_of=plan_of).loss
    assert asked_for == [(0, 18, (18, 16)), (1, 5, (5, 16))]
    assert torch.equal(drawn, model(**batch, intervals=plans).loss)
