"""Result of a conversion, with one row per sheet for the closing table, and the events reported while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.store.path import AnyPath

Status = Literal["converted", "unchanged", "skipped", "failed"]
EventKind = Literal["started", "rows", "finished"]


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One sheet's outcome: rows = ticks + rejects + blank; `reader` is 'fast', 'row by row' or '' when none ran.

    note: why it was skipped, or why it could not be read in one pass.
    """

    workbook: Path
    sheet: str
    ticker: str
    exchange: str
    status: Status
    rows: int = 0
    ticks: int = 0
    blank: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    reader: str = ""
    error: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SheetEvent:
    """Something that happened to the sheet at `position` of `total`; `rows` are those done so far.

    Events of several sheets come interleaved and from worker threads, one at a time; `row` comes with 'finished'.
    """

    kind: EventKind
    workbook: Path
    sheet: str
    position: int
    total: int
    rows: int = 0
    row: SheetRow | None = None


@dataclass(frozen=True, slots=True)
class ConvertResult:
    """A conversion's outcome, one row per sheet in workbook order.

    earlier: of the securities that failed, those of which the store has an earlier conversion still, with its ticks.
    warnings: which ticks of the store are no longer in it, then those of the securities whose ticks stand.
    """

    parquet_dir: AnyPath
    rows: tuple[SheetRow, ...]
    earlier: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[SheetRow, ...]:
        """Return the rows of the sheets that could not be converted."""
        return tuple(row for row in self.rows if row.status == "failed")
