"""A language model over HTTP: what is sent, what is tried again, what is refused, and what is never said."""

import json
import logging

import pytest

from videoxl.errors import EndpointAnswerError, EndpointError, UsageError
from videoxl.vico.chat import ChatClient
from videoxl.vico.endpoint import Endpoint

from .conftest import completion

ASK = [{"role": "user", "content": "what is it?"}]
KEY = "sk-very-secret-0123456789"


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(server, waits):
    return lambda **options: ChatClient(server.endpoint(**options), sleep=waits.append)


def scripted(*replies):
    """Gives the replies one after another."""
    left = list(replies)
    return lambda request: left.pop(0)


def test_the_text_of_the_first_choice_comes_back(client, server):
    """A request holds model, messages and a token limit; the answer is the model's text."""
    server.answer = lambda request: "  a cat\n"
    assert client().chat(ASK, max_new_tokens=7) == "a cat"
    assert server.requests == [{"model": "wise", "messages": ASK, "temperature": 0, "max_tokens": 7}]
    assert server.paths == ["/v1/chat/completions"]
    assert "Authorization" not in server.headers[0]


def test_text_that_no_file_can_hold_is_mended(client, server):
    """Half a character, which JSON can say and UTF-8 cannot, becomes a question mark."""
    server.answer = lambda request: (200, {}, rb'{"choices": [{"message": {"content": "a \ud800 b"}}]}')
    assert client().chat(ASK, max_new_tokens=7) == "a ? b"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://host:1/v1/", "http://host:1/v1/chat/completions"),
        ("https://host/v1/chat/completions", "https://host/v1/chat/completions"),
        ("https://host/x?api-version=2", "https://host/x/chat/completions?api-version=2"),
    ],
)
def test_the_address_is_the_base_or_the_whole(url, address):
    """The path of chat completions is added where it is missing, before a query."""
    assert Endpoint(url=url, model="wise").address == address


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://host/v1",
        "http://",
        "file:///etc/passwd",
        "http://name:word@host/v1",
        "http://h:x/v1",
    ],
)
def test_other_addresses_are_refused(url):
    """Only http and https, with a host, and without a password in them."""
    with pytest.raises(UsageError):
        Endpoint(url=url, model="wise")


def test_a_busy_server_is_asked_again_and_later_each_time(client, server, waits):
    """429 and 5xx are tried again with doubling waits, or when the server says."""
    server.answer = scripted((503, {}, b""), (429, {"Retry-After": "9"}, b""), "at last")
    assert client().chat(ASK, max_new_tokens=7) == "at last"
    assert waits == [1.0, 9.0]


def test_a_wait_is_bounded(client, server, waits):
    """A server cannot make a run sleep for a day."""
    server.answer = scripted((429, {"Retry-After": "86400"}, b""), "fine")
    client().chat(ASK, max_new_tokens=7)
    assert waits == [30.0]


def test_tries_are_bounded(client, server, waits):
    """After the last try the error says how often, and what the server said."""
    server.answer = lambda request: (500, {}, b"out of order")
    with pytest.raises(EndpointError, match=r"in 3 tries \(status 500, 'out of order'\)"):
        client().chat(ASK, max_new_tokens=7)
    assert len(server.requests) == 3
    assert len(waits) == 2


def test_nobody_listening_is_said(server, waits):
    """A closed port is an EndpointError that names the address, after the tries."""
    endpoint = server.endpoint(num_retries=1)
    server.close()
    with pytest.raises(EndpointError, match=endpoint.name):
        ChatClient(endpoint, sleep=waits.append).chat(ASK, max_new_tokens=7)
    assert len(waits) == 1


def test_https_is_not_answered_by_whoever_speaks_plain_http(server, waits):
    """An https address is only ever spoken to encrypted."""
    endpoint = server.endpoint(url=server.url.replace("http:", "https:"), num_retries=0)
    with pytest.raises(EndpointError, match="SSL"):
        ChatClient(endpoint, sleep=waits.append).chat(ASK, max_new_tokens=7)
    assert not server.requests


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_not_tried_again(client, server, status):
    """What would be refused again ends the run at once."""
    server.answer = lambda request: (status, {}, b"no")
    with pytest.raises(EndpointError, match=f"status {status}") as error:
        client().chat(ASK, max_new_tokens=7)
    assert not isinstance(error.value, EndpointAnswerError)
    assert len(server.requests) == 1


def test_redirects_are_not_followed(client, server):
    """The key goes to no other host than the one that was named; the error says where it should have gone."""
    server.answer = lambda request: (307, {"Location": f"{server.url}/elsewhere"}, b"")
    with pytest.raises(EndpointError, match="elsewhere; give that address"):
        client().chat(ASK, max_new_tokens=7)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>welcome</html>",
        b"",
        b"[" * 100_000,
        b"[]",
        b"null",
        b'{"choices": []}',
        b'{"choices": [{"message": null}]}',
        completion(""),
        json.dumps({"choices": [{"message": {"content": None}}]}).encode(),
        completion("half a sen", finish_reason="length"),
    ],
)
def test_an_answer_of_no_use_concerns_one_request(client, server, body):
    """Nonsense with status 200 is an EndpointAnswerError, not a crash and not the end of the run."""
    server.answer = lambda request: (200, {}, body)
    with pytest.raises(EndpointAnswerError):
        client().chat(ASK, max_new_tokens=7)


def test_a_request_that_is_too_much_concerns_one_request(client, server):
    """A prompt that the model has no room for spoils one film, not the run."""
    server.answer = lambda request: (400, {}, b"maximum context length is 4096; reduce max_tokens")
    with pytest.raises(EndpointAnswerError, match="maximum context length"):
        client().chat(ASK, max_new_tokens=7)
    assert len(server.requests) == 1


def test_a_huge_answer_is_not_read_to_its_end(client, server):
    """More bytes than allowed are an EndpointAnswerError, whatever the server says of its length."""
    server.answer = lambda request: (200, {}, completion("x" * 5000))
    with pytest.raises(EndpointAnswerError, match="larger than 1000 bytes"):
        client(max_answer_bytes=1000).chat(ASK, max_new_tokens=7)


def test_an_answer_that_breaks_off_is_tried_again(client, server, waits):
    """Fewer bytes than announced are a lost connection."""
    server.answer = scripted((200, {"Content-Length": "9999"}, completion("half")), "whole")
    assert client().chat(ASK, max_new_tokens=7) == "whole"
    assert len(waits) == 1


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
def test_a_slow_answer_is_left_when_time_is_over(client, server, drips):
    """The limit holds for the whole answer: neither silence nor a byte now and then can hold a run."""

    def silence(request):
        server.is_over.wait(5)
        return "too late"

    server.drips = drips
    server.answer = (lambda request: (200, {"Content-Length": "9999"}, b"x")) if drips else silence
    with pytest.raises(EndpointError, match=r"TimeoutError: no (whole )?answer within 0.2 s"):
        client(timeout_seconds=0.2, num_retries=0).chat(ASK, max_new_tokens=7)


def test_a_parameter_that_is_not_supported_is_left_out(client, server):
    """Endpoints that take no temperature or another name for the token limit are met half-way, and remembered."""

    def answer(request):
        if "max_tokens" in request:
            return 400, {}, b"Unsupported parameter: 'max_tokens' is not supported with this model."
        return "fine"

    server.answer = answer
    asked = client(num_retries=0)
    assert [asked.chat(ASK, max_new_tokens=7) for _ in range(2)] == ["fine", "fine"]
    assert ["max_tokens" in request for request in server.requests] == [True, False, False]


def test_the_key_comes_from_the_environment_and_is_never_said(client, server, monkeypatch, caplog):
    """It is sent as a bearer token, and taken out of errors and logs even where the server repeats it."""
    monkeypatch.setenv("WISE_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    server.answer = lambda request: (500, {}, f"bad key {KEY}".encode())
    with pytest.raises(EndpointError) as error:
        client(key_variable="WISE_KEY").chat(ASK, max_new_tokens=7)
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in str(error.value) + caplog.text
    assert "bad key ***" in str(error.value)


def test_a_missing_or_broken_key_is_said_by_its_variable(client, monkeypatch):
    """An unset variable, and a value that cannot be a header, are refused before anything is sent, by name only."""
    monkeypatch.delenv("WISE_KEY", raising=False)
    with pytest.raises(UsageError, match="WISE_KEY is not set"):
        client(key_variable="WISE_KEY")
    monkeypatch.setenv("WISE_KEY", f"{KEY}\nX-Other: 1")
    with pytest.raises(UsageError, match="WISE_KEY holds characters") as error:
        client(key_variable="WISE_KEY")
    assert KEY not in str(error.value)


def test_what_is_shown_of_an_address_holds_no_key():
    """Queries, and words that are no address, are not repeated in errors."""
    assert Endpoint(url="https://host/v1?key=secret", model="m").name == "https://host/v1"
    with pytest.raises(UsageError) as error:
        Endpoint(url="sk-secret", model="m")
    assert "secret" not in str(error.value)
