"""Compares each security of a Parquet directory, cell by cell, with its workbooks and tables, which are read afresh."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import openpyxl
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, to_excel
from openpyxl.worksheet._reader import WorkSheetParser

from pipeline.conversion import timestamps
from pipeline.conversion.desk_words import read_desk_words
from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.cells import BLANK, BOOL, ERROR, ISO, NUMBER, SERIAL, TEXT, Cell
from pipeline.conversion.fingerprint import recorded_block
from pipeline.conversion.limits import UNLIMITED
from pipeline.conversion.names import full_name, likely_name, security_of
from pipeline.conversion.plan import SheetJob
from pipeline.conversion.reject_rules import UNREADABLE_TIME
from pipeline.conversion.rules import Rules
from pipeline.conversion.sheet_options import SheetOptions
from pipeline.conversion.tables.table import Table, is_table
from pipeline.conversion.unchanged import is_of
from pipeline.conversion.verify_table import read_by_csv
from pipeline.conversion.wide import judge_all
from pipeline.errors import PipelineError, StaleStore, UnreadableSheet, in_words
from pipeline.markets.market import UNKNOWN_ZONE
from pipeline.store.catalog import changed_sources, read_catalog
from pipeline.store.layout import CONDITION_COLUMN, TICK_COLUMNS, rejects_name
from pipeline.store.parquet import read_table
from pipeline.store.tick_file import read_ticks
from pipeline.ticks import TICK_TYPES
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.parts import Sheet
    from pipeline.conversion.headers import Block
    from pipeline.conversion.ticks import Parsed, Row
    from pipeline.store.catalog import Entry, Source
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks

REJECT_COLUMNS: Final = ("row", "time", "type", "price", "size", "rule")
_KINDS: Final = {"s": TEXT, "e": ERROR, "n": NUMBER, "iso": ISO}
# openpyxl makes dates of numbers that are none.
_FIRST: Final = {WINDOWS_EPOCH: dt.datetime(1900, 3, 1), MAC_EPOCH: dt.datetime(1904, 1, 2)}  # noqa: DTZ001 - no zone
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Verified:
    """One security's comparison: ticks and rejects compared, the first cell that differs, or why none was compared."""

    ticker: str
    rows: int
    problem: str | None = None


def verify_each(parquet_dir: AnyPath, on_start: Callable[[str], None] = lambda _: None) -> Iterator[Verified]:
    """Yield each security's comparison with its workbooks, which openpyxl reads row by row, as it is made.

    on_start is called with the ticker before. A workbook or file that cannot be read is that security's error. Raises
    BadCatalog or NewerFormat.
    """
    for ticker, entry in sorted(read_catalog(parquet_dir).items()):
        on_start(ticker)
        try:
            yield _compare(entry, parquet_dir)
        except (PipelineError, MemoryError) as error:
            yield Verified(entry.ticker, 0, in_words(error))


def _compare(entry: Entry, parquet_dir: AnyPath) -> Verified:
    """Compare the parts, in the order in which they were joined, with the joined files."""
    parts = list(_read_afresh(entry))
    numbers = [number for parsed in parts for number in parsed.row_numbers.tolist()]
    ticks = [row for parsed in parts for row in _rows(parsed.ticks)]
    stored_ticks = _rows(read_ticks(parquet_dir / entry.file))
    rejects = [(reject.row, *reject.cells, reject.rule) for parsed in parts for reject in parsed.rejects]
    stored: list[tuple[Any, ...]] = []
    if entry.rejects:
        table = read_table(parquet_dir / rejects_name(entry.ticker), REJECT_COLUMNS)
        stored = list(zip(*(table.column(name).to_pylist() for name in REJECT_COLUMNS), strict=True))
    problem = _first_difference(numbers, ticks, stored_ticks, (*TICK_COLUMNS, CONDITION_COLUMN)) or _first_difference(
        [row[0] for row in rejects], map(_comparable, rejects), map(_comparable, stored), REJECT_COLUMNS
    )
    return Verified(entry.ticker, len(ticks) + len(rejects), problem)


def _read_afresh(entry: Entry) -> Iterator[Parsed]:
    """Read a security anew by openpyxl and csv, which share no code with the readers that made the store."""
    changed, words = changed_sources(entry), read_desk_words()
    for source in entry.sources:
        path, block = Path(source.path), recorded_block(source.record)
        # For the very file that was converted there are no limits: whoever converted it had its reasons.
        book = Table(path) if is_table(path) else open_workbook(path, None if source in changed else UNLIMITED)
        sheet = next((sheet for sheet in book.sheets if sheet.name == source.sheet), None)
        rules = SheetOptions(None, None, source.record.get("rules", {}).get("date_order"), words).rules(book)
        rules = replace(rules, time_zone=entry.time_zone or UNKNOWN_ZONE)
        if sheet is None or block is None or not is_of(source, SheetJob(0, book, sheet, rules, block)):
            raise StaleStore(
                f"{source.path}: sheet '{source.sheet}' is no longer what was converted; run `pipeline convert`, then "
                "compare."
            )
        if isinstance(book, Table):
            parsed = read_by_csv(path, source.record["dialect"], block, rules)
        else:
            parsed = read_by_openpyxl(book, cast("Sheet", sheet), block, rules)
        yield _of_ticker(parsed, source, entry.ticker)


