"""Where memories are held: on the device that computes, behind it in the host's memory, and on disk, by bytes.

Disk is the library and holds all of them, or as many as it may (`Memories.make_room`). Whoever asks pins a memory; what
nobody has pinned leaves, the longest unused first, when room is needed. On a CPU the device's memory is the host's, and
there is no tier between it and the disk.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from videoxl.compression.size import ByteSize
from videoxl.errors import CapacityError
from videoxl.server.metrics import Metrics
from videoxl.server.problem import Problem

if TYPE_CHECKING:
    import torch

    from videoxl.engine.answer_batch import AnswerBatch
    from videoxl.memory import CompressedMemory

RETRY_SECONDS = 2

Key = tuple[object, ...]
"""What names a memory in one state: how it is held, its entry, and what changes when it grows."""


class Resident:
    """A memory where the model computes, and the batch of questions on it."""

    def __init__(self, key: Key | None, memory: "CompressedMemory | None") -> None:
        self.key, self.memory = key, memory
        self.batch: AnswerBatch | None = None
        """Made, used and ended by the thread that answers."""
        self.num_pins = 0
        self.watched_until = None if memory is None else _watched_until(memory)
        """Where in the last video the rows end, in seconds."""

    @property
    def nbytes(self) -> int:
        """Rows, and the keys among them once more as they are rotated for reading."""
        return 0 if self.memory is None else self.memory.allocated_bytes + self.memory.nbytes // 2


class MemoryTiers:
    """Opens each memory once, and lets go of what has not been asked for longest. Safe from many threads."""

    def __init__(self, device: "torch.device", *, device_bytes: int, host_bytes: int, metrics: Metrics) -> None:
        self._device, self._metrics = device, metrics
        self._most = {"device": device_bytes, "host": host_bytes}
        self._lock = threading.Lock()
        self._residents: OrderedDict[Key, Resident] = OrderedDict()
        self._host: OrderedDict[Key, CompressedMemory] = OrderedDict()
        self._opening: dict[Key, Future[Resident]] = {}

    def find(self, key: Key) -> Resident | None:
        """The memory that `key` names, pinned until `release`; None where it is not on the device."""
        with self._lock:
            resident = self._pinned(key)
        if resident is not None:
            self._metrics.memory_queries.inc()
            self._metrics.memory_hits.inc()
        return resident

    def take(self, key: Key, num_bytes: int, open_memory: "Callable[[], CompressedMemory]") -> Resident:
        """The memory that `key` names, pinned until `release`; `open_memory` reads it into the host's memory.

        Raises:
            Problem: What others are asking right now leaves no room (429).
            CapacityError: It would not fit if it were alone.
        """
        self._metrics.memory_queries.inc()
        with self._lock:
            if resident := self._pinned(key):
                self._metrics.memory_hits.inc()
                return resident
            opening = self._opening.get(key)
            if is_first := opening is None:
                self._check_room(num_bytes)
                opening = self._opening[key] = Future()
        if not is_first:
            opening.result()  # what went wrong for the first goes wrong for all who waited
            return self.take(key, num_bytes, open_memory)
        try:
            resident = Resident(key, self._on_device(key, open_memory))
        except BaseException as error:
            with self._lock:
                del self._opening[key]
            opening.set_exception(error)
            raise
        with self._lock:
            self._residents[key] = resident
            resident.num_pins += 1
            del self._opening[key]
            self._make_room()
        opening.set_result(resident)
        return resident

    def release(self, resident: Resident) -> None:
        """Unpin; the memory stays as long as there is room."""
        with self._lock:
            resident.num_pins -= 1
            self._make_room()

    def forget(self, is_gone: Callable[[Key], bool]) -> None:
        """Let go of memories that will not be asked for again; pinned ones go when they are released."""
        with self._lock:
            for key in [key for key in self._residents if is_gone(key) and not self._residents[key].num_pins]:
                del self._residents[key]
            for key in [key for key in self._host if is_gone(key)]:
                del self._host[key]
            self._report()

    @property
    def num_pins(self) -> int:
        """How many are asking something now."""
        with self._lock:
            return sum(resident.num_pins for resident in self._residents.values())

    def num_bytes(self, tier: str) -> int:
        """What a tier holds now."""
        if tier == "device":
            return sum(resident.nbytes for resident in self._residents.values())
        return sum(memory.allocated_bytes for memory in self._host.values())

    def _pinned(self, key: Key) -> Resident | None:
        resident = self._residents.get(key)
        if resident is not None:
            self._residents.move_to_end(key)
            resident.num_pins += 1
        return resident

    def _on_device(self, key: Key, open_memory: "Callable[[], CompressedMemory]") -> "CompressedMemory":
        if self._device.type == "cpu":
            return open_memory()
        with self._lock:
            memory = self._host.get(key)
        if memory is None:
            memory = open_memory()
        with self._lock:
            self._host[key] = memory
            self._host.move_to_end(key)
        return moved(memory, self._device)

    def _check_room(self, num_bytes: int) -> None:
        most = self._most["device"]
        if num_bytes > most:
            raise CapacityError(
                f"this memory has {ByteSize(num_bytes)}, and this server keeps at most {ByteSize(most)} ready. "
                "Watch the video with a higher ratio, or start the server with a larger --max-device-memory."
            )
        pinned = sum(resident.nbytes for resident in self._residents.values() if resident.num_pins)
        if pinned + num_bytes > most:
            raise Problem(
                429, f"the memories that are being asked right now leave no room for this one; try again in "
                f"{RETRY_SECONDS} seconds.", code="memory_busy", retry_seconds=RETRY_SECONDS,
            )  # fmt: skip

    def _make_room(self) -> None:
        while self.num_bytes("device") > self._most["device"]:
            unused = next((key for key, resident in self._residents.items() if not resident.num_pins), None)
            if unused is None:
                break
            del self._residents[unused]
            self._metrics.evictions.labels("device").inc()
        while self._host and self.num_bytes("host") > self._most["host"]:
            self._host.popitem(last=False)
            self._metrics.evictions.labels("host").inc()
        self._report()

    def _report(self) -> None:
        for tier in self._most:
            self._metrics.tier_bytes.labels(tier).set(self.num_bytes(tier))


def _watched_until(memory: "CompressedMemory") -> float | None:
    intervals = memory.intervals
    return intervals[-1].stop_seconds if intervals else None


def moved(memory: "CompressedMemory", device: "torch.device") -> "CompressedMemory":
    """The same rows on another device."""
    from videoxl.memory import CompressedMemory

    copy = CompressedMemory(memory.about, device=device)
    copy.reserve(memory.num_rows)
    if memory.num_rows:
        keys, values = memory.keys.to(device), memory.values.to(device)
        for index, segment in enumerate(memory.segments):
            rows = memory.row_range(index)
            copy.append(segment, keys[:, :, rows.start : rows.stop], values[:, :, rows.start : rows.stop])
    return copy
