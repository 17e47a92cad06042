"""Many questions at once: each gets what it gets alone, and the memory is there once."""

import threading
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import videoxl
from videoxl.engine import VideoXL, answer_batch
from videoxl.engine.evidence import evidence_ranges
from videoxl.engine.inventory import Inventory, InventoryConfig
from videoxl.errors import UsageError
from videoxl.memory import CompressedMemory, MemoryAbout
from videoxl.memory.segment import Segment
from videoxl.synth.film_source import FilmSource
from videoxl.synth.script import random_film
from videoxl.synth.splits import split_generator
from videoxl.video.clock import clock

SCORE_ROUND_OFF = 1e-4
QUESTIONS = ("what appears in the film ?", "when ?", "what " * 9 + "?", "cat dog " * 45)
HISTORIES = ((), ("dog ?",), ("second question ?", "what ?"))
LENGTHS = (1, 7, 40)  # of answers; behind the longest question, the longest outgrows its room
VIVID = 3  # times the weights of other tests, with which a tiny model says one token again and again


@pytest.fixture(scope="module", params=["qwen2", "llama", "nano"])
def asked(request, make_model, processor, make_film):
    """A model, and a film that it has watched: nano, or one with random weights that says something else each time."""
    if request.param == "nano":
        nano = videoxl.load("nano", device="cpu")
        film = random_film(split_generator("validation", 77), seconds=40.0, num_needles=2, split="validation")
        return Asked(nano, nano.watch(FilmSource(film, name="synthetic")))
    model = make_model(decoder=request.param, seed=4, evidence_layers=[1, 2])
    with torch.no_grad():
        for name, parameter in model.decoder.layers.named_parameters():
            parameter.mul_(1 if "norm" in name else VIVID)
    vxl = VideoXL(model, processor, name=request.param)
    return Asked(vxl, vxl.watch(make_film(40), ratio=2))


talkative = pytest.mark.parametrize("asked", ["qwen2", "llama"], indirect=True)  # nano says what is to be said


@dataclass(eq=False)
class Asked:
    """What each question gets by transformers' `generate` and by whole attention weights, without our loop."""

    vxl: VideoXL
    memory: CompressedMemory

    def __post_init__(self):
        self.alone = cache(self._alone)
        self.turns = cache(self._turns)

    def _turns(self, history):
        """A conversation's turns, as a batch takes them for history."""
        chat = self.vxl.chat(self.memory)
        for question in history:
            chat.ask(question, max_new_tokens=5)
        return chat.turns

    @torch.no_grad()
    def _alone(self, question, history, max_new_tokens):
        vxl, speaker = self.vxl, self.vxl._speaker
        conversation = vxl.model.cache(self.memory.fork())
        for turn in self.turns(history):
            vxl.model(torch.tensor([[*turn.prompt_ids, *turn.said_ids]]), past_key_values=conversation)
        ids = vxl.processor.next_question(question) if history else vxl.processor.question(question)
        said = self.generated(conversation, ids, max_new_tokens)
        if (wanted := vxl.model.config.inventory) is not None:  # test_inventory.py has what is in it
            inventory = Inventory(speaker, self.memory, InventoryConfig(**wanted))
            output = vxl.model(torch.tensor([ids]), past_key_values=conversation.fork())
            mark = inventory.likeliest_mark(output.logits[0, -1])
            request_ids = [mark]
            if not inventory.is_whole(request_ids):
                request_ids += self.generated(conversation, [*ids, mark], wanted["name_tokens"])
            told = inventory.answer(request_ids)
            most = min(max_new_tokens, wanted["answer_tokens"])
            silent = sorted({*speaker.silent_ids, *speaker.end_token_ids})
            said = self.generated(conversation, [*told.ids, *ids], most, begin_suppress_tokens=silent)
            num_rows = self.memory.num_rows
            return said, evidence_ranges(self.memory, told.rests_on(said, num_rows), torch.zeros(num_rows))
        attention_S = self.attention(conversation, ids + said, first=len(ids) - 1)
        background_S = torch.zeros(self.memory.num_rows)
        if vxl.model.config.evidence_background:
            background_S = self.attention(vxl.model.cache(self.memory), vxl.processor.question(""), first=-1)
        return said, evidence_ranges(self.memory, attention_S, background_S)

    def generated(self, conversation, ids, max_new_tokens, **options):
        """What transformers' `generate` says, without the token that ends it; the conversation stays as it is."""
        end = self.vxl._speaker.end_token_ids
        output = self.vxl.model.generate(
            torch.tensor([ids]), memory=conversation.fork(), max_new_tokens=max_new_tokens, do_sample=False,
            eos_token_id=end, pad_token_id=0, **options,
        )  # fmt: skip
        return [token for token in output[0, len(ids) :].tolist() if token not in end]

    def attention(self, conversation, ids, *, first):
        """Mean weights on memory rows from token `first` on, of all evidence layers."""
        decoder = self.vxl.model.decoder
        watched = dict.fromkeys(self.vxl._speaker.evidence_layers)
        decoder(decoder.embed_tokens(torch.tensor([ids])), conversation, watched=watched)
        rows = [weights[0, :, first:, : self.memory.num_rows].mean(dim=(0, 1)) for weights in watched.values()]
        return torch.stack(rows).mean(dim=0)

    def check(self, turn, question, history, max_new_tokens):
        """A turn of a batch has said, and rests on, what it does alone."""
        said, evidence = self.alone(question, history, max_new_tokens)
        assert turn.said_ids == said
        text = self.vxl._speaker.text(said).strip()
        if (mark := self.vxl._speaker.time_mark) is not None and mark in text:
            span = [clock(at) for at in (evidence[0].start_seconds, evidence[0].stop_seconds)] if evidence else []
            text = text.replace(mark, " to ".join(span) or "a moment that could not be found")
        assert turn.answer.text == text
        wanted = self.vxl.model.config.inventory
        most = max_new_tokens + 1 if wanted is None else wanted["answer_tokens"]
        assert turn.answer.finished == (len(said) < max_new_tokens or len(said) == most)
        same_evidence(turn.answer.evidence, evidence)


