"""An inventory is asked for by the model, put together from parts of a memory, and read in front of the question."""

from dataclasses import asdict, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from videoxl.engine import VideoXL, inventory
from videoxl.engine.evidence import evidence_ranges
from videoxl.engine.inventory import Found, Inventory, InventoryConfig, looked_at_most, numbered
from videoxl.engine.sampling import Sampler
from videoxl.errors import CheckpointError
from videoxl.memory import CompressedMemory
from videoxl.memory.segment import Segment

QUESTION, OTHER = "what appears in the film ?", "dog ?"
STEP_QUESTION, SIGHT_QUESTION = "cat dog ?", "film dog ?"
SURE = 0.6


@pytest.fixture(scope="module")
def model(vivid_model):
    return vivid_model


@pytest.fixture(scope="module")
def film(model, processor, make_film):
    return VideoXL(model, processor, name="tiny").watch(make_film(model.config.interval_frames * 4), ratio=2)


def logits_of(vxl, film, question):
    """What the model would say first."""
    ids = vxl._speaker.first_question_ids(question, on_video=True)
    return vxl._speaker.read(torch.tensor([ids]), vxl.model.cache(film)).logits_BC[0]


@pytest.fixture
def vxl(model, processor, film, monkeypatch):
    """The model, taught to ask for all of the inventory, as the questions of these tests do."""
    monkeypatch.setattr(model.config, "inventory", None)
    logits = torch.stack([logits_of(VideoXL(model, processor, name="tiny"), film, each) for each in (QUESTION, OTHER)])
    *others, token = logits.sum(dim=0).argsort()[[0, 1, 2, 3, 4, -1]].tolist()
    config = InventoryConfig(
        token, *others, STEP_QUESTION, SIGHT_QUESTION, "nothing", 0.0, 0.0, ("cat", "dog", "film"), 2, 6
    )
    monkeypatch.setattr(model.config, "inventory", asdict(config))
    return VideoXL(model, processor, name="tiny")


def inventory_of(vxl, film):
    return Inventory(vxl._speaker, film, InventoryConfig(**vxl.model.config.inventory))


def test_it_is_read_in_front_of_the_question(vxl, film):
    """The answer is what the model says behind the inventory and the question."""
    answer = vxl.ask(film, QUESTION, max_new_tokens=6)
    of_film = inventory_of(vxl, film).answer([vxl.model.config.inventory["next_id"]])
    prompt = [*of_film.ids, *vxl._speaker.first_question_ids(QUESTION, on_video=True)]
    said = generated(vxl, film, prompt, 6)
    assert answer.text == vxl._speaker.text(said)
    assert answer.usage.question_tokens == len(prompt)


def generated(vxl, film, prompt, num_tokens):
    """Greedy tokens by transformers' `generate`, without our loop."""
    output = vxl.model.generate(
        torch.tensor([prompt]), memory=vxl.model.cache(film), max_new_tokens=num_tokens, do_sample=False,
        eos_token_id=vxl._speaker.end_token_ids, pad_token_id=0,
    )  # fmt: skip
    return [token for token in output[0, len(prompt) :].tolist() if token not in vxl._speaker.end_token_ids]


@pytest.mark.parametrize("question", [STEP_QUESTION, SIGHT_QUESTION])
@pytest.mark.parametrize("rows_at_once", [1, 40, 4096])
def test_each_interval_is_asked_by_itself(vxl, film, monkeypatch, rows_at_once, question):
    """What is found first in each is what is answered on a memory of it alone; then comes what its other rows show."""
    monkeypatch.setattr(inventory, "ROWS_AT_ONCE", rows_at_once)
    prompt = vxl._speaker.first_question_ids(question, on_video=True)
    expected, probabilities = [], {}
    for index, segment in enumerate(film.segments):
        if segment.kind == "text":
            continue
        left = list(film.row_range(index))
        while left:
            alone = memory_of_rows(film, [*film.row_range(0), *left])
            reading = vxl._speaker.read(torch.tensor([prompt]), vxl.model.cache(alone))
            shares_N = reading.shares_BS[0, film.row_range(0).stop :]
            if not (name := tuple(generated(vxl, alone, prompt, 2))):
                break
            expected.append((left[int(shares_N.argmax())], name))
            probabilities[expected[-1]] = float(reading.logits_BC[0].softmax(dim=0).max())
            del left[looked_at_most(shares_N)]
    assert len(expected) > len(film.intervals)
    found = inventory_of(vxl, film)._found(question)
    assert sorted(each[:2] for each in found) == sorted(expected)
    for each in found:
        assert each.probability == pytest.approx(probabilities[each[:2]], abs=1e-4)


