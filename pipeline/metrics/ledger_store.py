"""Keeps the ledgers of a run: what is large of them goes to a temporary file once memory has enough of it."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.ledger import RECORDS

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.metrics.ledger import Ledger
    from pipeline.ticks import Int64s

IN_MEMORY: Final = 64 * 2**20
"""How many bytes of records memory keeps before they go to a file."""

WORD: Final = 8


class LedgerStore:
    """The ledgers of a run, to be closed: its temporary file is gone then, and their records with it.

    folder: where the file stands, by default the system's folder of such. in_memory: bytes kept without one.
    """

    def __init__(self, folder: Path | None = None, in_memory: int = IN_MEMORY) -> None:
        self._folder = folder
        self._room = in_memory
        self._ledgers: dict[str, Ledger] = {}
        self._file: _File | None = None

    def __len__(self) -> int:
        """Return how many ledgers there are."""
        return len(self._ledgers)

    @property
    def ledgers(self) -> list[Ledger]:
        """All ledgers, by ticker."""
        return [self._ledgers[ticker] for ticker in sorted(self._ledgers)]

    def add(self, ledger: Ledger) -> Ledger:
        """Keep a ledger; return it as it is kept, its records in memory or in the file.

        Raises OSError where the file cannot be written.
        """
        self._room -= sum(len(getattr(ledger, name)) * width * WORD for name, width in RECORDS.items())
        if self._room < 0:
            if self._file is None:
                self._file = _File(self._folder)
            ledger = self._file.moved(ledger)
        self._ledgers[ledger.ticker] = ledger
        return ledger

    def close(self) -> None:
        """Let go of the file; the ledgers whose records it has cannot be read any more."""
        if self._file is not None:
            self._file.close()


class _File:
    """A temporary file of records; several threads may read it."""

    def __init__(self, folder: Path | None) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed with its store
        self._lock = threading.Lock()
        self._end = 0

    def moved(self, ledger: Ledger) -> Ledger:
        """Return a ledger whose records and figures stand in the file."""
        parts: dict[str, Any] = {}
        for name, width in RECORDS.items():
            records = getattr(ledger, name)[:]
            parts[name] = _StoredRecords(self, self._append(np.ascontiguousarray(records)), len(records), width)
        text = ledger.figures_json[:]
        return replace(ledger, **parts, figures_json=_StoredText(self, self._append(text), len(text)))

    def _append(self, content: Any) -> int:
        with self._lock:
            start = self._end
            self._file.seek(start)
            rest = memoryview(content).cast("B") if len(content) else memoryview(b"")
            while len(rest):
                rest = rest[self._file.write(rest) :]
            self._end = self._file.tell()
            return start

    def read_into(self, start: int, content: Any) -> None:
        """Read the bytes from a place on into a buffer."""
        with self._lock:
            self._file.seek(start)
            rest = memoryview(content).cast("B")
            while len(rest):
                rest = rest[self._file.readinto(rest) :]  # type: ignore[attr-defined]

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


@dataclass(frozen=True, slots=True, eq=False)
class _StoredRecords:
    """Records in a file."""

    file: _File
    start: int
    count: int
    width: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice) -> Int64s:
        first, last, _ = rows.indices(self.count)
        records = np.empty((max(last - first, 0), self.width), np.int64)
        if len(records):
            self.file.read_into(self.start + first * self.width * WORD, records)
        return records


@dataclass(frozen=True, slots=True, eq=False)
class _StoredText:
    """A text in a file."""

    file: _File
    start: int
    count: int

    def __getitem__(self, part: slice) -> bytes:
        first, last, _ = part.indices(self.count)
        text = bytearray(max(last - first, 0))
        if text:
            self.file.read_into(self.start + first, text)
        return bytes(text)