def same_evidence(one, other):
    assert [(e.start_seconds, e.stop_seconds, e.source) for e in one] == [
        (e.start_seconds, e.stop_seconds, e.source) for e in other
    ]
    assert [e.score for e in one] == pytest.approx([e.score for e in other], abs=SCORE_ROUND_OFF)


def run(batch):
    """Step until nothing is left; returns the turns in the order in which they ended."""
    ended = []
    while len(batch):
        ended += batch.step()
    assert batch.nbytes == 0
    return ended


PUT = st.tuples(
    st.integers(0, 6),  # steps before it comes
    st.sampled_from(QUESTIONS),
    st.sampled_from(HISTORIES),
    st.sampled_from(LENGTHS),
    st.none() | st.integers(0, 5),  # steps before it is cancelled
)


@settings(max_examples=30)
@given(puts=st.lists(PUT, min_size=1, max_size=7), max_turns=st.integers(1, 6), at_once=st.sampled_from([7, 64, 2048]))
def test_every_question_is_answered_as_alone(asked, puts, max_turns, at_once):
    """Whoever comes or goes beside it, a question gets the tokens, the text and the evidence that it gets alone."""
    before = asked.memory.fork()
    batch = asked.vxl.batch(asked.memory, max_turns=max_turns)
    turns, ended, step = {}, [], 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer_batch, "PROMPT_TOKENS_AT_ONCE", at_once)
        while len(turns) < len(puts) or len(batch):
            for number, (comes, question, history, max_new_tokens, stays) in enumerate(puts):
                if comes == step:
                    said = asked.turns(history)
                    turns[number] = batch.add(question, history=said, max_new_tokens=max_new_tokens)
                if stays is not None and comes + stays == step:
                    batch.cancel(turns[number])
            ended += batch.step()
            step += 1
    assert batch.nbytes == 0
    assert asked.memory.same_rows(before)
    assert len(ended) == len(set(ended))
    for number, (_, question, history, max_new_tokens, stays) in enumerate(puts):
        turn = turns[number]
        assert (turn in ended) == (turn.state == "finished")
        if stays is None:
            assert turn.state == "finished"
        if turn.state == "finished":
            asked.check(turn, question, history, max_new_tokens)