def memory_of_rows(memory, rows):
    """A memory of some rows, as if they were text."""
    part = CompressedMemory(memory.about)
    segment = Segment(kind="text", num_rows=len(rows), token_ids=(0,) * len(rows))
    part.append(segment, memory.keys[:, :, rows], memory.values[:, :, rows])
    return part


@pytest.mark.parametrize("other", ["named_certainty", "certainty"])
def test_what_is_not_sure_is_left_out(vxl, film, monkeypatch, other):
    """An interval whose name is less likely than both thresholds shows nothing, and is not asked again."""
    prompt = vxl._speaker.first_question_ids(STEP_QUESTION, on_video=True)
    certain = []
    for index in range(1, len(film.segments)):
        alone = memory_of_rows(film, [*film.row_range(0), *film.row_range(index)])
        logits_C = vxl._speaker.read(torch.tensor([prompt]), vxl.model.cache(alone)).logits_BC[0]
        certain.append(float(logits_C.softmax(dim=0).max()))
    least = sorted(certain)[1]
    lower, higher = ("certainty", "named_certainty") if other == "named_certainty" else ("named_certainty", "certainty")
    monkeypatch.setitem(vxl.model.config.inventory, lower, least - 1e-6)
    monkeypatch.setitem(vxl.model.config.inventory, higher, 1.1)
    rows = [found.row for found in inventory_of(vxl, film)._found(STEP_QUESTION)]
    for index, probability in enumerate(certain, start=1):
        assert any(row in film.row_range(index) for row in rows) == (probability >= least)
    monkeypatch.setitem(vxl.model.config.inventory, lower, 1.1)
    assert inventory_of(vxl, film)._found(STEP_QUESTION) == []


def test_an_interval_that_is_not_sure_is_not_asked_for_more(vxl, film, monkeypatch):
    """What a question would have to name is found, once an interval; it is no part of what open questions read."""
    monkeypatch.setitem(vxl.model.config.inventory, "certainty", 1.1)
    of_film = inventory_of(vxl, film)
    assert len(of_film._found(STEP_QUESTION)) == len(film.intervals)
    assert of_film.things == ()
    name = of_film._found(STEP_QUESTION)[0].name
    of_film.config = replace(of_film.config, has_id=HAS)
    assert of_film.answer([HAS, *name]).found


def test_an_interval_that_shows_nothing_is_left(vxl, film, monkeypatch):
    """What the model is to say of plain film ends the asking, and is no thing."""
    first = inventory_of(vxl, film)._found(STEP_QUESTION)[0].name
    monkeypatch.setitem(vxl.model.config.inventory, "nothing", vxl._speaker.text(first))
    assert first not in [found.name for found in inventory_of(vxl, film)._found(STEP_QUESTION)]


@settings(max_examples=60)
@given(st.lists(st.sampled_from("abcd"), max_size=6))
def test_what_is_new_is_numbered(things):
    """A number before each thing that was not told yet, as far as there are any; the mark before others, and last."""
    words = numbered(things, ("none", "one", "two", "three"), "-")
    assert words[1::2] == tuple(things)
    assert words[-1] == "-"
    told = []
    for number, thing in zip(words[::2], things, strict=False):
        is_new = thing not in told
        told += [thing] * is_new
        assert number == (("one", "two", "three", "-")[len(told) - 1] if is_new else "-")


DOG, CAT, DRUM, PALM, OWL = (11,), (12, 13), (14,), (15, 16), (17,)
NEXT, ONE, AFTER, BEFORE, HAS, ALL = 20, 21, 22, 23, 24, 25


