"""The SQLite file behind a library: opened, brought up to date, and read and written in short transactions.

Write-ahead logging lets any number of processes read while one writes. Every transaction takes a connection of its own
from a few that are kept, so threads never share one. What SQLite says goes wrong becomes a sentence.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoxl.errors import CapacityError, LibraryError
from videoxl.library.schema import APPLICATION_ID, MIGRATIONS, VERSION

BUSY_SECONDS = 30.0  # how long one transaction waits for another process's; they all take milliseconds
SECONDS_BETWEEN_TRIES = 0.02
MOST_IDLE = 8  # connections kept open between transactions
OWNER_ONLY = 0o600


class Catalogue:
    """Transactions on one file. Use it from any thread; a forked process opens its own.

    Args:
        fill: Called in the transaction that makes a new catalogue, with what is to be in it from the beginning.
    """

    def __init__(self, path: Path, *, fill: Callable[[sqlite3.Connection], None]) -> None:
        self.path = path
        self._fill = fill
        self._idle: list[sqlite3.Connection] = []
        self._is_closed = False
        self._writer = threading.Lock()  # threads wait in a line; SQLite, which other processes need, sleeps and tries
        with self._sentences(), suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        self._prepare()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """What the catalogue says at one moment."""
        with self._sentences(), self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One change that happens whole or not at all; others see it when the block ends."""
        with self._writer, self._sentences(), self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def close(self) -> None:
        """Let the file go; later transactions would be a mistake."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        assert not self._is_closed, "a closed library takes no more calls"
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _connect(self.path)
        is_sound = True
        try:
            yield connection
        except sqlite3.Error:
            is_sound = False
            raise
        finally:
            if is_sound and not self._is_closed and len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
            else:
                connection.close()

    def _prepare(self) -> None:
        with self._sentences(), self._connection() as connection:
            _log_ahead(connection)
            found = _version(connection)
            if found > VERSION:
                raise LibraryError(
                    f"{self.path} has catalogue format {found}, and this videoxl reads up to {VERSION}. "
                    "Upgrade videoxl, or set VIDEOXL_HOME to another folder."
                )
            if found < VERSION:
                self._upgrade(connection)

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        """All missing steps in one transaction: a process that dies in the middle leaves the catalogue as it was."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            found = _version(connection)  # again: another process may have been quicker
            num_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if found == 0 and num_tables:
                raise LibraryError(f"{self.path} is a database, but no catalogue of videoxl. Move it away.")
            for step in MIGRATIONS[found:]:
                for statement in step:
                    connection.execute(statement)
            if found == 0:
                self._fill(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {max(found, VERSION)}")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn what SQLite says into something a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            raise _as_ours(self.path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging, which it remembers; where that is impossible, SQLite stays as it is.

    SQLite does not wait for others here, as it does in transactions.
    """
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up:
                raise
            time.sleep(SECONDS_BETWEEN_TRIES)
        else:
            return


def _version(connection: sqlite3.Connection) -> int:
    """Number of steps that the file has seen; a file of somebody else's is refused."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version and application != APPLICATION_ID:
        raise sqlite3.DatabaseError("it is a database of another program")
    return version


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _as_ours(path: Path, error: sqlite3.Error) -> CapacityError | LibraryError:
    name = getattr(error, "sqlite_errorname", "")  # errors that are raised by hand have none
    if name.startswith("SQLITE_FULL"):
        return CapacityError(f"the disk is full ({path}). Free some space and try again; nothing was half written.")
    if _is_busy(error):
        return LibraryError(f"{path} was held by another process for {BUSY_SECONDS:.0f} s. Try again when it is done.")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_IOERR")):
        return LibraryError(f"{path} cannot be read or written ({error}). Check the disk and your permissions.")
    return LibraryError(
        f"{path} is damaged ({error}). Move that file away (with its -wal and -shm): the next command makes a new "
        "catalogue of the memories that lie beside it; titles and questions are lost."
    )