def test_a_conversation_answers_as_generate_does(asked):
    """Turn by turn, a conversation says and rests on what transformers' loop and whole attention weights give."""
    chat = asked.vxl.chat(asked.memory)
    history = HISTORIES[2]
    for question in history:
        chat.ask(question, max_new_tokens=5)
    chat.ask(QUESTIONS[0], max_new_tokens=60)
    assert [turn.said_ids for turn in chat.turns[:-1]] == [turn.said_ids for turn in asked.turns(history)]
    asked.check(chat.turns[-1], QUESTIONS[0], history, 60)


@talkative
def test_history_may_be_words(asked):
    """Pairs of question and answer are read in the words of the prompt, without what looks like a control token."""
    processor = asked.vxl.processor
    batch = asked.vxl.batch(asked.memory)
    turn = batch.add("when ?", history=[("what ?", "cat <|im_end|> dog"), ("dog ?", "")], max_new_tokens=7)
    run(batch)
    said = processor.tokenizer("cat dog", add_special_tokens=False)["input_ids"]
    ids = [*processor.question("what ?"), *said, *processor.next_question("dog ?"), *processor.next_question("when ?")]
    assert turn.prompt_ids == tuple(ids)
    options = {"memory": asked.memory.fork(), "max_new_tokens": 7, "do_sample": False, "eos_token_id": 1}
    assert turn.said_ids == asked.vxl.model.generate(torch.tensor([ids]), **options)[0, len(ids) :].tolist()


@talkative
def test_the_memory_is_there_once(asked):
    """No step makes a tensor as large as one layer's keys, and questions hold the bytes of their own rows and room."""
    memory = random_memory(asked.vxl, num_rows=30_000)
    text = asked.vxl.model.config.text_config
    layer_bytes = memory.nbytes // 2 // text.num_hidden_layers
    batch = asked.vxl.batch(memory)
    assert batch._cache._rotated_LKSE.data_ptr() == asked.vxl._ready(memory).cache._rotated_LKSE.data_ptr()
    with pytest.MonkeyPatch.context() as patch, Largest() as largest:
        patch.setattr("videoxl.model.attention.SHARES_AT_ONCE", 10_000)
        turns = [batch.add(question, max_new_tokens=8) for question in (QUESTIONS[0], QUESTIONS[2]) * 3]
        held = 0
        while len(batch):
            batch.step()
            held = max(held, batch.nbytes)
    row_bytes = memory.nbytes // memory.num_rows
    rows = sum(len(turn.prompt_ids) + 8 for turn in turns)
    assert largest.nbytes < layer_bytes
    assert 0 < held <= 4 * rows * row_bytes  # as many places, and as much room, as half of which may be empty
    assert batch.nbytes == 0


def random_memory(vxl, *, num_rows):
    """Rows of random numbers, as of a long video."""
    text = vxl.model.config.text_config
    shape = (text.num_hidden_layers, text.num_key_value_heads, num_rows, text.hidden_size // text.num_attention_heads)
    generator = torch.Generator().manual_seed(0)
    memory = CompressedMemory(MemoryAbout(model_name=vxl.name, model_fingerprint=vxl.fingerprint))
    memory.append(
        Segment(kind="text", num_rows=num_rows, token_ids=(0,) * num_rows),
        *(torch.randn(shape, generator=generator) for _ in range(2)),
    )
    return memory


class Largest(TorchDispatchMode):
    """Bytes of the largest tensor that was made; views of what was there are not counted."""

    nbytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        given, made = (tree_leaves(each) for each in ((args, kwargs), output))
        old = {each.untyped_storage().data_ptr() for each in given if isinstance(each, torch.Tensor)}
        storages = [each.untyped_storage() for each in made if isinstance(each, torch.Tensor)]
        self.nbytes = max([self.nbytes, *(each.nbytes() for each in storages if each.data_ptr() not in old)])
        return output


@settings(max_examples=15)
@given(seeds=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5), top_p=st.sampled_from([0.3, 0.9, 1.0]))
def test_a_seed_decides_whatever_is_beside_it(asked, seeds, top_p):
    """Sampled words are those of the seed, alone or among others."""
    options = {"max_new_tokens": 6, "temperature": 1.5, "top_p": top_p}
    batch = asked.vxl.batch(asked.memory)
    turns = [batch.add(QUESTIONS[0], seed=seed, **options) for seed in seeds]
    run(batch)
    for turn, seed in zip(turns, seeds, strict=True):
        assert turn.answer.text == asked.vxl.ask(asked.memory, QUESTIONS[0], seed=seed, **options).text


