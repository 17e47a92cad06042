"""A step of an inventory sees one interval, or what of it was not told yet, and learns to say any of that."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from videoxl.memory.cache import BatchMemory
from videoxl.memory.key_values import KeyValues
from videoxl.training.films.inventory import NUM_FOREIGN, Tellable, draw_steps, take_steps
from videoxl.training.films.step import Watched

NOTHING, END, VOCAB = 1, 2, 20
NUM_TEXT, NUM_ROWS = 2, 14
SPANS = (range(2, 5), range(7, 10), range(10, 14))  # rows 5 and 6 are of other films
TOLERANCE = 2e-5


@st.composite
def films(draw):
    """Rows that show each of up to four moments, of two films; names of those that are showings."""
    names = [draw(st.lists(st.integers(5, 9), max_size=3)) for _ in range(2)]
    shows = torch.zeros(2, 4, NUM_ROWS, dtype=torch.bool)
    of_intervals = [row for span in SPANS for row in span]
    for film, of_film in enumerate(names):
        for moment in range(len(of_film)):
            start = draw(st.integers(0, len(of_intervals) - 1))
            shows[film, moment, of_intervals[start : start + draw(st.integers(1, 3))]] = True
    return names, shows


def watched_rows(shows_BXS, past=None, spans=SPANS):
    return Watched(past, torch.arange(NUM_ROWS) >= NUM_TEXT, shows_BXS, spans)


def tellable(names):
    """Showings of films, which are their first moments."""
    return [Tellable(0, of_film) for of_film in names]


@settings(max_examples=80)
@given(films(), st.integers(0, 99))
def test_a_step_may_say_what_it_sees(film, seed):
    """Every interval is asked about; names of what a step sees are right, or nothing; text is always seen."""
    names, shows_BXS = film
    generator = torch.Generator().manual_seed(seed)
    steps = draw_steps(watched_rows(shows_BXS), tellable(names), nothing=NOTHING, vocab_size=VOCAB, generator=generator)
    for number, of_film in enumerate(names):
        counts = steps.counts_BT[number]
        sees_TS, shows_XS = steps.sees_BTS[number][counts], shows_BXS[number, : len(of_film)]
        assert sees_TS[:, :NUM_TEXT].all()
        seen = [frozenset(rows.nonzero()[:, 0].tolist()) - set(range(NUM_TEXT)) for rows in sees_TS]
        assert {frozenset(span) for span in SPANS} <= set(seen)
        assert sum(rows <= {5, 6} for rows in seen) == NUM_FOREIGN
        for step, rows in enumerate(seen):
            assert rows <= {5, 6} or any(rows <= set(span) for span in SPANS)
            told = [name for name, shown in zip(of_film, shows_XS, strict=True) if shown[sorted(rows)].any()]
            assert set(steps.may_say_BTC[number][counts][step].nonzero()[:, 0].tolist()) == (set(told) or {NOTHING})
            shown_S = steps.shows_BTS[number][counts][step].nonzero()[:, 0].tolist()
            assert set(shown_S) == {row for row in rows if shows_XS[:, row].any()}
        assert not steps.sees_BTS[number][~counts].any()


def test_what_was_told_is_hidden():
    """Where an interval shows two pictures, a step sees the rows of one of them and not of the other."""
    shows_BXS = torch.zeros(1, 2, NUM_ROWS, dtype=torch.bool)
    shows_BXS[0, 0, 10], shows_BXS[0, 1, 12:14] = True, True
    parts = set()
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        steps = draw_steps(
            watched_rows(shows_BXS), tellable([[7, 8]]), nothing=NOTHING, vocab_size=VOCAB, generator=generator
        )
        parts |= {tuple(rows.nonzero()[NUM_TEXT:, 0].tolist()) for rows in steps.sees_BTS[0]}
    assert {(10, 11), (11, 12, 13), (10, 11, 12, 13)} <= parts


def test_where_something_is_half_told_nothing_is_asked():
    """Moments may be any in a row; an interval with a vague row has no step, nor have rows of other films."""
    shows_BXS = torch.zeros(1, 4, NUM_ROWS, dtype=torch.bool)
    shows_BXS[0, 0, 2] = shows_BXS[0, 1, 3] = shows_BXS[0, 2, 11] = shows_BXS[0, 3, 8] = True
    steps = draw_steps(
        watched_rows(shows_BXS), [Tellable(1, (7, 8), vague=3)], nothing=NOTHING, vocab_size=VOCAB,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    seen = [tuple(rows.nonzero()[NUM_TEXT:, 0].tolist()) for rows in steps.sees_BTS[0][steps.counts_BT[0]]]
    said = [tuple(words.nonzero()[:, 0].tolist()) for words in steps.may_say_BTC[0][steps.counts_BT[0]]]
    assert list(zip(seen, said, strict=True)) == [
        ((2, 3, 4), (7,)), ((2, 4), (NOTHING,)), ((10, 11, 12, 13), (8,)), ((10, 12, 13), (NOTHING,)),
    ]  # fmt: skip
    none = draw_steps(
        watched_rows(shows_BXS, spans=SPANS[1:2]), [Tellable(1, (7, 8), vague=3)], nothing=NOTHING, vocab_size=VOCAB,
        generator=torch.Generator(),
    )  # fmt: skip
    assert not none.counts_BT.any()


@pytest.fixture
def model(make_model):
    return make_model()


def past_of(model, num_films):
    """Random rows of some films."""
    text, generator = model.config.text_config, torch.Generator().manual_seed(3)
    width = text.hidden_size // text.num_attention_heads
    shape = (text.num_hidden_layers, num_films, text.num_key_value_heads, NUM_ROWS, width)
    rows = KeyValues(*(torch.randn(shape, generator=generator) for _ in range(2)))
    past = BatchMemory(rotate=model.decoder.rotate)
    past.append(rows)
    return past, rows


def test_a_step_reads_what_a_memory_of_those_rows_would_give(model):
    """The loss is that of asking, one by one, behind memories of the rows that each step sees, at their places."""
    shows_BXS = torch.zeros(2, 2, NUM_ROWS, dtype=torch.bool)
    shows_BXS[0, 0, 3:5] = shows_BXS[0, 1, 9] = shows_BXS[1, 0, 12:14] = True
    past, rows = past_of(model, 2)
    generator = torch.Generator().manual_seed(0)
    vocab_size = model.lm_head.out_features
    steps = draw_steps(
        watched_rows(shows_BXS), tellable([[7, 8], [9]]), nothing=NOTHING, vocab_size=vocab_size, generator=generator
    )
    question = [3, 12, 4]
    taken = take_steps(model, watched_rows(shows_BXS, past), steps, question_ids=question, end_id=END, look_layers=(1,))
    expected = []
    for film, step in steps.counts_BT.nonzero().tolist():
        kept = steps.sees_BTS[film, step].nonzero()[:, 0]
        alone = BatchMemory(rotate=lambda keys, _, kept=kept: model.decoder.rotate(keys, kept))
        alone.append(KeyValues(*(part[:, film : film + 1][:, :, :, kept] for part in rows)))
        right = steps.may_say_BTC[film, step].nonzero()[:, 0].tolist()
        ids = torch.tensor([[*question, right[0]]])
        positions = NUM_ROWS + torch.arange(len(question) + 1)[None]
        hidden = model.decoder(model.decoder.embed_tokens(ids), alone, position_ids=positions)
        name_C, end_C = model.lm_head(hidden[0, -2:]).softmax(dim=-1)
        expected.append(-name_C[right].sum().log() - end_C[END].log())
    torch.testing.assert_close(taken.loss, torch.stack(expected).mean(), atol=TOLERANCE, rtol=0)
    assert len(taken.is_right_N) == len(taken.shows_N) == len(expected)
    assert int(taken.shows_N.sum()) == int(steps.shows_BTS.any(dim=2).sum()) >= 3


def test_films_that_show_nothing_are_learned_from(model):
    """Where nothing is shown there is nowhere to look, and a gradient."""
    past, _ = past_of(model, 2)
    watched = watched_rows(torch.zeros(2, 1, NUM_ROWS, dtype=torch.bool), past)
    generator = torch.Generator().manual_seed(0)
    vocab_size = model.lm_head.out_features
    steps = draw_steps(watched, tellable([[], []]), nothing=NOTHING, vocab_size=vocab_size, generator=generator)
    taken = take_steps(model, watched, steps, question_ids=[3, 4], end_id=END, look_layers=(1,))
    assert taken.look_loss == 0
    assert not taken.shows_N.any()
    taken.loss.backward()
    assert model.decoder.embed_tokens.weight.grad.abs().sum() > 0
