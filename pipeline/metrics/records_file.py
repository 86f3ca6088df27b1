"""Keeps records of ledgers in a temporary file, which is gone when nothing refers to it any more."""

from __future__ import annotations

import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.metrics.ledger import Records
    from pipeline.ticks import Int64s

WORD: Final = 8
IN_MEMORY: Final = 64 * 2**20
"""How many bytes of records memory keeps before they go to a file."""

AT_ONCE: Final = 1 << 20
"""How many words are copied at a time."""


class RecordsFile:
    """A temporary file of records, gone with its last use; several threads may read and extend it."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed below
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._end = 0

    def append(self, parts: Sequence[Records], width: int) -> StoredRecords:
        """Write records of some fields, part by part; raises OSError where the file cannot be written."""
        pieces = []
        for part in parts:
            for first in range(0, len(part), AT_ONCE // width):
                records = np.ascontiguousarray(part[first : first + AT_ONCE // width])
                pieces.append((self.append_bytes(records), len(records)))
        return StoredRecords(self, tuple(pieces), width)

    def append_bytes(self, content: Any) -> int:
        """Write a buffer and return where it stands."""
        with self._lock:
            start = self._end
            self._file.seek(start)
            rest = memoryview(content).cast("B") if len(content) else memoryview(b"")
            while len(rest):
                rest = rest[self._file.write(rest) :]
            self._end = self._file.tell()
            return start

    def read_into(self, start: int, content: Any) -> None:
        """Read the bytes from a place on into a buffer that is not empty."""
        rest = memoryview(content).cast("B")
        with self._lock:
            self._file.seek(start)
            while len(rest):
                rest = rest[self._file.readinto(rest) :]  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, eq=False)
class StoredRecords:
    """Records in a file, in pieces: where each stands, and how many it has."""

    file: RecordsFile
    pieces: tuple[tuple[int, int], ...]
    width: int

    def __len__(self) -> int:
        """Return how many records there are."""
        return sum(count for _, count in self.pieces)

    def __getitem__(self, rows: slice) -> Int64s:
        """Return some of the records, one after the other."""
        first, last, _ = rows.indices(self.pieces[0][1] if len(self.pieces) == 1 else len(self))
        records = np.empty((max(last - first, 0), self.width), np.int64)
        done, before = 0, 0
        for start, count in self.pieces:
            skipped = max(first - before, 0)
            wanted = min(count, last - before) - skipped
            if wanted > 0:
                self.file.read_into(start + skipped * self.width * WORD, records[done : done + wanted])
                done += wanted
            before += count
        return records

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as an array in memory."""
        return np.array, (self[:],)


class GrowingRecords:
    """Records of some fields that come part by part; what is more than memory keeps of them goes to a file."""

    def __init__(self, width: int, in_memory: int = IN_MEMORY) -> None:
        self._width, self._most = width, in_memory
        self._stored: list[StoredRecords] = []
        self._parts: list[Int64s] = []
        self._file: RecordsFile | None = None

    def add(self, records: Int64s) -> None:
        """Put records after those that there are; raises OSError where a file cannot be written."""
        self._parts.append(records)
        if sum(part.nbytes for part in self._parts) > self._most:
            self._file = self._file or RecordsFile()
            self._stored.append(self._file.append(self._parts, self._width))
            self._parts = []

    def joined(self) -> Records:
        """Return all records, nothing being added any more."""
        if self._file is None:
            some = [part for part in self._parts if len(part)]
            return some[0] if len(some) == 1 else np.concatenate([np.empty((0, self._width), np.int64), *some])
        stored = [*self._stored, self._file.append(self._parts, self._width)]
        return StoredRecords(self._file, tuple(piece for part in stored for piece in part.pieces), self._width)


@dataclass(frozen=True, slots=True, eq=False)
class StoredText:
    """A text in a file."""

    file: RecordsFile
    start: int
    size: int

    def __getitem__(self, part: slice) -> bytes:
        """Return a part of it."""
        first, last, _ = part.indices(self.size)
        text = bytearray(max(last - first, 0))
        if text:
            self.file.read_into(self.start + first, text)
        return bytes(text)
