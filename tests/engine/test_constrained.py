"""Answers that must be JSON, match an expression, or be one of some choices: they are, or it is said why not."""

import json
import re
import time

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import videoxl
from videoxl.engine import constrained_grammar, constrained_trial
from videoxl.engine.constrained import MAX_SCHEMA_DEPTH, Choices, JsonSchema, Regex
from videoxl.errors import MissingDependencyError, UsageError

BUSY_SECONDS = 60  # more than any refusal takes, on a machine that is shared


@pytest.fixture(scope="module")
def vxl(spelling_vxl):
    return spelling_vxl


@pytest.fixture(scope="module")
def nano():
    return videoxl.load("nano", device="cpu")


@pytest.fixture
def tried(monkeypatch):
    """Grammars are tried out in this process: hundreds of processes would take minutes."""

    def try_here(grammar):
        from llguidance import LLMatcher, LLTokenizer

        matcher = LLMatcher(LLTokenizer("byte"), grammar, log_level=0, limits=constrained_trial.limits())
        return constrained_trial.why_not(matcher)

    monkeypatch.setattr(constrained_grammar, "_try_out", try_here)


def said(vxl, constraint, *, seeds=(0, 1, 2), max_new_tokens=400):
    """Finished answers under a constraint, greedy and by chance, all in one batch."""
    batch = vxl.batch()
    turns = [batch.add("what ?", constraint=constraint, max_new_tokens=max_new_tokens)]
    turns += [
        batch.add("what ?", constraint=constraint, max_new_tokens=max_new_tokens, temperature=3.0, seed=seed)
        for seed in seeds
    ]
    while len(batch):
        batch.step()
    return [turn.answer.text for turn in turns if turn.answer.finished]


def schemas():
    """Schemas whose texts are short, of every kind that people use."""
    names = st.sampled_from(["a", "b", "name of it", 'q"\\', "\u00e4\u4e2d"])
    bounds = st.tuples(st.integers(-300, 300), st.integers(0, 300))
    leaves = st.one_of(
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"const": {"x": [1, "y"]}}]),
        st.builds(
            lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more}, *[st.integers(0, 4)] * 2
        ),
        bounds.map(lambda b: {"type": "integer", "minimum": b[0], "maximum": b[0] + b[1]}),
        bounds.map(lambda b: {"type": "number", "minimum": b[0], "exclusiveMaximum": b[0] + b[1] + 1}),
        st.lists(st.one_of(st.integers(-99, 99), names, st.none(), st.booleans()), min_size=1, max_size=4).map(
            lambda values: {"enum": values}
        ),
        st.sampled_from(["^[a-c]{1,3}$", "^(x|yz)+-\\d{2}$", "^\\w{2}$"]).map(
            lambda p: {"type": "string", "pattern": p}
        ),
        st.sampled_from(["date", "time", "date-time", "uuid", "ipv4"]).map(lambda f: {"type": "string", "format": f}),
    )

    def deeper(inner):
        properties = st.dictionaries(names, inner, max_size=3)
        objects = st.builds(
            lambda all_of, some: {
                "type": "object", "properties": all_of, "required": sorted(all_of)[:some], "additionalProperties": False
            }, properties, st.integers(0, 3),
        )  # fmt: skip
        arrays = st.builds(
            lambda items, low, more: {"type": "array", "items": items, "minItems": low, "maxItems": low + more},
            inner, st.integers(0, 2), st.integers(0, 2),
        )  # fmt: skip
        any_of = st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each})
        return st.one_of(objects, arrays, any_of)

    return st.recursive(leaves, deeper, max_leaves=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schema=schemas())
def test_json_parses_and_is_valid(vxl, tried, schema):
    """Whatever the schema, an answer that is finished is JSON, and valid under it."""
    texts = said(vxl, JsonSchema(schema))
    assert texts
    for text in texts:
        assert jsonschema_rs.is_valid(schema, json.loads(text)), text


@pytest.mark.parametrize(
    "schema", [True, {}, {"type": "object"}, {"title": "T", "description": "d", "type": "integer"}]
)
def test_loose_schemas_give_json(vxl, schema):
    """A schema that says little gives any JSON; titles and descriptions say nothing."""
    for text in said(vxl, JsonSchema(schema), max_new_tokens=60):
        json.loads(text)


