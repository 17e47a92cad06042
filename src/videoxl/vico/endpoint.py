"""Where a language model is to be found: an OpenAI-compatible address, checked before the first request.

The key is read from an environment variable. What is shown of an address is scheme, host and path: queries, and what
was typed in the place of an address by mistake, can hold keys.
"""

import os
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from videoxl.errors import UsageError

CHAT_PATH = "/chat/completions"
TIMEOUT_SECONDS = 120.0
MAX_ANSWER_BYTES = 2**20  # an hour's events and questions are some ten kilobytes
NUM_RETRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Which model is asked, where, and how long it may take."""

    url: str
    """The base, as in http://localhost:8000/v1, or the whole address of chat completions."""
    model: str
    key_variable: str | None = None
    """Environment variable that holds the key; None sends no key."""
    timeout_seconds: float = TIMEOUT_SECONDS
    max_answer_bytes: int = MAX_ANSWER_BYTES
    num_retries: int = NUM_RETRIES

    def __post_init__(self) -> None:
        parts = _split(self.url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"got the endpoint {shown(self.url)}: expected an http:// or https:// address.")
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                f"the address of {parts.hostname} holds a name or a password; put the key into an environment variable."
            )
        if not self.model:
            raise UsageError(f"no model is named for {self.name}; give the name that the endpoint knows.")
        for name in ("timeout_seconds", "max_answer_bytes"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)}, expected more than zero.")
        if self.num_retries < 0:
            raise UsageError(f"num_retries is {self.num_retries}, expected 0 or more.")

    @property
    def address(self) -> str:
        """Where requests go."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        return urlunsplit(parts._replace(path=path if path.endswith(CHAT_PATH) else path + CHAT_PATH, fragment=""))

    @property
    def name(self) -> str:
        """The address as it may be shown: queries can hold keys."""
        return shown(self.url)

    @property
    def is_in_the_clear(self) -> bool:
        """Whether others on the way to it can read what is sent."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")

    def key(self) -> str | None:
        """The key itself."""
        if self.key_variable is None:
            return None
        key = os.environ.get(self.key_variable, "").strip()
        if not key or not key.isascii() or not key.isprintable():
            state = "holds characters that no key has" if key else "is not set"
            raise UsageError(f"the environment variable {self.key_variable} {state}; expected the key of {self.name}.")
        return key


def shown(url: str) -> str:
    """Scheme, host and path of an address; of anything else, only that it is none."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        return "(no address)"
    host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _split(url: str) -> SplitResult | None:
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts
