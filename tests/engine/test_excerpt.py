"""A long memory is read twice: the excerpt holds what a question looks at, in order, and both readings vote."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from videoxl.engine import VideoXL
from videoxl.engine.excerpt import Excerpts, chosen_rows
from videoxl.errors import CheckpointError
from videoxl.memory import CompressedMemory, MemoryAbout
from videoxl.memory.segment import Segment

QUESTION = "what appears in the film ?"
NUM_INTERVALS = 12


@pytest.fixture(scope="module")
def model(vivid_model):
    return vivid_model


@pytest.fixture(scope="module")
def film(model, processor, make_film):
    """A memory of 12 intervals."""
    frames = model.config.interval_frames * NUM_INTERVALS
    return VideoXL(model, processor, name="tiny").watch(make_film(frames), ratio=2)


@pytest.fixture
def vxl(model, processor, monkeypatch):
    """The model, with an excerpt of so many intervals and such a weight; None for none."""

    def with_excerpt(excerpt):
        monkeypatch.setattr(model.config, "excerpt", excerpt)
        return VideoXL(model, processor, name="tiny")

    return with_excerpt


def test_a_memory_that_is_short_enough_is_read_once(vxl, film):
    """With as many intervals as an excerpt may have, nothing changes; with one more, something does."""
    plain = vxl(None).ask(film, QUESTION, max_new_tokens=12)
    same = vxl({"intervals": NUM_INTERVALS, "weight": 1.0}).ask(film, QUESTION, max_new_tokens=12)
    other = vxl({"intervals": 2, "weight": 1.0}).ask(film, QUESTION, max_new_tokens=12)
    assert (same.text, same.evidence) == (plain.text, plain.evidence)
    assert other.text != plain.text


def test_without_weight_the_whole_decides(vxl, film):
    """An excerpt that does not count says nothing, though its evidence is shown."""
    plain = vxl(None).ask(film, QUESTION, max_new_tokens=12)
    assert vxl({"intervals": 2, "weight": 0.0}).ask(film, QUESTION, max_new_tokens=12).text == plain.text


def test_an_excerpt_that_decides_is_a_memory_of_its_intervals(vxl, film):
    """With all the weight, the first word is that of a memory of the chosen intervals; the usage is the whole's."""
    vxl = vxl({"intervals": 3, "weight": 1.0})
    answer = vxl.ask(film, QUESTION, max_new_tokens=1)
    [is_chosen_S] = chosen_rows(film, first_look(vxl, film).shares_BS, 3)
    chosen = excerpt_of(film, is_chosen_S.nonzero().flatten().tolist())
    assert len(chosen.intervals) == 3
    assert answer.text == vxl.ask(chosen, QUESTION, max_new_tokens=1).text
    assert answer.usage.memory_rows == film.num_rows


def first_look(vxl, film):
    """What came of reading the question behind the whole memory."""
    ids = vxl._speaker.first_question_ids(QUESTION, on_video=True)
    return vxl._speaker.read(torch.tensor([ids]), vxl.model.cache(film))


def excerpt_of(memory, rows):
    """A memory of some rows, which are all of some segments."""
    excerpt = CompressedMemory(memory.about)
    for number, segment in enumerate(memory.segments):
        if set(memory.row_range(number)) <= set(rows):
            kept = list(memory.row_range(number))
            excerpt.append(segment, memory.keys[:, :, kept], memory.values[:, :, kept])
    assert excerpt.num_rows == len(rows)
    return excerpt


def test_excerpts_are_read_as_memories_are(vxl, film):
    """Beside prompts of other lengths, each reads what it reads alone; looks are told by the whole's rows."""
    speaker = vxl(None)._speaker
    prompts = [speaker.first_question_ids(question, on_video=True) for question in (QUESTION, "dog ?")]
    rows = [[0, *range(9, 25)], [0, *range(41, 57)]]
    reading = Excerpts(speaker, film, torch.tensor(rows)).read(prompts)
    for place, (ids, of_it) in enumerate(zip(prompts, rows, strict=True)):
        memory = CompressedMemory(film.about)
        memory.append(
            Segment(kind="text", num_rows=17, token_ids=(0,) * 17), film.keys[:, :, of_it], film.values[:, :, of_it]
        )
        alone = speaker.read(torch.tensor([ids]), speaker.model.cache(memory))
        torch.testing.assert_close(reading.logits_BC[place], alone.logits_BC[0], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(reading.shares_BS[place, of_it], alone.shares_BS[0], atol=1e-6, rtol=1e-4)
        assert reading.shares_BS[place].sum() == pytest.approx(float(alone.shares_BS[0].sum()), abs=1e-5)


@settings(max_examples=40)
@given(data=st.data())
def test_the_intervals_looked_at_most_are_chosen_in_order(speaker, data):
    """Text stays, intervals keep their order, and none that is left out was looked at more."""
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=3, max_size=9))
    kinds = data.draw(st.lists(st.sampled_from(["interval", "text"]), min_size=len(sizes), max_size=len(sizes)))
    memory = memory_of(speaker, kinds, sizes)
    size = data.draw(st.integers(1, max(1, kinds.count("interval") - 1)))
    if kinds.count("interval") <= size:
        return
    looks = st.lists(st.floats(0, 1, width=16), min_size=memory.num_rows, max_size=memory.num_rows)
    shares = data.draw(looks.map(torch.tensor))
    [is_chosen_S] = chosen_rows(memory, shares[None], size)
    kept = excerpt_of(memory, is_chosen_S.nonzero().flatten().tolist())
    assert sum(segment.kind == "text" for segment in kept.segments) == kinds.count("text")
    assert len(kept.intervals) == size
    places = [memory.segments.index(segment) for segment in kept.segments]
    looked_at = {place: float(shares[list(memory.row_range(place))].double().sum()) for place in range(len(sizes))}
    left_out = [looked_at[place] for place, kind in enumerate(kinds) if kind == "interval" and place not in places]
    assert max(left_out) <= min(looked_at[place] for place in places if kinds[place] == "interval") + 1e-6


