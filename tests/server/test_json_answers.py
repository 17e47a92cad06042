"""Answers in the form of a JSON schema over HTTP, of a model whose tokenizer can spell them."""

import json

import openai
import pytest
from starlette.testclient import TestClient

from videoxl.server.app import create_app
from videoxl.server.config import ServeConfig

from .conftest import LIMITS, READY_SECONDS

SCHEMA = {
    "type": "object",
    "properties": {"seen": {"type": "boolean"}, "count": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["seen", "count"],
    "additionalProperties": False,
}
NAMED = {"type": "json_schema", "json_schema": {"name": "seen", "schema": SCHEMA, "strict": True}}


@pytest.fixture
def client(spelling_vxl, tmp_path):
    """An `openai` client of a server with a model that spells every byte."""
    folder = tmp_path / "spelling"
    spelling_vxl.model.save_pretrained(folder)
    spelling_vxl.processor.save_pretrained(folder)
    config = ServeConfig(library=tmp_path / "library", model=str(folder), device="cpu", limits=LIMITS)
    app = create_app(config)
    with TestClient(app, base_url="http://127.0.0.1") as http:
        app.state.site.room.wait_until_ready(READY_SECONDS)
        yield openai.OpenAI(base_url="http://127.0.0.1/v1", api_key="none", http_client=http, max_retries=0)


def test_an_answer_has_the_form_of_a_schema(client):
    """`response_format` of OpenAI and `structured_outputs` of vLLM, whole, streamed and by chance: it is that JSON."""
    forms = [{"response_format": NAMED}, {"extra_body": {"structured_outputs": {"json": SCHEMA}}}]
    for options in forms:
        asked = {"model": "spelling", "messages": [{"role": "user", "content": "what ?"}], **options}
        whole = client.chat.completions.create(**asked, temperature=1.5, seed=3)
        chunks = client.chat.completions.create(**asked, temperature=1.5, seed=3, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert whole.choices[0].finish_reason == "stop"
        assert whole.choices[0].message.content == text
        answer = json.loads(text)
        assert set(answer) == {"seen", "count"}
        assert isinstance(answer["seen"], bool)
        assert 0 <= answer["count"] <= 9


def test_an_answer_is_some_json_object_or_matches_an_expression(client):
    """`json_object` asks for any object, and an expression is matched to its end."""
    asked = {"model": "spelling", "messages": [{"role": "user", "content": "what ?"}], "max_completion_tokens": 64}
    some = client.chat.completions.create(**asked, response_format={"type": "json_object"}).choices[0]
    assert some.message.content.lstrip().startswith("{")
    if some.finish_reason == "stop":
        assert isinstance(json.loads(some.message.content), dict)
    matched = client.chat.completions.create(**asked, extra_body={"structured_outputs": {"regex": "[ab]{3}-\\d"}})
    assert len(matched.choices[0].message.content) == 5


def test_a_schema_that_is_none_is_refused(client):
    """What no grammar can be made of is a 400 with a sentence, and the server answers on."""
    asked = {"model": "spelling", "messages": [{"role": "user", "content": "what ?"}]}
    broken = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "colour"}}}
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**asked, response_format=broken)
    assert client.chat.completions.create(**asked, response_format=NAMED).choices[0].message.content