def test_a_recursive_schema_may_end_and_is_bounded(vxl):
    """A tree is valid wherever it ends, and is cut at the token limit; one that cannot end is refused."""
    node = {"type": "object", "properties": {"c": {"type": "array", "maxItems": 1, "items": {"$ref": "#/$defs/n"}}},
            "required": ["c"], "additionalProperties": False}  # fmt: skip
    tree = {"$defs": {"n": node}, "$ref": "#/$defs/n"}
    texts = said(vxl, JsonSchema(tree), seeds=range(8))
    assert texts
    cut = vxl.ask(None, "what ?", constraint=JsonSchema(tree), max_new_tokens=3)
    assert not cut.finished
    assert any(text.startswith(cut.text) for text in texts)
    assert all(jsonschema_rs.is_valid(tree, json.loads(text)) for text in texts)
    endless = {"$defs": {"n": {**node, "properties": {"c": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}
    with pytest.raises(UsageError, match="the JSON schema cannot be used"):
        vxl.ask(None, "what ?", constraint=JsonSchema(endless))


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9]{1,4}",
        "(yes|no|maybe)",
        " before and after ",
        "[\u4e00-\u4e10]{2}",
        "(a|b)*c",
        "[^x]{3}",
        r"\n{2}\.",
        r"\w\s\W",
    ],
)
def test_text_matches_an_expression(vxl, pattern):
    """An answer matches from its first to its last character, white space and every byte included."""
    texts = said(vxl, Regex(pattern), max_new_tokens=40, seeds=range(8))
    assert texts
    for text in texts:
        assert re.fullmatch(pattern, text), repr(text)


def test_choices_are_said_to_the_letter(vxl):
    """An answer is one of the choices, also where one is the beginning of another; each of them can be said."""
    choices = ("yes", "yes, it is", "no", "\u00c4\u4e2d\u6587 ok", "true")
    texts = said(vxl, Choices(choices), seeds=range(40))
    assert len(texts) == 41
    assert set(texts) == set(choices)
    pieces = []
    answer = vxl.ask(None, "what ?", constraint=Choices(choices), on_text=pieces.append)
    assert "".join(pieces) == answer.text


def test_a_conversation_goes_on_behind_a_constrained_answer(vxl):
    """All that was said is part of the conversation, the last token too."""
    chat = vxl.chat()
    first = chat.ask("what ?", constraint=Choices(["cat dog"]))
    assert first.text == "cat dog"
    assert chat._cache.num_tail == len(chat.turns[0].prompt_ids) + len("cat dog")
    assert chat.ask("when ?", constraint=Regex(r"\d\d")).text.isdigit()


def test_nano_chooses_among_words_that_it_knows(nano):
    """A vocabulary of words can choose; what it cannot spell is refused with what it would say instead."""
    for text in said(nano, Choices(["yes", "no", "violin"])):
        assert text in ("yes", "no", "violin")
    for choice, become in (("Yes", "'yes'"), ("qwertyuiop", "''"), ("yes!", "'yes'")):
        with pytest.raises(UsageError, match=f"cannot say the choice '{re.escape(choice)}'.*would become {become}"):
            nano.batch().add("what ?", constraint=Choices(["no", choice]))


@pytest.mark.parametrize("constraint", [JsonSchema({"type": "integer"}), Regex("a+")])
def test_nano_is_refused_json(nano, constraint):
    """A vocabulary of words is refused in one sentence before anything is generated."""
    batch = nano.batch()
    with pytest.raises(UsageError, match=r"^this model's vocabulary is made of words, not of bytes, .*\.$"):
        batch.add("what ?", constraint=constraint)
    assert len(batch) == 0