@pytest.fixture(scope="module")
def speaker(model, processor):
    return VideoXL(model, processor, name="tiny")._speaker


def memory_of(speaker, kinds, sizes):
    """Random rows under segments of these kinds and sizes."""
    text = speaker.model.config.text_config
    shape = (text.num_hidden_layers, text.num_key_value_heads, 1, text.hidden_size // text.num_attention_heads)
    memory, generator = CompressedMemory(MemoryAbout()), torch.Generator().manual_seed(0)
    for number, (kind, size) in enumerate(zip(kinds, sizes, strict=True)):
        rows = [torch.randn((*shape[:2], size, shape[3]), generator=generator) for _ in range(2)]
        told = {"token_ids": (number,) * size} if kind == "text" else video_of(number)
        memory.append(Segment(kind=kind, num_rows=size, **told), *rows)
    return memory


def video_of(number):
    return {
        "first_frame": 8 * number, "num_frames": 8, "start_seconds": 8.0 * number, "stop_seconds": 8.0 * number + 8,
        "ratio": 16,
    }  # fmt: skip


def test_batches_and_conversations_read_it_alike(vxl, film):
    """With turns before it, a question gets the same words and evidence from a batch as from a conversation."""
    vxl = vxl({"intervals": 3, "weight": 0.6})
    chat = vxl.chat(film)
    for question in ("dog ?", "what ?", QUESTION):
        chat.ask(question, max_new_tokens=6)
    batch = vxl.batch(film)
    turns = [batch.add(QUESTION, history=chat.turns[:2], max_new_tokens=6), batch.add("dog ?", max_new_tokens=6)]
    while len(batch):
        batch.step()
    for turn, said in zip(turns, (chat.turns[2], chat.turns[0]), strict=True):
        assert turn.said_ids == said.said_ids
        assert turn.answer.text == said.answer.text
        assert [(each.start_seconds, each.stop_seconds) for each in turn.answer.evidence] == [
            (each.start_seconds, each.stop_seconds) for each in said.answer.evidence
        ]


QUESTIONS = (QUESTION, "dog ?", "what " * 9 + "?", "cat dog " * 45, "when ?")


def test_nobody_beside_it_changes_an_answer(vxl, film):
    """Long and short questions that come and go get the words and the evidence that each gets alone."""
    vxl = vxl({"intervals": 3, "weight": 0.6})
    alone = [vxl.ask(film, question, max_new_tokens=6) for question in QUESTIONS]
    batch = vxl.batch(film, max_turns=3)
    turns = [batch.add(question, max_new_tokens=6) for question in QUESTIONS]
    left = batch.add(QUESTION, max_new_tokens=40)
    for _ in range(3):
        batch.step()
    batch.cancel(left)
    while len(batch):
        batch.step()
    for turn, answer in zip(turns, alone, strict=True):
        assert turn.answer.text == answer.text
        assert [each.start_seconds for each in turn.answer.evidence] == [each.start_seconds for each in answer.evidence]
    assert batch.nbytes == 0


@pytest.mark.parametrize("at_call", [1, 2, 3, 4, 5])
def test_a_reading_that_fails_may_be_tried_again(vxl, film, monkeypatch, at_call):
    """Whichever of the two readings is broken off, of prompts or of answers, a second try changes no answer."""
    vxl = vxl({"intervals": 3, "weight": 0.6})
    alone = [vxl.ask(film, question, max_new_tokens=6).text for question in QUESTIONS[:2]]
    layer, calls = vxl.model.decoder.layers[1], []
    forward = layer.forward

    def fail_once(*args, **options):
        calls.append(1)
        if len(calls) == at_call:
            raise MemoryError
        return forward(*args, **options)

    monkeypatch.setattr(layer, "forward", fail_once)
    batch = vxl.batch(film)
    turns = [batch.add(question, max_new_tokens=6) for question in QUESTIONS[:2]]
    failed = 0
    while len(batch):
        try:
            batch.step()
        except MemoryError:
            failed += 1
    assert failed == 1
    assert [turn.answer.text for turn in turns] == alone


def test_a_question_on_nothing_has_no_excerpt(vxl):
    """Without a memory there is nothing to read twice."""
    with_excerpt, without = ({"intervals": 1, "weight": 1.0}, None)
    texts = [vxl(excerpt).ask(None, QUESTION, max_new_tokens=6).text for excerpt in (with_excerpt, without)]
    assert texts[0] == texts[1]


def test_it_makes_no_other_memories(vxl):
    """Rows do not depend on how they are read: memories of before fit."""
    assert vxl({"intervals": 3, "weight": 0.5}).fingerprint == vxl(None).fingerprint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"excerpt": {"intervals": 3}}, "excerpt has intervals; expected intervals and weight"),
        ({"excerpt": {"intervals": 0, "weight": 0.5}}, "expected 1 interval or more"),
        ({"excerpt": {"intervals": 3, "weight": 1.5}}, "a weight of 0 to 1"),
        ({"excerpt": {"intervals": 3, "weight": 0.5}, "evidence_background": True}, "evidence_background is true"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(make_model, options, words):
    """A folder with a damaged config says what is wrong with it."""
    with pytest.raises(CheckpointError, match=words):
        make_model(**{"evidence_background": False, **options})
