"""An http or https address, taken apart once and strictly, so that everybody who reads it reads the same.

What browsers and libraries read differently (backslashes, blanks, names with a password in front) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from videoxl.errors import FetchError, FetchRefusedError

PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1024  # below it only the two ports of the web; others belong to other services
MAX_LETTERS = 8192
MAX_SHOWN_LETTERS = 200
HOST = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]")
SAFE_IN_TARGET = "/%:@!$&'()*+,;=~?-._[]"  # escaped already, or allowed as it is


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Scheme, host (lower case, no brackets), port and what is asked of it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """What the request says it wants: the name, whatever address it is sent to."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address for people: without its query, which may hold keys."""
        text = f"{self.scheme}://{self.host_header}{self.target.partition('?')[0]}"
        return text if len(text) <= MAX_SHOWN_LETTERS else text[: MAX_SHOWN_LETTERS - 3] + "..."


def web_address(url: str) -> WebAddress:
    """The address, checked.

    Raises:
        FetchRefusedError: It is no address of the web, or not one to be read in only one way.
    """
    if len(url) > MAX_LETTERS:
        raise FetchRefusedError(f"got an address of {len(url):,} letters: expected at most {MAX_LETTERS:,}.")
    if any(letter.isspace() or not letter.isprintable() or letter == "\\" for letter in url):
        raise FetchRefusedError("got an address with blanks, control characters or backslashes: write it without them.")
    parts = _split(url)
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise FetchRefusedError(f"got an address of {scheme or 'no'} scheme: expected http:// or https://.")
    if "@" in parts.netloc:
        raise FetchRefusedError("got an address with a name or a password in it: give it without, or upload the file.")
    host = _host(parts)
    port = parts.port or PORTS[scheme]
    if port not in PORTS.values() and port < FIRST_FREE_PORT:
        raise FetchRefusedError(f"port {port} is not one of the web: expected 80, 443, or {FIRST_FREE_PORT} and above.")
    target = quote(parts.path or "/", safe=SAFE_IN_TARGET)
    if parts.query:
        target += "?" + quote(parts.query, safe=SAFE_IN_TARGET)
    return WebAddress(scheme, host, port, target)


def redirected(address: WebAddress, location: str | None) -> WebAddress:
    """Where an answer sends on to.

    Raises:
        FetchError: Nowhere.
        FetchRefusedError: Where nobody may be sent, or from https to http.
    """
    if not location:
        raise FetchError(f"{address.shown} sends on without saying where: give the address of the file itself.")
    try:
        joined = urljoin(f"{address.scheme}://{address.host_header}{address.target}", location.strip())
        following = web_address(joined)
    except (FetchRefusedError, ValueError) as error:
        raise FetchRefusedError(f"{address.shown} sends on to where nothing is read: {error}") from error
    if address.scheme == "https" and following.scheme == "http":
        raise FetchRefusedError(f"{address.shown} sends on from https to http: give an address that does not.")
    return following


def check_host(address: WebAddress, allowed_hosts: Collection[str] | None) -> None:
    """Refuse a host that is not on the list, where there is one.

    Raises:
        FetchRefusedError: It is not.
    """
    if allowed_hosts is None:
        return
    if address.host.rstrip(".") not in {_ascii(host.lower().strip("[]")).rstrip(".") for host in allowed_hosts}:
        raise FetchRefusedError(
            f"{address.host} is not among the hosts that may be read from here: upload the file, or have the operator "
            "allow the host."
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
        return parts
    except ValueError as error:
        raise FetchRefusedError("got an address that does not read as one: expected https://host/path.") from error


def _host(parts: SplitResult) -> str:
    host = _ascii(parts.hostname or "")
    if not HOST.fullmatch(f"[{host}]" if ":" in host else host):
        raise FetchRefusedError("got an address without a host that can be looked up: expected https://host/path.")
    return host


def _ascii(name: str) -> str:
    """A host as name servers know it; nothing for what is no host."""
    try:
        return name if ":" in name else name.encode("idna").decode()
    except UnicodeError:
        return ""
