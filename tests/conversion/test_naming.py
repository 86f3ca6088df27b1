"""Of which security a sheet is where its own name does not say it in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion.stage import convert
from tests.conversion.books import HEADERS, rows_xml, text, tick, write_book

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.conversion.result import ConvertResult

FILE: Final = "FAB UH Equity.xlsx"
NAMELESS: Final = "it has ticks below row 2 and names no security"
NOT_TAKEN: Final = "the cells above the headers say {} ('{}'), which was not taken"


def converted(folder: Path, file: str, sheet: str, *above: str) -> ConvertResult:
    rows = rows_xml([tuple(map(text, above)), HEADERS, tick(price=1), tick(price=2)])
    return convert([write_book(folder / file, {sheet: rows})], folder / "store")


@pytest.mark.parametrize("title", ["DESK UK", "SESSION AM", "PRICES IN", "BOOK EQ", "ADX AE"])
@pytest.mark.parametrize(("file", "ticker"), [(FILE, "FAB"), ("t.xlsx", "")])
def test_a_title_that_ends_in_two_letters_is_no_security(tmp_path: Path, title: str, file: str, ticker: str) -> None:
    (row,) = converted(tmp_path, file, "Sheet1", title).rows
    assert (row.ticker, NAMELESS in str(row.error)) == (ticker, not ticker)


@pytest.mark.parametrize(
    ("file", "sheet", "above", "ticker", "said"),
    [
        ("t.xlsx", "Sheet1", ("FAB UH Equity",), "FAB", None),
        ("t.xlsx", "Sheet1", ("Security", "FAB UH Equity", "Currency", "AED"), "FAB", None),
        ("t.xlsx", "Sheet1", ("FAB UH",), "FAB", "'FAB UH' above the headers of the sheet 'Sheet1' of t.xlsx was"),
        ("t.xlsx", "Sheet1", ("Intraday AB",), "INTRADAY", "was taken for INTRADAY AB Equity"),
        (FILE, "Sheet1", ("Intraday AB",), "FAB", NOT_TAKEN.format("INTRADAY AB Equity", "Intraday AB")),
        ("t.xlsx", "FAB UH", ("Benchmark", "ADSMI Index"), "FAB", NOT_TAKEN.format("ADSMI Index", "ADSMI Index")),
        (FILE, "Sheet1", ("Currency", "USDAED Curncy"), "FAB", NOT_TAKEN.format("USDAED Curncy", "USDAED Curncy")),
        (FILE, "Sheet1", ("EMAAR DH Equity",), "EMAAR", "is named as FAB UH Equity, the cells above the headers say"),
        ("t.xlsx", "FAB UH", ("Security", "EMAAR DH Equity"), "EMAAR", "is named as FAB UH Equity, the cells above"),
    ],
)  # fmt: skip
def test_a_name_above_is_weighed_against_the_sheets_and_the_workbooks(
    tmp_path: Path, file: str, sheet: str, above: tuple[str, ...], ticker: str, said: str | None
) -> None:
    result = converted(tmp_path, file, sheet, *above)
    assert [row.ticker for row in result.rows] == [ticker]
    names = [warning for warning in result.warnings if "headers" in warning]
    assert [said in warning for warning in names if said] == ([True] if said else [])


@pytest.mark.parametrize("header", ["Benchmark", "Hedge"])
def test_a_column_of_other_securities_names_no_ticks(tmp_path: Path, header: str) -> None:
    rows = rows_xml([(*HEADERS, text(header)), *[(*tick(), text("ADSMI Index"))] * 3])
    (row,) = convert([write_book(tmp_path / "t.xlsx", {"Sheet1": rows})], tmp_path / "store").rows
    assert "names no security" in str(row.error)
    (row,) = convert([write_book(tmp_path / "t.xlsx", {"FAB UH Equity": rows})], tmp_path / "store").rows
    assert (row.ticker, row.ticks) == ("FAB", 3)


@pytest.mark.parametrize("name", ["BRK B US Equity", "BT A LN Equity"])
def test_the_class_of_a_share_is_no_security_by_itself(tmp_path: Path, name: str) -> None:
    (row,) = converted(tmp_path, "t.xlsx", "Sheet1", name).rows
    assert "or 'BRK/B US Equity' for a class of shares" in str(row.error)
    rows = rows_xml([(text("Ticker"), *HEADERS), *[(text(name), *tick())] * 3])
    (row,) = convert([write_book(tmp_path / "t.xlsx", {"Sheet1": rows})], tmp_path / "store").rows
    assert f"row 2 ('{name}') names no security" in str(row.error)


def test_a_name_between_two_blocks_is_of_neither(tmp_path: Path) -> None:
    names = (None, None, None, None, text("EMAAR DH Equity"))
    rows = rows_xml([names, (*HEADERS, None, *HEADERS), *[(*tick(price=1), None, *tick(price=2))] * 3])
    result = convert([write_book(tmp_path / "t.xlsx", {"FAB UH Equity": rows})], tmp_path / "store")
    assert ["has no security's name above it" in str(row.error) for row in result.rows] == [True, True]


def test_two_columns_of_condition_codes_are_told(tmp_path: Path) -> None:
    headers = (*HEADERS, text("Condition Codes"), text("Trade Condition"))
    rows = rows_xml([headers, *[(*tick(), text("R6"), text("T"))] * 3])
    result = convert([write_book(tmp_path / "t.xlsx", {"FAB UH Equity": rows})], tmp_path / "store")
    said = "the columns 'Condition Codes' (E) and 'Trade Condition' (F) are not read"
    assert any(said in warning for warning in result.warnings)