def nested(depth):
    schema = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema, "maxItems": 1}
    return schema


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ([], "is a list, expected an object"),
        (False, "false, which nothing satisfies"),
        (nested(10_000), f"nested more than {MAX_SCHEMA_DEPTH} deep"),
        ({"enum": ["x" * 70_000]}, "70014 bytes, expected at most 65536"),
        ({"enum": [float("nan")]}, "is no JSON"),
        ({"enum": [{1, 2}]}, "is no JSON"),
        ({"type": "wrong"}, "wrong"),
        ({"$ref": "http://127.0.0.1:9/x.json"}, "is not present"),
        ({"$ref": "file:///etc/passwd"}, "is not present"),
        ({"$ref": "#/nope"}, "/nope"),
        ({"$ref": "#"}, "no text satisfies it"),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "greater than maximum"),
        ({"type": "integer", "minimum": 10**400}, "out of range"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"type": "integer", "multipleOf": 99999989}, "more than 1 s"),
        ({"type": "integer", "allOf": [{"multipleOf": 97}, {"multipleOf": 89}, {"multipleOf": 83}]}, "more than 1 s"),
        ({"type": "string", "allOf": [{"pattern": f"[a-z]*{c}[a-z]{{20}}"} for c in "abcdefgh"]}, "regex|takes"),
        ({"$defs": {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2, "allOf": [{"anyOf": [{}, {}]}]}
                    for i in range(30)}, "$ref": "#/$defs/d0"}, "cannot be used"),
    ],
)  # fmt: skip
def test_hostile_schemas_are_refused_soon(vxl, schema, message):
    """A schema that is wrong, reaches out, or takes too long is refused in one sentence, and nothing was generated."""
    batch, began = vxl.batch(), time.monotonic()
    with pytest.raises(UsageError, match=message) as refusal:
        batch.add("what ?", constraint=JsonSchema(schema))
    assert len(str(refusal.value)) < 500
    assert time.monotonic() - began < BUSY_SECONDS
    assert len(batch) == 0


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "0 characters"),
        ("a" * 5000, "5000 characters"),
        ("(", "unclosed group"),
        (r"(?=a)b", "look-around"),
        (r"(a)\1", "backreferences"),
        ("(" * 2000 + ")" * 2000, "cannot be used"),
        ("a?" * 1300 + "a" * 1300, "more than 1 s"),
        (r"(a{1000}){1000}", "more than 1 s"),
        (r"[^\x00-\U0010ffff]", "cannot be used"),
    ],
)
def test_hostile_expressions_are_refused_soon(vxl, pattern, message):
    """An expression that is wrong, or takes too long, is refused in one sentence."""
    began = time.monotonic()
    with pytest.raises(UsageError, match=message):
        vxl.batch().add("what ?", constraint=Regex(pattern))
    assert time.monotonic() - began < BUSY_SECONDS


@pytest.mark.parametrize("texts", [[], "yes", ["yes", " "], [1], ["x"] * 1001, ["x" * 70_000]])
def test_impossible_choices_are_refused(texts):
    """Choices are a list of texts, of a bounded size."""
    with pytest.raises(UsageError, match="choices"):
        Choices(texts)


def test_matching_is_bounded(vxl, monkeypatch):
    """A turn whose grammar takes too long to follow fails, and those beside it are answered."""
    batch = vxl.batch()
    failing = batch.add("what ?", constraint=Regex("a{50}"))
    other = batch.add("what ?", max_new_tokens=5)
    monkeypatch.setattr(constrained_grammar, "MAX_MATCHING_SECONDS", 0.0)
    while len(batch):
        batch.step()
    assert other.state == "finished"
    with pytest.raises(UsageError, match="takes more than 0 s to follow"):
        failing.answer  # noqa: B018


def test_a_grammar_is_tried_once(vxl, monkeypatch):
    """The same schema again starts no process."""
    constraint = JsonSchema({"type": "integer", "minimum": 1, "maximum": 7})
    vxl.ask(None, "what ?", constraint=constraint)
    monkeypatch.setattr("subprocess.run", lambda *args, **options: pytest.fail("tried again"))
    assert int(vxl.ask(None, "what ?", constraint=constraint).text) in range(1, 8)


def test_without_llguidance_it_is_said_how_to_get_it(vxl, monkeypatch):
    """Where the extra is not installed, the sentence names it; choices work without."""
    monkeypatch.setitem(__import__("sys").modules, "llguidance", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'videoxl\[serve\]'"):
        vxl.batch().add("what ?", constraint=Regex("abc"))
    assert vxl.ask(None, "what ?", constraint=Choices(["yes"])).text == "yes"