def test_a_small_top_p_is_greedy(asked):
    """Where the likeliest token alone has the probability asked for, nothing else is said."""
    batch = asked.vxl.batch(asked.memory)
    turns = [batch.add(QUESTIONS[0], max_new_tokens=7, temperature=2.0, top_p=1e-9, seed=seed) for seed in range(4)]
    hot = [batch.add(QUESTIONS[0], max_new_tokens=7, temperature=1e9, seed=seed) for seed in range(4)]
    run(batch)
    assert {tuple(turn.said_ids) for turn in turns} == {tuple(asked.alone(QUESTIONS[0], (), 7)[0])}
    assert len({tuple(turn.said_ids) for turn in hot}) > 1


@talkative
def test_text_streams_and_ends_before_a_stop_string(asked):
    """Pieces of text are the answer's, in order, and no beginning of a stop string is among them."""
    whole = asked.vxl.ask(asked.memory, QUESTIONS[0], max_new_tokens=12).text
    words = whole.split()
    stop = " ".join(words[4:6])
    pieces: dict[str, list[str]] = {"whole": [], "stopped": []}
    batch = asked.vxl.batch(asked.memory)
    turn = batch.add(QUESTIONS[0], max_new_tokens=12, on_text=pieces["whole"].append)
    stopped = batch.add(QUESTIONS[0], max_new_tokens=12, on_text=pieces["stopped"].append, stop=["never", stop])
    by_string = batch.add(QUESTIONS[0], max_new_tokens=12, stop=stop)
    run(batch)
    assert "".join(pieces["whole"]).strip() == turn.answer.text == whole
    expected = whole[: whole.index(stop)].strip()
    assert "".join(pieces["stopped"]).strip() == stopped.answer.text == by_string.answer.text == expected
    assert stopped.answer.finished
    assert asked.vxl.ask(asked.memory, QUESTIONS[0], max_new_tokens=12, stop=stop).text == expected
    assert len(pieces["whole"]) > 1


def test_a_listener_that_raises_fails_alone(asked):
    """An error of one listener is that of its turn, and the others are answered; a conversation forgets the turn."""

    def raise_it(text):
        raise ConnectionError("gone")

    batch = asked.vxl.batch(asked.memory)
    failing = batch.add(QUESTIONS[0], max_new_tokens=7, on_text=raise_it)
    other = batch.add(QUESTIONS[0], max_new_tokens=7)
    assert set(run(batch)) == {failing, other}
    assert failing.state == "failed"
    with pytest.raises(ConnectionError, match="gone"):
        failing.answer  # noqa: B018
    asked.check(other, QUESTIONS[0], (), 7)
    chat = asked.vxl.chat(asked.memory)
    with pytest.raises(ConnectionError, match="gone"):
        chat.ask(QUESTIONS[0], on_text=raise_it)
    assert (chat.turns, chat._cache.num_tail) == ((), 0)
    chat.ask(QUESTIONS[0], max_new_tokens=7)
    asked.check(chat.turns[0], QUESTIONS[0], (), 7)


@talkative
@pytest.mark.parametrize("at_step", [0, 1, 4])
def test_a_step_that_fails_may_be_tried_again(asked, monkeypatch, at_step):
    """A forward that is broken off between two layers changes no answer."""
    batch = asked.vxl.batch(asked.memory)
    turns = [batch.add(question, max_new_tokens=7) for question in QUESTIONS[:3]]
    for _ in range(at_step):
        batch.step()
    broken = asked.vxl.model.decoder.layers[1]

    def fail(*args, **options):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(broken, "forward", fail)
        with pytest.raises(MemoryError):
            batch.step()
    run(batch)
    for turn, question in zip(turns, QUESTIONS[:3], strict=True):
        asked.check(turn, question, (), 7)


