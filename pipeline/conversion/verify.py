"""Compares each security of a Parquet directory, cell by cell, with its workbooks read afresh through openpyxl."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion import timestamps
from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.cells import BLANK
from pipeline.conversion.excel.openpyxl_rows import open_book, rows_of
from pipeline.conversion.fingerprint import still_holds
from pipeline.conversion.headers import find_columns
from pipeline.conversion.limits import UNLIMITED
from pipeline.conversion.ticks import UNREADABLE_TIME, judge_rows
from pipeline.errors import PipelineError, StaleStore
from pipeline.store.catalog import read_catalog
from pipeline.store.layout import TICK_COLUMNS, rejects_name
from pipeline.store.parquet import read_table, read_ticks
from pipeline.ticks import TICK_TYPES
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.conversion.excel.archive import Sheet, Workbook
    from pipeline.conversion.limits import Limits
    from pipeline.conversion.ticks import Parsed
    from pipeline.store.catalog import Entry, Source
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks

REJECT_COLUMNS: Final = ("row", "time", "type", "price", "size", "rule")
_NOTHING: Final = "(nothing)"
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first cell that differs: Excel row (None when one side ends early), column, and both values as text."""

    row: int | None
    column: str
    workbook: str
    store: str


@dataclass(frozen=True, slots=True)
class Verified:
    """One security's comparison: ticks and rejects compared, the first difference, or why none could be made."""

    ticker: str
    rows: int
    difference: Difference | None = None
    error: str | None = None

    @property
    def equal(self) -> bool:
        """Return whether workbook and store were compared and are equal."""
        return self.difference is None and self.error is None


def verify_each(parquet_dir: AnyPath, on_start: Callable[[str], None] = lambda _: None) -> Iterator[Verified]:
    """Yield each security's comparison with its workbooks, which openpyxl reads row by row, as it is made.

    on_start is called with the ticker before. A workbook or file that cannot be read is that security's error. Raises
    BadCatalog.
    """
    for ticker, entry in sorted(read_catalog(parquet_dir).items()):
        on_start(ticker)
        try:
            yield _compare(entry, parquet_dir)
        except PipelineError as error:
            yield Verified(entry.ticker, 0, error=str(error))


def _compare(entry: Entry, parquet_dir: AnyPath) -> Verified:
    """Compare the parts, in the order in which they were joined, with the joined files."""
    parts = [_read_afresh(source) for source in entry.sources]
    of_workbook = [row for parsed in parts for row in _rows(parsed.ticks, parsed.row_numbers.tolist())]
    of_store = _rows(read_ticks(parquet_dir / entry.file))
    difference = _first_difference(of_workbook, of_store, TICK_COLUMNS)
    rejects = [_reject((each.row, *each.cells, each.rule)) for parsed in parts for each in parsed.rejects]
    stored_rejects = _stored_rejects(parquet_dir / rejects_name(entry.ticker)) if entry.rejects else []
    difference = difference or _first_difference(rejects, stored_rejects, REJECT_COLUMNS)
    return Verified(entry.ticker, len(of_workbook) + len(rejects), difference)


def _read_afresh(source: Source) -> Parsed:
    """Read one sheet through openpyxl, which shares no code with the readers that made the store."""
    path = Path(source.path)
    workbook = open_workbook(path, _limits_for(path, source))
    header_row = int(source.record["header_row"])
    sheet = next((sheet for sheet in workbook.sheets if sheet.name == source.sheet), None)
    if sheet is None or not still_holds(source.record, workbook, sheet, header_row):
        raise StaleStore(
            f"{path}: sheet '{source.sheet}' is no longer what was converted; run `pipeline convert`, then compare."
        )
    return read_by_openpyxl(workbook, sheet, header_row)


def read_by_openpyxl(workbook: Workbook, sheet: Sheet, header_row: int) -> Parsed:
    """Return the ticks and rejects that openpyxl finds; raises UnreadableSheet for what it cannot read, SheetError."""
    with open_book(workbook.path) as book:
        rows = rows_of(book, sheet.name)
        head: dict[int, dict[int, str]] = {}
        for number, cells in rows:
            head[number] = {place: cell.text for place, cell in cells.items()}
            if number >= header_row:
                break
        used = find_columns(head, header_row).used
        below = ((number, [cells.get(place, BLANK) for place in used]) for number, cells in rows if number > header_row)
        return judge_rows(below, header_row, date1904=workbook.date1904)


def _limits_for(path: Path, source: Source) -> Limits | None:
    """Return no limits at all for the very file that was converted: whoever converted it had its reasons."""
    try:
        now = path.stat()
    except OSError:
        return None
    return UNLIMITED if (now.st_size, now.st_mtime_ns) == (source.size, source.mtime_ns) else None


def _rows(ticks: Ticks, numbers: Iterable[int | None] | None = None) -> Iterator[tuple[int | None, Row]]:
    """Yield (Excel row number, (ms, type, price, volume))."""
    columns = (ticks.timestamp.tolist(), ticks.kind.tolist(), ticks.price.tolist(), ticks.volume.tolist())
    for number, time, kind, price, volume in zip(numbers or [None] * len(ticks), *columns, strict=True):
        yield number, (time // MILLISECOND, TICK_TYPES[kind], price, volume)


def _stored_rejects(path: AnyPath) -> Iterator[tuple[int | None, Row]]:
    table = read_table(path, REJECT_COLUMNS)
    for row in zip(*(table.column(name).to_pylist() for name in REJECT_COLUMNS), strict=True):
        yield _reject(row)


def _reject(row: Row) -> tuple[int | None, Row]:
    """Leave the time out where both sides call it unreadable: openpyxl does not give the cell's own text then."""
    number, time, *others = row
    return number, (number, "" if row[-1] == UNREADABLE_TIME else time, *others)


def _first_difference(
    of_workbook: Iterable[tuple[int | None, Row]], of_store: Iterable[tuple[int | None, Row]], columns: tuple[str, ...]
) -> Difference | None:
    """Return the first cell in which the workbook's rows and the store's differ."""
    others = iter(of_store)
    for number, row in of_workbook:
        _, other = next(others, (None, None))
        if other is None:
            return Difference(number, columns[0], _shown(columns[0], row[0]), _NOTHING)
        for column, value, stored in zip(columns, row, other, strict=True):
            if value != stored:
                return Difference(number, column, _shown(column, value), _shown(column, stored))
    left = next(others, None)
    return None if left is None else Difference(None, columns[0], _NOTHING, _shown(columns[0], left[1][0]))


def _shown(column: str, value: Any) -> str:
    return timestamps.as_text(value) if column == "timestamp" else repr(value)
