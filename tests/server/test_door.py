"""Attacks on the door: wrong names, wrong keys, pages of strangers. Each is refused before anything is done for it."""

import hmac
import logging

import pytest

from videoxl.errors import UsageError
from videoxl.server.config import ServeConfig
from videoxl.server.guesses import MOST_WRONG
from videoxl.server.hosts import HostNames
from videoxl.server.keys import COOKIE, KeyRing

from .conftest import KEY

ROUTES = ["/ready", "/version", "/metrics", "/openapi.json", "/v1/models", "/v1/memories", "/v1/files", "/v1/recipes"]
BEARER = {"Authorization": f"Bearer {KEY}"}
OPENAI_FIELDS = {"message", "type", "param", "code"}


def error_of(response):
    error = response.json()["error"]
    assert set(error) == OPENAI_FIELDS
    return error


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "example.com", "127.0.0.1.example.com"])
def test_a_public_address_needs_a_key(host, tmp_path):
    """Listening where others can reach us without a key is refused at the start."""
    with pytest.raises(UsageError, match="no API key is set"):
        ServeConfig(library=tmp_path, host=host)
    ServeConfig(library=tmp_path, host=host, api_keys=(KEY,))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_a_loopback_address_needs_none(host, tmp_path):
    """On this machine alone a server may be open."""
    assert ServeConfig(library=tmp_path, host=host).is_loopback


def test_the_default_is_loopback(tmp_path):
    """Nobody is reachable from outside without having said so."""
    assert ServeConfig(library=tmp_path).is_loopback


@pytest.mark.parametrize(
    "key", ["short", "with a space in the middle of it", "caf\u00e9caf\u00e9caf\u00e9caf\u00e9", ""]
)
def test_a_weak_key_is_refused(key, tmp_path):
    """A key that could be guessed, or not be sent in a header, is refused; the message does not repeat it."""
    with pytest.raises(UsageError, match="API key") as refused:
        ServeConfig(library=tmp_path, api_keys=(key,))
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_wants_the_key(make_client, route):
    """Without a key, and with a wrong one, there is nothing to be had."""
    client = make_client(api_keys=(KEY,))
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY}, {"Authorization": f"Basic {KEY}"}):
        response = client.get(route, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert error_of(response)["code"] == "invalid_api_key"
    assert client.get(route, headers=BEARER).status_code in (200, 503)


def test_a_route_that_is_not_there_wants_it_too(make_client):
    """What there is and what there is not looks the same from outside."""
    assert make_client(api_keys=(KEY,)).get("/v1/nothing").status_code == 401


@pytest.mark.parametrize("address", ["/health", "/", "/v1/session"])
def test_the_doorstep_is_open(make_client, address):
    """Health, the page's public files and where a key is shown can be reached without one."""
    assert make_client(api_keys=(KEY,)).get(address).status_code == 200


def test_a_probe_may_ask_for_the_head_alone(make_client):
    """What watches over servers often sends HEAD: it is answered as GET is, without a body."""
    client = make_client(api_keys=(KEY,))
    assert client.head("/health").status_code == 200
    assert client.head("/ready").status_code == 401
    assert client.head("/ready", headers=BEARER).status_code == 503  # the model is not loaded


@pytest.mark.parametrize(
    "address",
    ["/health/", "/health/../v1/models", "/health//", "/page/../v1/models", "/page/%2e%2e/v1/models", "/Health"],
)
def test_no_address_slips_past_the_key(make_client, address):
    """Spellings that resemble an open route are not open, or lead to no data."""
    response = make_client(api_keys=(KEY,)).get(address, follow_redirects=False)
    assert response.status_code in (401, 404)


def test_any_of_several_keys_opens(make_client):
    """Keys can be exchanged one by one."""
    other = KEY[::-1]
    client = make_client(api_keys=(KEY, other))
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {other}"}).status_code == 200


def test_keys_are_compared_in_constant_time(monkeypatch):
    """Every key is compared as a whole digest, whatever is given and whichever fits: time tells nothing."""
    compared = []

    def compare(one, other):
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr("videoxl.server.keys.hmac.compare_digest", compare)
    ring = KeyRing([KEY, KEY[::-1], "x" * 32])
    for given in (KEY, "x" * 32, "", "y" * 10_000, "\udcff"):
        compared.clear()
        ring.holds(given)
        assert compared == [(32, 32)] * 3
    assert hmac.compare_digest is compare


def test_the_key_is_nowhere_in_answers_or_logs(make_client, caplog):
    """Neither a right nor a wrong key, nor the cookie, is ever said back or logged."""
    caplog.set_level(logging.DEBUG, logger="videoxl")
    for client_log in ("httpx2", "asyncio"):
        caplog.set_level(logging.CRITICAL, logger=client_log)
    client = make_client(api_keys=(KEY,))
    wrong = "wrong-key-of-a-person-with-a-typo"
    answers = [
        client.get("/v1/models", headers=BEARER),
        client.get("/v1/models", headers={"Authorization": f"Bearer {wrong}"}),
        client.post("/v1/session", json={"key": wrong}),
        client.post("/v1/session", json={"key": KEY}),
        client.get(f"/v1/models?key={KEY}", headers=BEARER),
        client.get(f"/v1/{KEY}", headers=BEARER),
    ]
    cookie = client.cookies[COOKIE]
    said = caplog.text + "".join(
        f"{answer.text} {answer.headers}" for answer in answers if COOKIE not in answer.headers.get("set-cookie", "")
    )
    assert not [secret for secret in (KEY, wrong, cookie) if secret in said]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8000", "", "[::1", "a b"]
)
def test_dns_rebinding_is_refused(make_client, host):
    """A stranger's name that was pointed at this machine reaches nothing, with and without a key."""
    for keys in ((), (KEY,)):
        client = make_client(api_keys=keys)
        response = client.get("/v1/models", headers={"Host": host, **BEARER})
        assert response.status_code == 403
        assert error_of(response)["code"] == "host_not_allowed"


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LOCALHOST:1", "127.0.0.1:9", "[::1]:8000", "192.0.2.1", "my.name", "my.name.:80"],
)
def test_own_names_are_let_in(host):
    """Loopback, addresses (which cannot be rebound) and names that were allowed are ours."""
    assert HostNames(["my.name"]).include(host)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1.evil.example"},
    ],
)
def test_a_strangers_page_changes_nothing(make_client, method, headers):
    """CSRF: what a page of another origin sends through a visitor's browser is refused, with a cookie and without."""
    client = make_client()
    response = client.request(method, "/v1/memories/abcd", headers=headers, json={})
    assert response.status_code == 403
    assert error_of(response)["code"] == "cross_origin"
    client = make_client(api_keys=(KEY,))
    client.post("/v1/session", json={"key": KEY})
    assert client.request(method, "/v1/memories/abcd", headers=headers, json={}).status_code == 403


def test_our_own_page_may_change_things(make_client):
    """The page's own requests carry its own origin."""
    client = make_client(api_keys=(KEY,))
    client.post("/v1/session", json={"key": KEY})
    own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert client.patch("/v1/memories/abcd", headers=own, json={"title": "x"}).status_code == 404


def test_nothing_is_shared_with_other_origins(make_client):
    """There is no CORS: no answer, and no preflight, allows another origin anything."""
    client = make_client()
    for response in (
        client.get("/v1/models", headers={"Origin": "https://evil.example"}),
        client.options(
            "/v1/memories", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        ),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_form_of_a_stranger_is_no_json(make_client):
    """A simple form, which browsers send anywhere without asking, is not taken for JSON."""
    response = make_client().post("/v1/session", content=b'{"key": "x"}', headers={"Content-Type": "text/plain"})
    assert response.status_code == 400


def test_the_cookie_is_for_browsers_alone(make_client):
    """The session's cookie cannot be read by scripts, is not sent from elsewhere, and holds no key."""
    client = make_client(api_keys=(KEY,))
    response = client.post("/v1/session", json={"key": KEY})
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Path=/" in cookie
    assert KEY not in cookie
    assert client.get("/v1/models").status_code == 200
    assert client.get("/v1/session").json() == {"object": "session", "key_needed": True, "signed_in": True}


def test_a_session_that_was_ended_opens_nothing(make_client):
    """Signing out takes the cookie's worth away, also from whoever copied it."""
    client = make_client(api_keys=(KEY,))
    client.post("/v1/session", json={"key": KEY})
    copied = client.cookies[COOKIE]
    assert client.delete("/v1/session").json()["signed_in"] is False
    assert client.get("/v1/models", headers={"Cookie": f"{COOKIE}={copied}"}).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c[:-1] + ("0" if c[-1] != "0" else "1"),
        lambda c: "9" + c,
        lambda c: c.upper(),
        lambda c: "",
        lambda c: "..",
        lambda c: "9999999999.x.",
    ],
)
def test_a_forged_cookie_opens_nothing(make_client, change):
    """A cookie is signed: nobody makes one, or lengthens its life."""
    client = make_client(api_keys=(KEY,))
    client.post("/v1/session", json={"key": KEY})
    forged = change(client.cookies[COOKIE])
    client.cookies.clear()
    assert client.get("/v1/models", headers={"Cookie": f"{COOKIE}={forged}"}).status_code == 401


def test_a_cookie_runs_out(monkeypatch):
    """After its time a cookie opens nothing, and neither does one of another key."""
    ring = KeyRing([KEY])
    cookie = ring.new_session(KEY)
    assert ring.opens(cookie)
    assert not KeyRing([KEY[::-1]]).opens(cookie)
    monkeypatch.setattr("videoxl.server.keys.time.time", lambda: 4e9)
    assert not ring.opens(cookie)


def test_keys_cannot_be_guessed_fast(make_client):
    """After some wrong keys the next ones are not looked at for a while, right or wrong."""
    client = make_client(api_keys=(KEY,))
    codes = [client.post("/v1/session", json={"key": f"guess number {n}"}).status_code for n in range(MOST_WRONG + 1)]
    assert codes == [401] * MOST_WRONG + [429]
    assert client.post("/v1/session", json={"key": KEY}).status_code == 429
    assert client.get("/v1/models", headers=BEARER).status_code == 200


def test_every_answer_carries_the_security_headers(make_client):
    """The page, data, refusals and failures alike."""
    client = make_client(api_keys=(KEY,))
    for response in (
        client.get("/"),
        client.get("/v1/models"),
        client.get("/v1/models", headers=BEARER),
        client.get("/x", headers=BEARER),
        client.get("/health", headers={"Host": "evil.example"}),
    ):
        policy = response.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "server" not in response.headers
