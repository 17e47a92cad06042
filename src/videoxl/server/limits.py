"""What one server takes on: bytes, seconds and counts, each with the reason for its default."""

from dataclasses import dataclass, fields

from videoxl.errors import UsageError

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Everything that a client could make grow, and where it ends."""

    max_upload_bytes: int = 16 * GIB
    """One uploaded file, or one imported memory; it goes straight to disk."""
    max_files_bytes: int = 256 * GIB
    """All uploaded files together."""
    max_body_bytes: int = 32 * MIB
    """Any other body; videos inside JSON (data: URLs) have to fit, prompts never need as much."""
    max_connections: int = 512
    """Open sockets; further ones are closed at once."""
    max_streams: int = 128
    """Event streams that only wait; each costs a look at the catalogue twice a second."""
    max_running: int = 32
    """Questions that are generated together."""
    max_waiting: int = 128
    """Questions that wait for their turn; the next one is told to come later (429)."""
    max_queued: int = 256
    """Videos that wait to be watched; the next one is told to come later (429)."""
    max_new_tokens: int = 1024
    """Of one answer."""
    max_videos: int = 8
    """Of one chat request."""
    max_choices: int = 8
    """Answers to one chat request (`n`)."""
    max_recipes: int = 4
    """At once; each holds a thread and asks question after question."""
    max_downloads: int = 2
    """At once; each may fill the disk as fast as the net allows."""
    device_bytes: int = 8 * GIB
    """Memories that stay ready where the model computes, the longest unasked ones leave first."""
    host_bytes: int = 16 * GIB
    """Memories that stay in the host's memory behind those; only where the model computes elsewhere."""
    disk_bytes: int | None = None
    """Memories in the library, thumbnails included: the longest unused ones leave when one was watched or imported.
    None keeps all of them."""
    header_seconds: float = 15.0
    """From opening a connection, or the last answer on it, to the end of the next request's head."""
    keep_alive_seconds: float = 15.0
    """From an answer to the first byte of the next request."""
    body_idle_seconds: float = 20.0
    """Without a byte of a body that is announced."""
    body_bytes_per_second: float = 1024.0
    """The least that a body must average after `body_idle_seconds`."""
    send_seconds: float = 60.0
    """Without a byte taken by a client that is being answered."""
    answer_seconds: float = 300.0
    """From a question to its whole answer, waiting included."""
    watch_seconds: float = 4 * 3600.0
    """How long a chat waits for its videos to be watched; watching goes on behind it."""
    lease_seconds: float = 15.0
    """Without a sign of life of who watches a video; then another one goes on with it."""
    shutdown_seconds: float = 15.0
    """How long answers may go on after the server was asked to stop."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value > 0:
                raise UsageError(
                    f"{field.name} is {value}, expected more than 0; leave its option out for the default."
                )