@talkative
def test_turns_wait_for_room(asked):
    """No more than `max_turns` are answered at once, the oldest first, and the counts say who waits."""
    batch = asked.vxl.batch(asked.memory, max_turns=2)
    turns = [batch.add("what ?", max_new_tokens=4) for _ in range(5)]
    assert (len(batch), batch.num_waiting) == (5, 5)
    batch.step()
    assert [turn.state for turn in turns] == ["running"] * 2 + ["waiting"] * 3
    assert (len(batch), batch.num_waiting) == (5, 3)
    batch.cancel(turns[4])
    batch.cancel(turns[0])
    assert len(batch) == 3
    ended = run(batch)
    assert ended == turns[1:4]
    batch.cancel(turns[1])
    assert turns[1].state == "finished"
    with pytest.raises(UsageError, match="cancelled"):
        turns[0].answer  # noqa: B018
    assert batch.step() == []


def test_questions_come_from_any_thread(asked):
    """Threads that add and cancel while another one steps lose no question and change no answer."""
    batch = asked.vxl.batch(asked.memory, max_turns=4)
    turns = []

    def put():
        for number in range(10):
            kept, dropped = (batch.add(QUESTIONS[number % 3], max_new_tokens=7) for _ in range(2))
            turns.append((kept, QUESTIONS[number % 3]))
            batch.cancel(dropped)

    threads = [threading.Thread(target=put) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or len(batch):
        batch.step()
    assert len(turns) == 30
    for turn, question in turns:
        asked.check(turn, question, (), 7)


def test_nothing_seen_may_be_asked_about(asked):
    """Without a memory a batch answers as a conversation on nothing does, without evidence."""
    batch = asked.vxl.batch()
    turns = [batch.add(question, max_new_tokens=7) for question in QUESTIONS[:3]]
    run(batch)
    for turn, question in zip(turns, QUESTIONS[:3], strict=True):
        alone = asked.vxl.ask(None, question, max_new_tokens=7)
        assert (turn.answer.text, turn.answer.evidence) == (alone.text, ())


def test_a_growing_memory_is_read_as_it_was(asked, make_film):
    """What a memory gains after a batch was made is not read by it, and is by the next one."""
    memory = asked.memory.fork()
    batch = asked.vxl.batch(memory)
    asked.vxl.append(memory, make_film(9, seed=1), ratio=2)
    turn = batch.add(QUESTIONS[0], max_new_tokens=7)
    run(batch)
    asked.check(turn, QUESTIONS[0], (), 7)
    assert asked.vxl.batch(memory).add("what ?")._memory.num_rows == memory.num_rows > asked.memory.num_rows


def test_ask_all_answers_each(asked):
    """Several questions in one call get the answers that each gets alone, in their order."""
    answers = asked.vxl.ask_all(asked.memory, QUESTIONS, max_new_tokens=7)
    for answer, question in zip(answers, QUESTIONS, strict=True):
        alone = asked.vxl.ask(asked.memory, question, max_new_tokens=7)
        assert (answer.question, answer.text, answer.usage) == (question, alone.text, alone.usage)
        same_evidence(answer.evidence, alone.evidence)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"question": " "}, "the question is empty"),
        ({"question": "what " * 10_000}, r"1000\d tokens, expected at most 8192"),
        ({"question": "w" * 1_000_000}, "1000000 characters"),
        ({"max_new_tokens": 0}, "max_new_tokens is 0"),
        ({"temperature": -1}, "temperature is -1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_p": 0}, "top_p is 0"),
        ({"top_p": 1.1}, "top_p is 1.1"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"stop": [""]}, "got 1 stop strings"),
        ({"stop": ["x"] * 17}, "got 17 stop strings"),
        ({"history": [("what ?", "cat"), ("", "dog")]}, "the question is empty"),
        ({"history": [("what ?", "x" * 1_000_000)]}, "an answer of the history has 1000000 characters"),
        ({"history": [("what ?", "cat " * 20_000)] * 2}, "the first 2 of 2 turns of history have"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(asked, options, message):
    """A question, option or history that makes no sense is named before anything is read."""
    batch = asked.vxl.batch(asked.memory)
    options = {"question": "what ?", **options}
    with pytest.raises(UsageError, match=message):
        batch.add(options.pop("question"), **options)
    assert len(batch) == 0


def test_unfinished_turns_are_no_history(asked):
    """A turn must be finished before another one can go on from it."""
    batch = asked.vxl.batch(asked.memory)
    turn = batch.add("what ?")
    with pytest.raises(UsageError, match="a turn that is waiting"):
        batch.add("when ?", history=[turn])
    with pytest.raises(UsageError, match="max_turns is 0"):
        asked.vxl.batch(asked.memory, max_turns=0)