@pytest.mark.parametrize(
    ("request_ids", "things"),
    [
        ([NEXT], (DOG, CAT, DRUM)),
        ([ONE], (CAT,)),
        ([AFTER, *DOG], (CAT, DRUM)),
        ([AFTER, *CAT], (DRUM,)),
        ([AFTER, *DRUM], ()),
        ([AFTER, 99], ()),
        ([BEFORE, *CAT], (DOG,)),
        ([BEFORE, *DRUM], (DOG, CAT)),
        ([BEFORE, *DOG], ()),
        ([BEFORE, 99], ()),
        ([AFTER], ()),
        ([HAS, *PALM], (PALM,)),
        ([HAS, *OWL], (OWL,)),
        ([HAS, *DOG], (DOG,)),
        ([HAS, 99], ()),
        ([HAS], ()),
    ],
)
def test_a_request_gets_its_part(vxl, film, request_ids, things):
    """All of it, or what comes after or before a thing, or one ordinary thing; of what is not in it, nothing."""
    of_film = made_up(
        vxl, film, things=(found(1, DOG), found(2, DOG), found(2, CAT, 0.95), found(3, DRUM), found(4, OWL, 0.4)),
        sights=(found(1, PALM), found(3, PALM), found(2, DRUM)),
    )  # fmt: skip
    numbers = [tuple(vxl._speaker.answer_ids(number)) for number in of_film.config.numbers]
    expected = numbered(things, numbers, (NEXT,))
    told = of_film.answer(request_ids)
    assert told.ids == tuple(token for word in expected for token in word)
    assert tuple(dict.fromkeys(each.name for each in told.found)) == things
    assert of_film.is_whole(request_ids) == (request_ids[0] in (NEXT, ONE) or len(request_ids) == 3)


def test_the_surest_thing_is_told_once_with_all_that_shows_it(vxl, film):
    """Also where other things lie between; of a memory in which nothing is sure, nothing."""
    shown = (found(1, DOG), found(2, CAT, 0.91), found(4, DRUM), found(7, CAT, 0.7), found(8, OWL, 0.5))
    of_film = made_up(vxl, film, things=shown, sights=())
    told = of_film.answer([ONE])
    assert told.found == (shown[1], shown[3])
    assert told.ids.count(CAT[0]) == 1
    assert made_up(vxl, film, things=shown[-1:], sights=()).answer([ONE]).found == ()


def found(row, name, probability=0.9):
    return Found(row, name, probability)


def made_up(vxl, film, *, things, sights):
    """An inventory of which it is known what is found."""
    config = InventoryConfig(
        NEXT, ONE, AFTER, BEFORE, HAS, ALL, STEP_QUESTION, SIGHT_QUESTION, "nothing", SURE, 0.3,
        ("what", "cat", "dog", "film"), 2, 6,
    )  # fmt: skip
    of_film = Inventory(vxl._speaker, film, config)
    of_film._found = lambda question: list(reversed(things if question == STEP_QUESTION else sights))
    return of_film


@pytest.mark.parametrize(
    ("request_ids", "said", "rows"),
    [
        ([NEXT], [5, *CAT, 6], {4: 0.7}),
        ([NEXT], [*DRUM, 9, *DOG], {1: 0.9, 2: 0.8, 7: 0.9}),
        ([NEXT], [12, 9, 13], {1: 0.9, 2: 0.8, 4: 0.7, 7: 0.9}),
        ([NEXT], [*OWL], {1: 0.9, 2: 0.8, 4: 0.7, 7: 0.9}),
        ([HAS, *OWL], [9], {3: 0.4, 6: 0.5}),
        ([AFTER, *CAT], [9], {7: 0.9}),
        ([AFTER, *CAT], [*DOG], {7: 0.9}),
        ([HAS, *PALM], [9], {3: 1.4}),
        ([HAS, *DOG], [9], {1: 0.9, 2: 0.8}),
        ([HAS, 99], [9], {}),
    ],
)
def test_an_answer_rests_on_what_it_names_of_what_was_told(vxl, film, request_ids, said, rows):
    """On the rows that show it; where it names nothing of it, on all that was read; where nothing was, on none."""
    things = (
        found(1, DOG), found(2, DOG, 0.8), found(3, OWL, 0.4), found(4, CAT, 0.7), found(6, OWL, 0.5), found(7, DRUM)
    )  # fmt: skip
    of_film = made_up(vxl, film, things=things, sights=(found(3, PALM), found(3, PALM, 0.5)))
    shares_S = of_film.answer(request_ids).rests_on(said, film.num_rows)
    assert {row: pytest.approx(share) for row, share in enumerate(shares_S.tolist()) if share} == rows


