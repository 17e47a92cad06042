"""Everything that the routes of one server share, made from its config."""

import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from videoxl.library import Library
from videoxl.server.config import ServeConfig
from videoxl.server.engine_room import EngineRoom
from videoxl.server.files import UploadedFiles
from videoxl.server.guesses import Guesses
from videoxl.server.hosts import HostNames
from videoxl.server.keys import KeyRing
from videoxl.server.memories import Memories
from videoxl.server.metrics import Metrics
from videoxl.server.problem import Problem
from videoxl.server.redaction import Redactor
from videoxl.server.sources import Sources

DEFAULT_NEW_TOKENS = 256


@dataclass(slots=True)
class Site:
    """One server, behind its routes."""

    config: ServeConfig
    library: Library
    metrics: Metrics
    keys: KeyRing
    hosts: HostNames
    redact: Redactor
    room: EngineRoom
    files: UploadedFiles
    memories: Memories
    streams: threading.BoundedSemaphore
    """Event streams that may still be opened."""
    recipes: threading.BoundedSemaphore
    """Recipes that may still be started; each holds a thread while it asks."""
    guesses: Guesses = field(default_factory=Guesses)
    started_at: int = field(default_factory=lambda: int(time.time()))
    is_stopping: bool = False

    def said(self, problem: Problem) -> Problem:
        """A refusal as a stranger may read it."""
        if problem.names_folders:
            problem.message, problem.names_folders = self.redact(problem.message), False
        return problem

    def num_tokens(self, asked: int | None, param: str) -> int:
        """How long an answer may get; longer than this server gives is refused."""
        most = self.config.limits.max_new_tokens
        if asked is not None and asked > most:
            raise Problem(
                400, f"{param} is {asked:,}, expected at most {most:,}: ask for fewer, or have the operator raise "
                "--max-new-tokens.", code="invalid_value", param=param,
            )  # fmt: skip
        return min(DEFAULT_NEW_TOKENS, most) if asked is None else asked

    def new_folder(self) -> Path:
        """An empty folder on the library's disk, for what is on its way in or out."""
        return Path(tempfile.mkdtemp(prefix="serve-", dir=self.library.folder / "incoming"))


def remove_folder(folder: Path) -> None:
    """Remove what `Site.new_folder` gave."""
    shutil.rmtree(folder, ignore_errors=True)


def build_site(config: ServeConfig) -> Site:
    """Open the library and make the rest; the model is not loaded yet."""
    library = Library(config.library)
    metrics = Metrics()
    redact = Redactor([config.library, *config.allow_folders])
    room = EngineRoom(config, library, metrics)
    files = UploadedFiles(
        library.files,
        max_bytes=config.limits.max_files_bytes,
        is_needed=lambda path: any(entry.source_path == str(path) for entry in library.entries()),
    )
    files.sweep()
    names = {config.host, socket.gethostname(), *config.allow_hosts}
    return Site(
        config=config,
        library=library,
        metrics=metrics,
        keys=KeyRing(config.api_keys),
        hosts=HostNames(names),
        redact=redact,
        room=room,
        files=files,
        memories=Memories(config, library, room, Sources(config, library, files), files, redact, metrics),
        recipes=threading.BoundedSemaphore(config.limits.max_recipes),
        streams=threading.BoundedSemaphore(config.limits.max_streams),
    )


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(_site)]
"""A route's way to the site."""
