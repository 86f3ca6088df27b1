"""Sheets without headers of ticks: what is said of them, and that ticks among their rows are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion.stage import convert
from tests.conversion.books import HEADERS, Cell, number, row_xml, rows_xml, serial, text, tick, write_book

if TYPE_CHECKING:
    from pathlib import Path

FAB: Final = "FAB UH Equity"
UNNAMED: Final = rows_xml([HEADERS, tick(price=1), tick(price=2)])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([tick(price=2), tick(price=3)], "and row 1 looks like a tick: 45761.5, BID, 2, 100. Write Dates, Type"),
        ([HEADERS[:1], (text("pasted"),), tick(price=2)], ": row 1 has no column Type and no column Price"),
        ([(text("Dates"), text("What"), *HEADERS[2:]), tick(price=2)], ": row 1 has no column Type; it holds"),
        ([(text("Dates"), text("Number"), *HEADERS[2:]), (serial(45761.5), *[number(1)] * 3)], None),
    ],
)
def test_a_sheet_that_goes_on_without_its_headers_is_told(
    tmp_path: Path, rows: list[tuple[Cell, ...]], said: str | None
) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: UNNAMED, "Sheet2": rows_xml(rows)})
    result = convert([book], tmp_path / "store")
    assert [row.status for row in result.rows] == ["converted", "skipped"]
    warnings = [warning for warning in result.warnings if "'Sheet2': its ticks were not read, since no row" in warning]
    assert [said in warning for warning in warnings if said] == ([True] if said else [])


def test_whole_quotes_without_a_size_are_told_which(tmp_path: Path) -> None:
    headers = tuple(map(text, ("Time", "Size", "Bid", "Ask", "Size")))
    (row,) = convert([write_book(tmp_path / "t.xlsx", {FAB: rows_xml([headers])})], tmp_path / "store").failed
    assert "row 1 has no column Bid Size; it holds Time, Size, Bid, Ask, Size." in str(row.error)


def test_what_holds_no_headers_quotes_the_row_that_is_most_like_them(tmp_path: Path) -> None:
    rows = [(text(FAB),), (text("Zeit"), text("Art"), text("Kurs"), text("Anzahl")), tick(price=1)]
    (row,) = convert([write_book(tmp_path / "t.xlsx", {FAB: rows_xml(rows)})], tmp_path / "store").failed
    assert "row 2 has no column Dates" in str(row.error)
    assert "it holds Zeit, Art, Kurs, Anzahl." in str(row.error)


ORDERS: Final = (text("Time"), text("Side"), text("Price"), text("Qty"))


@pytest.mark.parametrize(
    ("sheet", "headers", "said"),
    [
        ("Sheet2", "Time Type Open High Low Close Value Volume", "row 1 heads bars, as Open, High, Low and Close say"),
        ("Sheet2", "Date PX_OPEN PX_HIGH PX_LOW PX_CLOSE Volume", "row 1 heads bars, as Open, High, Low and Close say"),
        ("Sheet2", "Time Type Price Size Open High Low Close", None),
        ("FAB UH Equity orders", "Time Side Price Qty", "has a column Side, and is named as orders or fills"),
        ("FAB UH Equity trades blotter", "Time Side Price Qty", "has a column Side, and is named as orders or fills"),
        ("FAB UH Equity fills", "Time Type Price Qty", None),
        ("FAB UH Equity order book", "Time Side Price Qty", None),
        ("FAB UH Equity (2)", "Time Side Price Qty Order_ID Status", "row 1 has the headers of orders or fills"),
        ("FAB UH Equity (2)", "Time Side Price Qty", None),
    ],
)
def test_bars_and_lists_of_orders_are_no_ticks(tmp_path: Path, sheet: str, headers: str, said: str | None) -> None:
    names = headers.split(" ")
    later = [serial(45762.5), *(text("B") if name in ("Type", "Side") else number(1) for name in names[1:])]
    book = {FAB: UNNAMED, sheet: rows_xml([tuple(map(text, names)), tuple(later)])}
    if sheet == "Sheet2":
        book = {FAB: UNNAMED, sheet: rows_xml([(text(FAB),), tuple(map(text, names)), tuple(later)])}
    result = convert([write_book(tmp_path / "t.xlsx", book)], tmp_path / "store")
    other = result.rows[1]
    is_named = sheet.endswith("(2)")
    assert other.status == ("converted" if said is None else "failed" if is_named else "skipped")
    assert (said or "").replace("row 1", "row 2" if sheet == "Sheet2" else "row 1") in f"{other.note}{other.error}"
    assert result.rows[0].status == ("failed" if said and is_named else "converted")


def test_a_workbook_without_ticks_fails_with_what_was_looked_for(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {"Sheet1": row_xml(1, (text("Dates"), text("Price")))})
    (row,) = convert([book], tmp_path / "store").failed
    assert "row 1 has no column Type and no column Size; it holds Dates, Price." in str(row.error)
    assert "configs/excel.json" in str(row.error)


def test_a_sheet_without_ticks_is_skipped_with_the_reason(tmp_path: Path) -> None:
    book = write_book(
        tmp_path / "t.xlsx", {"Summary": "", "Sheet1": row_xml(1, (text("notes"),)), FAB: UNNAMED, "Raw": ""}
    )
    result = convert([book], tmp_path / "store")
    assert [row.status for row in result.rows] == ["skipped", "skipped", "converted", "skipped"]
    assert result.rows[0].note == "the sheet is empty."
    assert result.rows[1].note == "no row has the headers of ticks."
    assert result.failed == ()