def test_the_evidence_is_where_the_inventory_has_it(vxl, film):
    """An answer behind an inventory shows the intervals of what it names; nowhere else is looked."""
    answer = vxl.ask(film, QUESTION, max_new_tokens=6)
    told = inventory_of(vxl, film).answer([vxl.model.config.inventory["next_id"]])
    said = vxl._speaker.processor.tokenizer(answer.text, add_special_tokens=False)["input_ids"]
    shares_S = told.rests_on(said, film.num_rows)
    assert answer.evidence == evidence_ranges(film, shares_S, torch.zeros(film.num_rows))
    assert answer.evidence


def test_it_is_made_once_for_a_memory(vxl, film, monkeypatch):
    """Questions, conversations and batches on one memory share it; a memory that has grown gets another."""
    made = []
    things = Inventory._found

    def counted(self, question):
        made.append(question)
        return things(self, question)

    monkeypatch.setattr(Inventory, "_found", counted)
    vxl.ask(film, QUESTION, max_new_tokens=2)
    vxl.ask_all(film, [QUESTION, OTHER, QUESTION], max_new_tokens=2)
    vxl.chat(film).ask(QUESTION, max_new_tokens=2)
    assert made == [STEP_QUESTION]  # nobody asked for what needs the other
    grown = film.fork()
    span = film.row_range(len(film.segments) - 1)
    part = slice(span.start, span.stop)
    grown.append(film.segments[-1], film.keys[:, :, part], film.values[:, :, part])
    vxl.ask(grown, QUESTION, max_new_tokens=2)
    assert made == [STEP_QUESTION] * 2


def test_ordinary_things_are_looked_for_when_one_is_asked_for(vxl, film):
    """Not for what was put into the film, nor for its order; and once."""
    of_film = made_up(vxl, film, things=(found(1, DOG),), sights=(found(2, PALM),))
    asked, find = [], of_film._found
    of_film._found = lambda question: asked.append(question) or find(question)
    for request_ids in ([NEXT], [AFTER, *DOG], [HAS, *DOG]):
        of_film.answer(request_ids)
    assert asked == [STEP_QUESTION]
    for request_ids in ([HAS, *PALM], [HAS, 99]):
        of_film.answer(request_ids)
    assert asked == [STEP_QUESTION, SIGHT_QUESTION]


def test_batches_and_conversations_read_it_alike(vxl, film):
    """With turns before it that took one, and beside others, a question gets the same tokens and evidence."""
    chat = vxl.chat(film)
    for question in (QUESTION, OTHER, QUESTION):
        chat.ask(question, max_new_tokens=6)
    batch = vxl.batch(film, max_turns=2)
    turns = [
        batch.add(QUESTION, history=chat.turns[:2], max_new_tokens=6),
        batch.add(OTHER, history=chat.turns[:1], max_new_tokens=6),
        batch.add(QUESTION, max_new_tokens=6),
        batch.add("cat dog " * 45, max_new_tokens=6),
    ]
    while len(batch):
        batch.step()
    for turn, said in zip(turns, (chat.turns[2], chat.turns[1], chat.turns[0]), strict=False):
        assert turn.prompt_ids[-len(said.prompt_ids) :] == said.prompt_ids
        assert turn.said_ids == said.said_ids
        assert [each.start_seconds for each in turn.answer.evidence] == [
            each.start_seconds for each in said.answer.evidence
        ]
    assert batch.nbytes == 0


