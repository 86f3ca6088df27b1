"""Prints a conversion: progress on stderr while it runs, then the closing table on stdout and its command result."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, get_args

from pipeline.console.output import CommandResult, console
from pipeline.console.progress import Progress
from pipeline.console.tables import Column, show_table
from pipeline.conversion.result import Status
from pipeline.numbers import counted

if TYPE_CHECKING:
    from rich.progress import TaskID

    from pipeline.conversion.result import ConvertResult, SheetEvent, SheetRow

OPENING: Final = "Opening the workbooks"
READING: Final = "Reading the sheets"
PLACING: Final = "Moving the files into place"
MOST_LISTED: Final = 3


class ConvertProgress(Progress):
    """Says what a conversion is doing: a bar over the sheets and one for each that is being read, or a line a sheet."""

    def __init__(self) -> None:
        super().__init__(OPENING)
        self._reading: dict[int, TaskID] = {}
        self._ready = 0

    def heard(self, event: SheetEvent) -> None:
        """Take an event of the conversion; it may come from any thread, one at a time."""
        if self._stage == OPENING:
            self.stage(READING, event.total)
        if event.row is not None:
            self._finished(event.position, event.row)
        elif self._bar is not None:
            if event.position not in self._reading:
                self._reading[event.position] = self._bar.add_task(f"  {event.sheet}", total=None, note="rows")
            self._bar.update(self._reading[event.position], completed=event.rows)
        if self._ready == event.total:
            self.stage(PLACING)

    def compiling(self) -> None:
        """Say that the reader of large workbooks is being compiled, once for this machine."""
        console().info("Compiling the reader of large workbooks; this is done once and takes a few seconds.")

    def _finished(self, position: int, row: SheetRow) -> None:
        self._ready += 1
        self.step()
        if self._bar is not None and position in self._reading:
            self._bar.remove_task(self._reading.pop(position))
        what = row.status if row.status != "converted" else f"{row.rows:,} rows in {row.seconds:.2f} s"
        if console().verbose:
            console().detail(f"{_label(row)}: {what}{_how(row)}")
        elif not self.draws:
            console().info(f"{_label(row)}: {what}")


def show_conversion(result: ConvertResult) -> CommandResult:
    """Print the closing table of a conversion."""
    columns = [Column("sheet", "name"), Column("rows"), Column("ticks"), Column("rejects", "text"), Column("seconds")]
    columns.append(Column("status", "text"))
    rows = []
    for row in result.rows:
        aside = [f"{count:,} {rule}" for rule, count in row.rejects.items()]
        aside += [f"{row.blank:,} blank"] if row.blank else []
        status = f"{row.status}, row by row" if row.status == "converted" and row.note else row.status
        counts = (f"{row.rows:,}", f"{row.ticks:,}", ", ".join(aside) or "-", f"{row.seconds:.2f}")
        rows.append([_label(row), *counts, status])
    show_table(f"Converted into {result.parquet_dir}", columns, rows)
    for row in result.rows:
        if row.status == "skipped":
            console().info(f"Skipped: sheet '{row.sheet}' of {row.workbook.name}: {row.note}")
    for error in dict.fromkeys(str(row.error) for row in result.failed):
        console().error(error)
    statuses = [row.status for row in result.rows]
    by_status = {status: statuses.count(status) for status in get_args(Status)}
    summary = ", ".join(f"{count} {status}" for status, count in by_status.items() if count)
    if result.earlier:
        summary += f"; kept from an earlier conversion: {_listed(result.earlier)}"
    ticks = sum(row.ticks for row in result.rows if row.status != "failed")
    facts = {
        "parquet_dir": result.parquet_dir,
        "sheets": [_sheet(row) for row in result.rows],
        **{status: count for status, count in by_status.items() if status != "failed"},
        "ticks": ticks,
        "earlier": result.earlier,
    }
    failed = {_label(row): str(row.error) for row in result.failed}
    return CommandResult(
        f"Ticks: {result.parquet_dir}  ({ticks:,} ticks; sheets: {summary})", facts, failed, warnings=result.warnings
    )


def _sheet(row: SheetRow) -> dict[str, Any]:
    facts = asdict(row)
    return {"security": facts.pop("ticker"), **facts}


def _label(row: SheetRow) -> str:
    """Return a sheet's name, with the ticker where the name does not say it."""
    return row.sheet if row.ticker.casefold() in row.sheet.casefold() else f"{row.sheet} ({row.ticker})"


def _listed(ticks: dict[str, int]) -> str:
    """Return securities with their ticks, the first few of many."""
    first = [f"{ticker} ({count:,} ticks)" for ticker, count in list(ticks.items())[:MOST_LISTED]]
    return ", ".join(first) + (f" and {counted(len(ticks) - MOST_LISTED, 'other')}" if len(ticks) > MOST_LISTED else "")


def _how(row: SheetRow) -> str:
    if row.status == "unchanged":
        return ": its content, header row and formats are the same"
    if row.status == "converted" and row.note:
        return f", row by row: {row.note}"
    return f", {row.reader}" if row.reader else ""
