"""Reads the desk's own fills from the rows of a file: finds the columns by their names, checks every cell."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.errors import BadDeskFills, nearest, shown
from pipeline.runs.reader import RecordedFills
from pipeline.system import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.ticks import Int64s

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("time", "timestamp", "datetime", "execution time", "exec time", "trade time", "fill time"),
    "security": ("security", "ticker", "symbol", "instrument", "stock"),
    "side": ("side", "buy/sell", "b/s", "direction"),
    "price": ("price", "fill price", "exec price", "execution price", "last px", "px"),
    "quantity": ("quantity", "qty", "shares", "fill qty", "exec qty", "last qty", "filled", "volume", "size"),
}
"""The names that a column may have, in any case; the first is ours."""

DATE: Final = "date"
SIDES: Final = {
    **dict.fromkeys(("buy", "b", "bot", "bought", "1"), BUY),
    **dict.fromkeys(("sell", "s", "sld", "sold", "2"), SELL),
}
PRICE: Final = re.compile(r"[^,]*|[1-9]\d{0,2}(,\d{3})+\.\d+")
QUANTITY: Final = re.compile(r"(?!\d{1,3}\.\d{3}$)[^,]*|[1-9]\d{0,2}(,\d{3})+(\.0*)?")
"""What can be one number alone: not the 1,234 that may be 1.234, nor the 1.000 that may be 1000."""

MIDNIGHT: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - exchange-local, as every time here is
EXAMPLE: Final = "2025-01-06 10:00:05, on the exchange's clock"


@dataclass(frozen=True, slots=True)
class DeskFills:
    """One security's fills in order of time, and the row of the file that each stands in."""

    fills: RecordedFills
    rows: Int64s


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of every row of a CSV file that is not blank; raises BadDeskFills."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadDeskFills(f"{path} is not there.") from None
    except OSError as error:
        raise BadDeskFills(f"{path} cannot be read as a CSV file: {refusal(path, error)}.") from error
    except UnicodeDecodeError as error:
        raise BadDeskFills(f"{path} cannot be read as a CSV file: it is not text in UTF-8.") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadDeskFills(f"{path}, row {reader.line_num}: it cannot be read ({error}).") from error


def desk_fills(rows: Iterable[tuple[int, Sequence[str]]], where: str) -> dict[str, DeskFills]:
    """Return the fills in the rows of a file, by ticker, in order of time; the first row names the columns.

    Raises BadDeskFills, naming the file (`where`), row and column, for what cannot be read.
    """
    every = iter(rows)
    _, header = next(every, (0, ()))
    columns = _columns_of(header, where)
    by_ticker: dict[str, list[tuple[float, ...]]] = {}
    for number, cells in every:
        named = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
        row = _row(number, named, where)
        by_ticker.setdefault(named["security"].split()[0].upper(), []).append(row)
    if not by_ticker:
        raise BadDeskFills(f"{where} has no fills below its header.")
    return {ticker: _fills(sorted(by_ticker[ticker], key=lambda row: row[0])) for ticker in sorted(by_ticker)}


def _fills(rows: Sequence[tuple[float, ...]]) -> DeskFills:
    kinds = (np.int64, np.int8, np.float64, np.int64, np.int64)
    columns = zip(zip(*rows, strict=True), kinds, strict=True)
    time, side, price, quantity, numbers = (np.array(values, kind) for values, kind in columns)
    return DeskFills(RecordedFills(time, side, price, quantity), numbers)


def _columns_of(header: Sequence[str], where: str) -> dict[str, int]:
    names = [" ".join(cell.replace("_", " ").split()).casefold() for cell in header]
    columns = {DATE: names.index(DATE)} if DATE in names else {}
    for column, known in COLUMNS.items():
        at = [names.index(name) for name in known if name in names]
        if not at:
            hint = next((text for name in known if (text := nearest(name, filter(None, names), 0.75))), "")
            raise BadDeskFills(f"{where} has no column for the {column}: name it {' or '.join(known)}.{hint}")
        columns[column] = at[0]
    return columns


def _row(number: int, cells: Mapping[str, str], where: str) -> tuple[int, int, float, int, int]:
    """Return time, side, price and quantity of a fill, and the row that it stands in."""

    def refused(column: str, takes: str) -> BadDeskFills:
        return BadDeskFills(f"{where}, row {number}: {column} is '{shown(cells[column])}'; it takes {takes}.")

    side = SIDES.get(cells["side"].casefold())
    if side is None:
        raise refused("side", "buy or sell")
    if not cells["security"]:
        raise refused("security", "a ticker such as FAB, or FAB UH Equity")
    time = _time(cells)
    if time is None:
        raise refused("time", EXAMPLE)
    price, quantity = _number(cells["price"], PRICE), _number(cells["quantity"], QUANTITY)
    if not 0 < price < float("inf"):
        raise refused("price", "a number above 0, its decimals behind a point: 1234.5 or 1,234.5")
    if not (0 < quantity < 2**53 and quantity.is_integer()):
        raise refused("quantity", "a whole number of shares above 0: 1000 or 1,000")
    return time, side, price, int(quantity), number


def _number(text: str, known: re.Pattern[str]) -> float:
    try:
        return float(text.replace(",", "")) if known.fullmatch(text) else float("nan")
    except ValueError:
        return float("nan")


def _time(cells: Mapping[str, str]) -> int | None:
    """Return ms since 1970-01-01 of a time, whose date may stand in a column of its own."""
    text = cells["time"]
    if DATE in cells and ":" in text and "-" not in text:
        text = f"{cells[DATE].replace('T', ' ').split(' ')[0]} {text}"
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None or ":" not in text:
        return None
    return (moment - MIDNIGHT) // dt.timedelta(milliseconds=1)