def test_a_request_for_all_of_it_is_known_by_its_first_word(vxl, film):
    """What would be said behind it is not waited for: after one step the question is to be read again."""
    batch = vxl.batch(film)
    turn = batch.add(QUESTION, max_new_tokens=1)
    batch.step()
    told = inventory_of(vxl, film).answer([vxl.model.config.inventory["next_id"]])
    assert turn.is_anew
    assert turn.unread == [*told.ids, *vxl._speaker.first_question_ids(QUESTION, on_video=True)]


@pytest.mark.parametrize("name_tokens", [1, 2])
def test_a_request_for_a_thing_ends_with_its_name(vxl, film, monkeypatch, name_tokens):
    """A name has so many tokens at most; what would be said behind the last of them is not waited for."""
    monkeypatch.setattr(Inventory, "likeliest_mark", lambda self, logits_C: self.config.has_id)
    monkeypatch.setitem(vxl.model.config.inventory, "name_tokens", name_tokens)
    monkeypatch.setattr(type(vxl._speaker), "end_token_ids", [])
    batch = vxl.batch(film)
    turn = batch.add(QUESTION, max_new_tokens=1)
    anew = []
    for _ in range(name_tokens):
        batch.step()
        anew.append(turn.is_anew)
    assert anew == [False] * (name_tokens - 1) + [True]


def test_an_answer_ends_with_as_many_tokens_as_it_may_have(vxl, film, monkeypatch):
    """Its end is not waited for, and it is finished; what a constraint makes the model say may be longer."""
    monkeypatch.setattr(type(vxl._speaker), "end_token_ids", [])
    longer = vxl.ask(film, QUESTION, max_new_tokens=8)
    monkeypatch.setitem(vxl.model.config.inventory, "answer_tokens", 2)
    again = VideoXL(vxl.model, vxl.processor, name="tiny")
    answer = again.ask(film, QUESTION, max_new_tokens=8)
    assert (longer.usage.answer_tokens, answer.usage.answer_tokens) == (6, 2)
    assert answer.finished
    assert longer.text.startswith(answer.text)
    assert not again.ask(film, QUESTION, max_new_tokens=1).finished


def test_nothing_is_read_that_nobody_asks_for(vxl, film, monkeypatch):
    """What was told has its evidence with it: nobody looks where the model looks, and the last token is not read."""
    vxl.ask(film, QUESTION)  # the inventory, which does look, is made
    batch = vxl.batch(film)
    read, reads = vxl._speaker.read, []

    def noted(self, ids_BT, past, **options):
        reads.append((ids_BT.shape[1], options["looks"]))
        return read(ids_BT, past, **options)

    monkeypatch.setattr(type(vxl._speaker), "read", noted)
    turn = batch.add(QUESTION, max_new_tokens=1)
    before = len(turn.prompt_ids)
    while len(batch):
        batch.step()
    assert turn.answer.evidence
    assert reads == [(before, False), (len(turn.prompt_ids), False)]


def test_what_was_read_is_answered_by_something(vxl, film, monkeypatch):
    """The model may not end before it has said a word: the likeliest other one is its answer."""
    said = vxl.ask(film, QUESTION, max_new_tokens=1).text
    first = vxl._speaker.answer_ids(said)
    monkeypatch.setattr(type(vxl._speaker), "end_token_ids", first)
    other = VideoXL(vxl.model, vxl.processor, name="tiny").ask(film, QUESTION, max_new_tokens=1).text
    assert other not in ("", said)


