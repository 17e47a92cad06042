"""Which names a request may call this server by.

A web page of a stranger can point its own name at 127.0.0.1 and then read what answers there as if it were its own
(DNS rebinding). It cannot make the browser say another name: so a name that we are not called by is refused. Addresses
are no names and cannot be rebound.
"""

import ipaddress
from collections.abc import Iterable


class HostNames:
    """The names of one server."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name.lower().rstrip(".") for name in names}

    def include(self, host_header: str) -> bool:
        """Whether a Host header names this server."""
        host = _without_port(host_header.strip().lower())
        if host is None:
            return False
        return host in self._names or host == "localhost" or _is_address(host)


def _without_port(host: str) -> str | None:
    if host.startswith("["):
        address, bracket, port = host[1:].partition("]")
        return address if bracket and _is_port(port.removeprefix(":")) else None
    name, _, port = host.partition(":")
    return name.rstrip(".") if name and _is_port(port) else None


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and len(text) <= 5)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
