"""A sign of life that a worker gives while it works, from a thread of its own: opening a long video takes minutes."""

import logging
import threading
from types import TracebackType
from typing import Self

from videoxl.errors import LeaseLostError, LibraryError
from videoxl.library.job import Job

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3


class Heartbeat:
    """Renews a lease until the block ends; remembers when the lease is lost."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._is_over = threading.Event()
        self._lost: LeaseLostError | None = None
        self._thread = threading.Thread(target=self._beat, name=f"lease-{job.entry.id[:8]}", daemon=True)

    def check(self) -> None:
        """Raise LeaseLostError if the lease was lost meanwhile."""
        if self._lost is not None:
            raise self._lost

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._is_over.wait(self._job.seconds / RENEWALS_PER_LEASE):
            try:
                self._job.renew()
            except LeaseLostError as error:
                self._lost = error
                return
            except LibraryError as error:  # busy or unreachable for a while; the lease may outlast it
                logger.warning("the lease on %s could not be renewed: %s", self._job.entry.title, error)
