"""Keeps the ledgers of a run: what is large of them goes to a temporary file once memory has enough of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.metrics.ledger import RECORDS
from pipeline.metrics.records_file import IN_MEMORY, WORD, RecordsFile, StoredText

if TYPE_CHECKING:
    from pipeline.metrics.ledger import Ledger


class LedgerStore:
    """Keeps ledgers as they come. in_memory: bytes kept without a file, which is gone when no ledger refers to it."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._room = in_memory
        self._file: RecordsFile | None = None

    def add(self, ledger: Ledger) -> Ledger:
        """Return a ledger as it is kept, its records in memory or in the file.

        Raises OSError where the file cannot be written.
        """
        self._room -= sum(len(getattr(ledger, name)) * width * WORD for name, width in RECORDS.items())
        return ledger if self._room >= 0 else self._moved(ledger)

    def _moved(self, ledger: Ledger) -> Ledger:
        """Return a ledger whose records and figures stand in the file."""
        if self._file is None:
            self._file = RecordsFile()
        records: dict[str, Any] = {
            name: self._file.append([getattr(ledger, name)], width) for name, width in RECORDS.items()
        }
        text = ledger.figures_json[:]
        return replace(ledger, **records, figures_json=StoredText(self._file, self._file.append_bytes(text), len(text)))
