"""Keeps the ledgers of a run: what is large of them goes to a temporary file once memory has enough of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.metrics.ledger import RECORDS
from pipeline.metrics.records_file import IN_MEMORY, WORD, RecordsFile, StoredText

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.metrics.ledger import Ledger


class LedgerStore:
    """The ledgers of a run, to be closed: its temporary file is gone then, and their records with it.

    folder: where the file stands, by default the system's folder of such. in_memory: bytes kept without one.
    """

    def __init__(self, folder: Path | None = None, in_memory: int = IN_MEMORY) -> None:
        self._folder = folder
        self._room = in_memory
        self._ledgers: dict[str, Ledger] = {}
        self._file: RecordsFile | None = None

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
            ledger = self._moved(ledger)
        self._ledgers[ledger.ticker] = ledger
        return ledger

    def close(self) -> None:
        """Let go of the file; the ledgers whose records it has cannot be read any more."""
        if self._file is not None:
            self._file.close()

    def _moved(self, ledger: Ledger) -> Ledger:
        """Return a ledger whose records and figures stand in the file."""
        if self._file is None:
            self._file = RecordsFile(self._folder)
        records: dict[str, Any] = {
            name: self._file.append([getattr(ledger, name)], width) for name, width in RECORDS.items()
        }
        text = ledger.figures_json[:]
        return replace(ledger, **records, figures_json=StoredText(self._file, self._file.append_bytes(text), len(text)))