def _of_ticker(parsed: Parsed, source: Source, ticker: str) -> Parsed:
    """Return what is of one security of a sheet that was split; rejects that name none are the first one's."""
    names = source.securities
    if len(names) < 2 or parsed.security is None:  # noqa: PLR2004
        return parsed
    own = []
    for text in parsed.securities:
        plain = " ".join(text.split()).upper()
        name = full_name(text) or likely_name(text) or next((name for name in names if name.split(" ")[0] == plain), "")
        own.append(security_of(name or names[0]).ticker == ticker)
    chosen = np.flatnonzero(np.array(own)[parsed.security])
    rejects = tuple(reject for reject in parsed.rejects if own[reject.security])
    return replace(parsed, ticks=parsed.ticks[chosen], rejects=rejects, row_numbers=parsed.row_numbers[chosen])


def read_by_openpyxl(workbook: Workbook, sheet: Sheet, block: Block, rules: Rules | None = None) -> Parsed:
    """Return the ticks and rejects that openpyxl finds; raises UnreadableSheet for what it cannot read, SheetError."""
    if workbook.kind != "xlsx":
        raise UnreadableSheet(
            f"{workbook.path} is no .xlsx, which is what openpyxl reads; save it as one to compare it."
        )
    # Told of serials that are no dates and of parts it does not know, which the comparison says better or not at all.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(workbook.path, read_only=True, data_only=True, keep_links=False)
        except MemoryError:
            raise
        except Exception as error:  # openpyxl names no errors of its own: odd styles alone raise five kinds
            raise _unreadable(workbook, error) from error
        try:
            read = partial(_openpyxl_rows, book, sheet.name, block.header_row)
            return judge_all(read, block, rules or Rules(workbook.date1904))
        except (PipelineError, MemoryError):
            raise
        except Exception as error:
            raise _unreadable(workbook, error) from error
        finally:
            book.close()


def _unreadable(workbook: Workbook, error: Exception) -> UnreadableSheet:
    return UnreadableSheet(f"{workbook.path} cannot be read by openpyxl: {error}")


class _Parser(WorkSheetParser):
    """Gives a date that is kept as text as it stands: openpyxl leaves out its zone."""

    def parse_cell(self, element: Any) -> Any:
        is_iso = element.get("t") == "d"
        if is_iso:
            element.set("t", "str")
        return super().parse_cell(element) | ({"data_type": "iso"} if is_iso else {})


def _openpyxl_rows(book: Any, sheet: str, header_row: int) -> Iterator[Row]:
    """Yield every row element below the headers, whatever the sheet says of its dimension."""
    page = book[sheet]
    with page._get_source() as source:  # noqa: SLF001 - the public way drops rows that stand twice under one number
        parser = _Parser(
            source,
            page._shared_strings,  # noqa: SLF001 - as openpyxl does
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001 - as openpyxl does
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001 - as openpyxl does
        )
        for number, cells in parser.parse():
            read = {cell["column"] - 1: _cell(cell["data_type"], cell["value"], book.epoch) for cell in cells}
            if number > header_row:
                yield number, {column: cell for column, cell in read.items() if cell is not BLANK}


def _cell(kind: str, value: Any, epoch: dt.datetime) -> Cell:
    if value is None or (isinstance(value, str) and not value.strip()):
        return BLANK
    if isinstance(value, bool):
        return Cell(BOOL, str(int(value)))
    if isinstance(value, dt.datetime) and value < _FIRST[epoch]:
        return Cell(SERIAL, repr(to_excel(value, epoch)))  # type: ignore[no-untyped-call]
    if isinstance(value, dt.date | dt.time):
        return Cell(ISO, str(value) if not getattr(value, "microsecond", 0) else str(value)[:-3])
    if isinstance(value, dt.timedelta):
        return Cell(SERIAL, repr(value / _DAY))
    return Cell(_KINDS[kind], value.replace("_x000D_", "\r") if isinstance(value, str) else repr(value))


def _rows(ticks: Ticks) -> Iterator[tuple[Any, ...]]:
    """Yield (ms, type, price, volume, condition)."""
    conditions = [""] * len(ticks)
    if ticks.condition is not None:
        conditions = [ticks.conditions[code] for code in ticks.condition.tolist()]
    columns = (ticks.timestamp // MILLISECOND, ticks.kind, ticks.price, ticks.volume)
    for time, kind, price, volume, condition in zip(*(column.tolist() for column in columns), conditions, strict=True):
        yield time, TICK_TYPES[kind], price, volume, condition


def _comparable(reject: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leave out a time that both sides call unreadable: openpyxl does not give the cell's own text then."""
    number, time, *others = reject
    return number, "" if reject[-1] == UNREADABLE_TIME else time, *others


def _first_difference(
    numbers: Iterable[int], of_workbook: Iterable[Any], of_store: Iterable[Any], columns: tuple[str, ...]
) -> str | None:
    """Return the first cell in which the workbook's rows, of these Excel row numbers, and the store's differ."""
    for number, row, stored in itertools.zip_longest(numbers, of_workbook, of_store):
        if row == stored:
            continue
        cell = 0
        if row and stored:
            cell = next(index for index, value in enumerate(row) if value != stored[index])
        column = columns[cell]
        shown = timestamps.as_text if column == "timestamp" else repr
        texts = ["nothing" if cells is None else shown(cells[cell]) for cells in (row, stored)]
        where = f"row {number}" if number else "below the last row"
        return f"{where}, {column}: workbook {texts[0]}, Parquet {texts[1]}"
    return None
