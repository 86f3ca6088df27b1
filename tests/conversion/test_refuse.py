"""Sheets in which a second security begins below the first are refused, however its name is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion import stage
from pipeline.conversion.stage import convert
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import HEADERS, Cell, rows_xml, text, tick, write_book

if TYPE_CHECKING:
    from pathlib import Path

FAB: Final = "FAB UH Equity"
_LINE: Final = "2025-04-14 12:00:{:02},BID,{},100"
_PLACES: Final = {"in the columns of the ticks": 1, "to the left": 0, "to the right": 5}
NAMES: Final = (
    "EMAAR DH Equity",
    "EMAAR DH",
    "Security: EMAAR DH Equity",
    "EMAAR DH Equity - 14 May 2025",
    "EMAAR",
    "2222 AB",
)


def sheet_of(name: str, column: int) -> str:
    """Ticks in B to E, ten above and ten below a text in a row of its own."""
    ticks = [(None, *tick(45761.5 + number / 86400, price=number + 1)) for number in range(20)]
    between: list[Cell | None] = [None] * 6
    between[column] = text(name)
    return rows_xml([(None, *HEADERS), *ticks[:10], between, *ticks[10:]])


def table_of(name: str, column: int) -> str:
    lines = [f",{_LINE.format(number, number + 1)}," for number in range(20)]
    between = [""] * 6
    between[column] = name
    return "\n".join([",Dates,Type,Price,Size,", *lines[:10], ",".join(between), *lines[10:]])


def convert_both(folder: Path, name: str, column: int, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Return the errors of a sheet read row by row, of one read by the loop, and of a table."""
    book = write_book(folder / "t.xlsx", {FAB: sheet_of(name, column)})
    table = folder / f"{FAB}.csv"
    table.write_text(table_of(name, column), encoding="utf-8")
    errors = [row.error for path in (book, table) for row in convert([path], folder / path.suffix).rows]
    monkeypatch.setattr(stage, "WORTH_LOADING", 1)
    monkeypatch.setattr(stage, "WORTH_COMPILING", 1)
    (row,) = convert([book], folder / "fast").rows
    return [*errors, row.error]


@pytest.mark.parametrize("place", _PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_security_named_between_ticks_is_refused(
    tmp_path: Path, name: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = convert_both(tmp_path, name, _PLACES[place], monkeypatch)
    assert [f"another block of rows begins in it: row 12 ('{name}')." in str(error) for error in errors] == [True] * 3


@pytest.mark.parametrize("place", _PLACES)
@pytest.mark.parametrize("name", ["FAB UH Equity", "fab uh", "FAB", "lunch break", "CLOSED", "EOD", "MONDAY", "Page 2"])
def test_another_text_between_ticks_is_no_security(
    tmp_path: Path, name: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert convert_both(tmp_path, name, _PLACES[place], monkeypatch) == [None] * 3
    for folder in (".xlsx", ".csv", "fast"):
        assert read_ticks(tmp_path / folder / "FAB.parquet").price.tolist() == [number + 1.0 for number in range(20)]


def test_a_text_below_the_last_tick_is_no_security(tmp_path: Path) -> None:
    sheet = rows_xml([HEADERS, tick(price=1), tick(price=2), (text("TOTALS"),), (text("Source: ADX"),)])
    (row,) = convert([write_book(tmp_path / "t.xlsx", {FAB: sheet})], tmp_path / "store", max_rejects=0.6).rows
    assert (row.ticks, row.rejects) == (2, {"unreadable time": 2})
