"""What a server is told when it starts, checked before anything listens."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from videoxl.errors import UsageError
from videoxl.server.limits import Limits

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
LEAST_KEY_CHARACTERS = 16  # of random letters and digits: more guesses than a server answers in a lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig:
    """One server: which library and model, where it listens, who may come in."""

    library: Path
    """The folder of the library; several servers may share it."""
    model: str = "nano"
    device: str | None = None
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    """Any of them opens everything; none is needed on a loopback address."""
    allow_folders: tuple[Path, ...] = ()
    """Local files may be watched by path where they lie in one of these."""
    allow_hosts: tuple[str, ...] = ()
    """Names that this server is called by besides localhost."""
    allow_private_urls: bool = False
    """Whether videos may be fetched from private addresses, this machine's own services included."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise UsageError(f"port is {self.port}, expected 0 (any that is free) to 65535.")
        for key in self.api_keys:
            if len(key) < LEAST_KEY_CHARACTERS or not key.isascii() or not key.isprintable() or " " in key:
                raise UsageError(
                    f"got an API key of {len(key)} characters, expected {LEAST_KEY_CHARACTERS} or more printable ASCII "
                    'ones. Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
                )
        if not self.is_loopback and not self.api_keys:
            raise UsageError(
                f"{self.host} can be reached from other machines, and no API key is set: anybody could watch and "
                "delete. Set VIDEOXL_API_KEY or --api-key-file, or listen on 127.0.0.1."
            )
        for folder in self.allow_folders:
            if not folder.is_dir():
                raise UsageError(f"--allow-folder {folder} is not a folder. Make it, or leave the option out.")

    @property
    def model_name(self) -> str:
        """What clients call the model: an embedded one's name, or the last part of a folder or hub id."""
        return Path(self.model).name or self.model

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False  # a name may resolve to anything
