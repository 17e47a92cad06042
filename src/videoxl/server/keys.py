"""Who holds a key: Bearer keys compared in constant time, and the page's cookie, which proves that a key was shown.

A cookie is signed with the key itself, so it outlives a restart, opens every server that has the key, and is worth
nothing once the key is changed. No key is ever stored, logged or sent back.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping, Sequence
from http.cookies import CookieError, SimpleCookie

COOKIE = "videoxl_session"
SESSION_SECONDS = 7 * 24 * 3600
MAX_REVOKED = 10_000


class KeyRing:
    """The keys of one server."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._digests = [_digest(key) for key in keys]
        self._revoked: dict[str, float] = {}

    @property
    def is_empty(self) -> bool:
        """Whether everybody may come in."""
        return not self._digests

    def holds(self, key: str) -> bool:
        """Whether a key is one of ours; takes as long for a wrong one, and looks at all of them."""
        given = _digest(key)
        return any([hmac.compare_digest(given, digest) for digest in self._digests])

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request shows a key, or a cookie that stands for one."""
        return self.admits_bearer(headers) or self.opens(session_cookie(headers.get("cookie", "")) or "")

    def admits_bearer(self, headers: Mapping[str, str]) -> bool:
        """Whether a request shows a key itself, which no browser does without being told to."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.holds(key.strip())

    def new_session(self, key: str) -> str:
        """A cookie for somebody who showed `key`."""
        payload = f"{int(time.time()) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{payload}.{_signature(_digest(key), payload)}"

    def opens(self, cookie: str) -> bool:
        """Whether a cookie was signed with one of our keys, has not run out and was not given back."""
        payload, _, signature = cookie.rpartition(".")
        expires = payload.partition(".")[0]
        given = signature.encode(errors="replace")
        is_signed = any([hmac.compare_digest(given, _signature(digest, payload).encode()) for digest in self._digests])
        return is_signed and expires.isdecimal() and int(expires) > time.time() and cookie not in self._revoked

    def end_session(self, cookie: str) -> None:
        """A cookie that opens nothing any more, at this server."""
        now = time.time()
        self._revoked = {each: expires for each, expires in self._revoked.items() if expires > now}
        if self.opens(cookie) and len(self._revoked) < MAX_REVOKED:
            self._revoked[cookie] = float(cookie.partition(".")[0])


def session_cookie(cookie_header: str) -> str | None:
    """The page's cookie, out of all that a browser sent."""
    try:
        found = SimpleCookie(cookie_header).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()


def _signature(digest: bytes, payload: str) -> str:
    return hmac.new(digest, f"videoxl session {payload}".encode(errors="replace"), hashlib.sha256).hexdigest()
