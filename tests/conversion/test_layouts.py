"""Sheets as desks lay them out: which rows and columns are ticks, and of which security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import pytest

from pipeline.conversion.stage import convert
from pipeline.errors import BadRequest
from pipeline.store.parquet import read_ticks
from tests.conversion.books import HEADERS, Cell, row_xml, rows_xml, text, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FAB: Final = "FAB UH Equity"
EMAAR: Final = "EMAAR DH Equity"
UNNAMED: Final = rows_xml([HEADERS, tick(price=1), tick(price=2)])
Rows: TypeAlias = "tuple[tuple[Cell, ...], ...]"


def prices(store: Path) -> dict[str, list[float]]:
    """What a store holds: ticker → prices."""
    files = sorted(store.glob("*.parquet")) if store.exists() else []
    return {file.stem: read_ticks(file).price.tolist() for file in files if ".rejects" not in file.name}


def converted(folder: Path, sheets: Mapping[str, str], name: str = "t.xlsx") -> dict[str, list[float]]:
    result = convert([write_book(folder / name, sheets)], folder / "store")
    assert result.failed == ()
    return prices(folder / "store")


def pair(first: float, second: float) -> tuple[Cell | None, ...]:
    return (*tick(price=first), None, *tick(price=second))


SHEETS: Final = {
    "headers below facts": rows_xml([*[(text("Period"), text("TICK"))] * 40, HEADERS, tick(price=1)]),
    "headers in the first row": rows_xml([HEADERS, tick(price=1)]),
    "headers that stand twice": rows_xml([HEADERS, (), HEADERS, tick(price=1)]),
    "own calculations to the right": rows_xml(
        [(*HEADERS, None, text("Time"), text("Price"), text("Size")), (*tick(price=1), None, *tick(price=9)[:1])]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SHEETS)
def test_the_headers_are_found_where_they_stand(tmp_path: Path, case: str) -> None:
    assert converted(tmp_path, {FAB: SHEETS[case]}) == {"FAB": [1.0]}


@pytest.mark.parametrize(
    ("above", "ticker"),
    [
        (((text(FAB),),), "FAB"),
        (((text("Security"), text(FAB)), (text("Benchmark"), text("FADGI UH Equity"))), "FAB"),
        (((text("Ticker"), text("Index")), (text(EMAAR), text("FADGI UH Equity"))), "EMAAR"),
        (((text("Security: FAB UH Equity"),),), "FAB"),
        (((text("nothing of the kind"),), (text("BRK/B US Equity"),)), "BRK_B"),
    ],
)  # fmt: skip
def test_the_security_is_found_above_the_headers(tmp_path: Path, above: Rows, ticker: str) -> None:
    assert converted(tmp_path, {"Sheet1": rows_xml([*above, HEADERS, tick(price=1)])}) == {ticker: [1.0]}


def test_the_sheets_name_counts_before_the_cells_above(tmp_path: Path) -> None:
    assert converted(tmp_path, {EMAAR: tick_sheet(tick(price=1))}) == {"EMAAR": [1.0]}


def test_a_block_side_by_side_has_the_security_above_it(tmp_path: Path) -> None:
    names = (text(FAB), None, None, None, None, text(EMAAR))
    sheet = rows_xml([names, (*HEADERS, None, *HEADERS), pair(1, 7), (*tick(price=2), None, *[None] * 4), pair(3, 8)])
    assert converted(tmp_path, {"Ticks": sheet}) == {"EMAAR": [7.0, 8.0], "FAB": [1.0, 2.0, 3.0]}
    result = convert([tmp_path / "t.xlsx"], tmp_path / "store")
    assert [(row.ticker, row.status) for row in result.rows] == [("FAB", "unchanged"), ("EMAAR", "unchanged")]


def test_a_block_that_begins_lower_is_one_of_its_own(tmp_path: Path) -> None:
    named, headed = (*tick(price=2), None, text(EMAAR)), (*tick(price=3), None, *HEADERS)
    sheet = rows_xml([(text(FAB),), HEADERS, tick(price=1), named, headed, pair(4, 7)])
    assert converted(tmp_path, {FAB: sheet}) == {"EMAAR": [7.0], "FAB": [1.0, 2.0, 3.0, 4.0]}


def test_a_block_without_a_name_above_it_says_where_to_write_one(tmp_path: Path) -> None:
    sheet = rows_xml([(text(FAB),), (*HEADERS, None, *HEADERS), pair(1, 7)])
    result = convert([write_book(tmp_path / "t.xlsx", {FAB: sheet})], tmp_path / "store")
    assert [row.status for row in result.rows] == ["converted", "failed"]
    assert "t.xlsx, sheet 'FAB UH Equity': the block of ticks at F2 has no security's name above it" in str(
        result.rows[1].error
    )


def test_a_sheet_without_ticks_is_skipped_with_the_reason(tmp_path: Path) -> None:
    book = write_book(
        tmp_path / "t.xlsx", {"Summary": "", "Sheet1": row_xml(1, (text("notes"),)), FAB: UNNAMED, "Raw": ""}
    )
    result = convert([book], tmp_path / "store")
    assert [row.status for row in result.rows] == ["skipped", "skipped", "converted", "skipped"]
    assert result.rows[0].note == "the sheet is empty."
    assert "A tick sheet needs Dates, Type, Price and Size in one row" in result.rows[1].note
    assert result.failed == ()


def test_a_workbook_without_ticks_fails_with_what_was_looked_for(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {"Sheet1": row_xml(1, (text("Dates"), text("Price")))})
    (row,) = convert([book], tmp_path / "store").failed
    assert "row 1 has no column Type and no column Size; it holds Dates, Price." in str(row.error)
    assert "configs/excel.json" in str(row.error)


@pytest.mark.parametrize("name", ["FAB UH Equity.xlsx", "FAB_UH_Equity.xlsx", "fab uh equity (2).xlsx", "FAB UH.xlsx"])
def test_the_workbooks_name_counts_where_nothing_else_says_it(tmp_path: Path, name: str) -> None:
    assert converted(tmp_path, {"Sheet1": UNNAMED}, name) == {"FAB": [1.0, 2.0]}


def test_sheets_that_continue_a_security_are_joined_in_the_order_of_time(tmp_path: Path) -> None:
    later, earlier = rows_xml([HEADERS, tick(45762.5, price=2)]), rows_xml([HEADERS, tick(45761.5, price=1)])
    assert converted(tmp_path, {FAB: later, "FAB UH Equity (2)": earlier}) == {"FAB": [1.0, 2.0]}


def test_a_part_that_has_no_headers_fails_the_others_of_its_security(tmp_path: Path) -> None:
    result = convert([write_book(tmp_path / "t.xlsx", {FAB: UNNAMED, "FAB UH Equity (2)": ""})], tmp_path / "store")
    assert [(row.ticker, row.status) for row in result.rows] == [("FAB", "failed"), ("FAB", "failed")]
    assert "another part of FAB failed: the sheet is empty." in str(result.rows[0].error)


def test_a_sheet_without_a_name_says_what_to_do(tmp_path: Path) -> None:
    (row,) = convert([write_book(tmp_path / "t.xlsx", {"FAB": UNNAMED})], tmp_path / "store").failed
    assert "it has ticks below row 1 and names no security" in str(row.error)
    assert '--security "FAB UH Equity"' in str(row.error)


def test_the_one_sheet_without_a_name_gets_the_security_of_the_request(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {"Sheet1": UNNAMED, EMAAR: UNNAMED})
    assert convert([book], tmp_path / "store", security="fab uh equity").failed == ()
    assert prices(tmp_path / "store") == {"EMAAR": [1.0, 2.0], "FAB": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("sheets", "security", "words"),
    [
        (("Sheet1", "Sheet2"), FAB, "there are 2: 'Sheet1' of t.xlsx, 'Sheet2' of t.xlsx"),
        ((EMAAR,), FAB, "each of these sheets names its own"),
        (("Sheet1",), "First Abu Dhabi Bank", "is not a security's name"),
    ],
)
def test_a_security_that_is_for_no_sheet_or_for_several_is_an_error(
    tmp_path: Path, sheets: tuple[str, ...], security: str, words: str
) -> None:
    book = write_book(tmp_path / "t.xlsx", dict.fromkeys(sheets, UNNAMED))
    with pytest.raises(BadRequest, match=words):
        convert([book], tmp_path / "store", security=security)


def test_an_order_of_day_and_month_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="--date-order is 'ymd'; it takes dmy"):
        convert([write_book(tmp_path / "t.xlsx", {FAB: UNNAMED})], tmp_path / "store", date_order="ymd")


REMARKS: Final = {
    "another name above": ({EMAAR: tick_sheet(tick())}, "the sheet's name says EMAAR DH EQUITY, the cells above"),
    "almost a name": ({"FAB UH": UNNAMED}, "the sheet 'FAB UH' of t.xlsx was taken for FAB UH EQUITY"),
    "a column not read": (
        {FAB: rows_xml([(*HEADERS, text("Volume")), tick()])},
        "the column 'Volume' (E) is not read, since 'Size' is there too",
    ),
    "a market not known": ({"AAPL US Equity": UNNAMED}, "no market file knows its exchange, 'US'"),
}


@pytest.mark.parametrize("case", REMARKS)
def test_what_a_person_must_know_of_a_sheet_is_said_each_time(tmp_path: Path, case: str) -> None:
    sheets, words = REMARKS[case]
    book = write_book(tmp_path / "t.xlsx", sheets)
    first, again = (convert([book], tmp_path / "store") for _ in range(2))
    assert [row.status for row in again.rows] == ["unchanged"]
    assert sum(words in warning for warning in first.warnings) == 1
    assert again.warnings == first.warnings