@pytest.mark.parametrize(
    ("things", "text"), [(["dog", "cat", "dog"], "dog, cat film dog, cat"), ([], "nothing film nothing")]
)
def test_the_mark_of_a_list_gives_way_to_what_was_told(vxl, film, monkeypatch, things, text):
    """In order, each name once, "nothing" where there is none; who reads along never sees the mark."""
    tokens = {word: vxl._speaker.answer_ids(word) for word in ("dog", "cat", "film")}
    found_things = [found(row, tuple(tokens[thing])) for row, thing in enumerate(things, film.row_range(1).start)]
    monkeypatch.setattr(Inventory, "_found", lambda self, question: found_things)
    mark = vxl.model.config.inventory["all_id"]
    said = iter([mark, *tokens["film"], mark])
    monkeypatch.setattr(Sampler, "choose", lambda self, likeliest, logits_C: next(said, vxl._speaker.end_token_ids[0]))
    pieces = []
    answer = vxl.ask(film, QUESTION, on_text=pieces.append)
    assert answer.text == "".join(pieces) == text
    assert bool(answer.evidence) == bool(things)


@pytest.mark.parametrize("num_steps", [1, 2])
def test_who_leaves_while_it_is_to_be_read_is_gone(vxl, film, num_steps):
    """A question that is cancelled while it asks for the inventory, or before that is read, ends; nothing is kept."""
    batch = vxl.batch(film)
    turn = batch.add(QUESTION, max_new_tokens=6)
    for _ in range(num_steps):
        batch.step()
    assert turn.state == "running"
    assert bool(turn.said_ids) == (num_steps == 2)
    batch.cancel(turn)
    batch.step()
    assert len(batch) == 0
    assert turn.state == "cancelled"
    assert batch.nbytes == 0


@pytest.mark.parametrize("best", [NEXT, AFTER, BEFORE, HAS])
def test_the_likeliest_request_is_made_though_another_word_is_likelier(vxl, film, best):
    """Whatever a model would say at once, it asks first."""
    logits_C = torch.zeros(30)
    logits_C[best], logits_C[5] = 2.0, 3.0
    assert made_up(vxl, film, things=(), sights=()).likeliest_mark(logits_C) == best


@pytest.mark.parametrize("options", [{"temperature": 1.0, "seed": 3}, {"stop": ["zzz"]}])
def test_however_an_answer_is_chosen_the_inventory_is_taken(vxl, film, options):
    """It is the likeliest of the words that ask for it, not what is drawn."""
    usage = vxl.ask(film, QUESTION, max_new_tokens=3, **options).usage
    assert usage.question_tokens > len(vxl._speaker.first_question_ids(QUESTION, on_video=True))


def test_without_a_film_there_is_none(vxl):
    """A question on nothing is answered as it was, whatever the model says first."""
    ids = vxl.processor.text_prompt(QUESTION)
    assert vxl.ask(None, QUESTION, max_new_tokens=3).usage.question_tokens == len(ids)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=12).map(torch.tensor))
def test_what_is_looked_at_most_is_a_run_around_the_best(shares_S):
    """It holds the best row, nothing weak, and ends where something weak begins."""
    span = looked_at_most(shares_S)
    least = inventory.LEAST_OF_BEST * shares_S.max()
    assert span.start <= int(shares_S.argmax()) < span.stop
    assert (shares_S[span] >= least).all()
    assert span.start == 0 or shares_S[span.start - 1] < least
    assert span.stop == len(shares_S) or shares_S[span.stop] < least


def test_a_config_that_makes_no_sense_is_refused(make_model):
    """A folder with a damaged config says what is wrong with it."""
    with pytest.raises(
        CheckpointError,
        match="inventory has next_id; expected after_id, all_id, answer_tokens, before_id, certainty, has_id, "
        "name_tokens, named_certainty, next_id, nothing, numbers, one_id, question, sight_question",
    ):
        make_model(inventory={"next_id": 3})


def test_it_makes_no_other_memories(vxl, model, processor, monkeypatch):
    """Rows do not depend on how they are read: memories of before fit."""
    before = vxl.fingerprint
    monkeypatch.setattr(model.config, "inventory", None)
    assert VideoXL(model, processor, name="tiny").fingerprint == before


def test_an_empty_memory_shows_nothing(vxl, film):
    """Of a memory that holds text alone nothing is asked."""
    text = CompressedMemory(film.about)
    text.append(film.segments[0], *(part[:, :, : film.segments[0].num_rows] for part in (film.keys, film.values)))
    assert film.segments[0].kind == "text"
    assert inventory_of(vxl, text).things == ()
