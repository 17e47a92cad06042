"""Packed turns are the same as turns asked one by one."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from videoxl.training.films.examples import draw_example
from videoxl.training.films.foreign_rows import ForeignRows
from videoxl.training.films.model_folder import new_processor
from videoxl.training.films.packing import TurnEncoder, pack
from videoxl.training.films.step import film_batch, read, tokens, watch
from videoxl.training.films.talk import FilmTalk, Showing, TalkConfig

TOLERANCE = 2e-5  # float32 sums in another order, through two layers


@pytest.fixture
def encoder(processor) -> TurnEncoder:
    return TurnEncoder(processor)


@pytest.fixture
def films(bank, recipe):
    generator = np.random.default_rng(3)
    return [draw_example(bank, generator, num_frames=8, config=recipe.examples) for _ in range(2)]


def watched(model, recipe, bank, films, before_ids):
    """The films' memories, with gradient."""
    shape = recipe.curriculum.draw(0.0, np.random.default_rng(1))
    visual_BFMD = tokens(bank, films)
    generator = torch.Generator().manual_seed(2)
    return watch(
        model, film_batch(films, visual_BFMD), shape, before_ids=before_ids, foreign=ForeignRows(8), generator=generator
    )


def gradients(model) -> dict[str, torch.Tensor]:
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def test_packed_turns_equal_separate_turns(make_model, recipe, processor, bank, films, encoder) -> None:
    """One forward over all turns has the loss and the gradients of one forward a turn."""
    model = make_model()
    blocks = [[encoder.block([turn]) for turn in film.turns] for film in films]
    before = processor.before_video()

    turns = pack(blocks, pad_id=0)
    read(model, watched(model, recipe, bank, films, before), turns, look_layers=()).answer_loss.backward()
    together = gradients(model)

    total, num_labels = torch.zeros(()), int((turns.labels_BT != -100).sum())
    memory = watched(model, recipe, bank, films, before)
    for row, film_blocks in enumerate(blocks):
        for block in film_blocks:
            ids = torch.tensor([block.ids]).expand(len(films), -1)
            hidden = model.decoder(model.decoder.embed_tokens(ids), memory.past)[row]
            total = total + cross_entropy(model.lm_head(hidden), torch.tensor(block.labels), reduction="sum")
    (total / num_labels).backward()
    apart = gradients(model)

    assert together.keys() == apart.keys()
    for name, gradient in apart.items():
        assert torch.allclose(together[name], gradient, atol=TOLERANCE), name


INVENTORIES = {
    ("<next>",): ["one", "dog", "two", "apple", "<next>"],
    ("<after>", "dog"): ["one", "apple", "<next>"],
    ("<after>", "apple"): ["<next>"],
    ("<before>", "dog"): ["<next>"],
    ("<before>", "apple"): ["one", "dog", "<next>"],
    ("<has>", "dog"): ["one", "dog", "<next>"],
    ("<has>", "apple"): ["one", "apple", "<next>"],
    ("<has>", "drum"): ["<next>"],
}


def test_a_block_is_what_a_person_would_ask(processor, encoder, recipe) -> None:
    """A turn's tokens are the inventory where it takes one, the prompt of its question, and its answer; the end is
    learned, and what stands before the answer is not."""
    names = ("apple", "dog", "drum")
    talk = FilmTalk([Showing(1, 2, 4), Showing(0, 5, 6)], names, 8, [], [], np.random.default_rng(0), [], TalkConfig())
    for turn in talk.turns():
        block = encoder.block([turn])
        prompt = processor.question(turn.question)
        inventory = list(turn.inventory)
        assert inventory == INVENTORIES[turn.request]
        words = processor.tokenizer.convert_ids_to_tokens(list(block.ids))
        assert words == [*inventory, *processor.tokenizer.convert_ids_to_tokens(prompt), *turn.answer]
        learned = [label for label in block.labels if label != -100]
        assert processor.tokenizer.convert_ids_to_tokens(learned) == [*turn.answer, "<end>"]
        assert block.labels[len(block.ids) - len(turn.answer) - 1] == block.ids[len(block.ids) - len(turn.answer)]
        assert len(block.ids) == len(block.labels) == len(block.rests_on)


def test_the_inventory_is_asked_for(processor, encoder, films) -> None:
    """Behind the turns stand some of the questions, by themselves, with the token that asks for it."""
    turns = films[0].turns
    blocks = encoder.blocks(turns, np.random.default_rng(2), second_turn_share=0.0)
    requests = blocks[len(turns) :]
    wanting = {(*processor.question(turn.question), *ids_of(processor, turn.request)) for turn in turns if turn.request}
    assert 0 < len(requests) <= len(wanting)
    assert {request.ids for request in requests} <= wanting
    for request in requests:
        learned = [label for label in request.labels if label != -100]
        assert learned == [*request.ids[len(request.ids) - len(learned) + 1 :], processor.tokenizer.eos_token_id]
        assert processor.tokenizer.convert_ids_to_tokens(learned[0]) in (
            "<next>",
            "<one>",
            "<after>",
            "<before>",
            "<has>",
        )


def ids_of(processor, words):
    return processor.tokenizer.convert_tokens_to_ids(list(words))


def test_a_second_turn_follows_the_first(processor, encoder, films) -> None:
    """Two turns of one conversation stand as `chat` would put them, with the end learned at the first one's end."""
    first, second = films[0].turns[:2]
    block = encoder.block([first, second])
    ids = processor.tokenizer.convert_tokens_to_ids
    assert list(block.ids[: -len(second.answer)]) == [
        *ids(list(first.inventory)), *processor.question(first.question), *ids(list(first.answer)),
        *ids(list(second.inventory)), *processor.next_question(second.question),
    ]  # fmt: skip
    assert block.labels.count(processor.tokenizer.eos_token_id) == 2


def test_no_word_of_talk_is_unknown(bank, recipe, encoder) -> None:
    """Every question and answer of training is made of words that the tokenizer has."""
    processor = new_processor(recipe, bank.names)
    generator = np.random.default_rng(7)
    for _ in range(20):
        for turn in draw_example(bank, generator, num_frames=12, config=recipe.examples).turns:
            assert processor.tokenizer.unk_token_id not in TurnEncoder(processor).block([turn]).ids, turn
