from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversion.headers import find_blocks
from pipeline.conversion.names import likely_name, security_of
from pipeline.errors import AmbiguousColumns, BadSheetName, EmptySheet, MissingColumns
from tests.conversion.books import content_of, number, read_both, row_xml, serial, text, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("sheet", "ticker", "exchange"),
    [
        ("FAB UH Equity", "FAB", "ADX"),
        ("EMAAR DH Equity", "EMAAR", "DFM"),
        ("  fab   uh  EQUITY ", "FAB", "ADX"),
        ("Adnocgas Uh equity", "ADNOCGAS", "ADX"),
        ("2POINT0 UH Equity", "2POINT0", "ADX"),
        ("A&B-C.D_E DH Equity", "A&B-C.D_E", "DFM"),
        ("FAB UH Equity (2)", "FAB", "ADX"),
        ("FAB UH Equity 3", "FAB", "ADX"),
        ("FAB UH Equity part 2", "FAB", "ADX"),
        ("FAB\u00a0UH\u00a0Equity", "FAB", "ADX"),
        ("FAB_UH_Equity", "FAB", "ADX"),
        ("FAB-UH-Equity_2", "FAB", "ADX"),
        ("AAPL US Equity", "AAPL", "US"),
        ("2222 AB Equity", "2222", "TADAWUL"),
        ("PETR4 BZ Equity", "PETR4", "BZ"),
        ("BRK/B US Equity", "BRK_B", "US"),
        ("NKY Index", "NKY", "Index"),
        ("USDAED Curncy", "USDAED", "Curncy"),
        ("USDAED BGN Curncy", "USDAED", "BGN"),
        ("CL1 Comdty", "CL1", "Comdty"),
        ("S 1 Comdty", "S_1", "Comdty"),
    ],
)
def test_a_sheet_name_tells_ticker_and_exchange(sheet: str, ticker: str, exchange: str) -> None:
    assert security_of(sheet)[:2] == (ticker, exchange)


def test_the_name_of_a_sheet_which_holds_no_slash_is_that_of_the_security() -> None:
    assert security_of("BRK_B US Equity") == security_of("BRK/B US Equity") == ("BRK_B", "US", "BRK/B US Equity", "US")


@pytest.mark.parametrize(
    "sheet",
    ["Sheet1", "FAB", "FAB UH", "FAB Equity", "UH Equity", "", "FABUH Equity", "A B UH Equity", "\u00c9 UH Equity"],
)
def test_another_form_of_name_is_told_the_form_wanted(sheet: str) -> None:
    with pytest.raises(BadSheetName, match=r"'FAB UH Equity'") as raised:
        security_of(sheet)
    assert f"'{sheet}'" in str(raised.value)


@pytest.mark.parametrize("ticker", ["CON", "nul", "COM1", "LPT9.A", "A\\B", "A:B", "A*", "..", "A.", ".A", "A.REJECTS"])
def test_a_ticker_that_is_no_safe_file_name_is_refused(ticker: str) -> None:
    with pytest.raises(BadSheetName, match="file name"):
        security_of(f"{ticker} UH Equity")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("FAB UH", "FAB UH Equity"),
        ("fab uh", "FAB UH Equity"),
        ("FAB UH Eqty", "FAB UH Equity"),
        ("AAPL US", "AAPL US Equity"),
        ("Aapl US", "AAPL US Equity"),
        ("Contact us", None),
        ("What is", None),
        ("Copy of FAB UH Equity", "FAB UH Equity"),
        ("20250514_FAB UH Equity", "FAB UH Equity"),
        ("2025-05-14-FAB UH Equity", "FAB UH Equity"),
        ("ticks_BRK/B US Equity", "BRK/B US Equity"),
        ("FAB UH Equity - ticks", "FAB UH Equity"),
        ("Ticks (FAB UH Equity)", "FAB UH Equity"),
        ("FAB_UH_Equity_20250514", "FAB UH Equity"),
        ("FAB UH Equity and EMAAR DH Equity", None),
        ("Sheet1", None),
        ("FAB", None),
        ("page of", None),
        ("Day to", None),
    ],
)
def test_what_is_almost_a_name_is_read_where_it_can_mean_one_security(text: str, name: str | None) -> None:
    assert likely_name(text) == name


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Dates", "Type", "Price", "Size"), (0, 1, 2, 3)),
        (("date", "TYPE", "price", "volume"), (0, 1, 2, 3)),
        ((" Time ", "T y p e", "PRICE", "Vol"), (0, 1, 2, 3)),
        (("Timestamp", "Type", "Price", "Qty"), (0, 1, 2, 3)),
        (("Size", "Note", "Price", "Type", "Condition", "Time"), (5, 3, 2, 0)),
        (("Quantity", "Price", "Type", "Dates"), (3, 2, 1, 0)),
        (("Date", "Time", "Type", "Price", "Size"), (0, 1, 2, 3, 4)),
        (("Time", "Type", "Price", "Size", "Dates"), (4, 0, 1, 2, 3)),
        (("time", "type", "value", "size", "condition_codes"), (0, 1, 2, 3)),
        (("Date/Time", "Event Type", "Price (AED)", "Size (Shares)"), (0, 1, 2, 3)),
        (("Date & Time", "Type", "Price/AED", "TradeSz"), (0, 1, 2, 3)),
        (("Date_Time", "Tick Type", "PX", "Sz"), (0, 1, 2, 3)),
        (("Date-Time", "typ", "Last Price", "Volume"), (0, 1, 2, 3)),
        (("Timestamp", "Event", "Last", "Quantity"), (0, 1, 2, 3)),
        (("Times", "Type", "Price", "Size", "Value"), (0, 1, 2, 3)),
        (("Time (UTC+4)", "Type:", "Price, AED", "Size shares"), (0, 1, 2, 3)),
        (("Tick Time", "Tick Type", "Tick Price", "Tick Size"), (0, 1, 2, 3)),
        (("Dates", "Type", "Price", "Volume", "Size"), (0, 1, 2, 4)),
        (("Dates", "Type", "Price", "Size", "Price"), (0, 1, 2, 3)),
        (("Dates", "Type", "Price", "Size", "", "Time", "Price", "Size"), (0, 1, 2, 3)),
        (("", "Dates", "Type", "Price", "Size", "", "Bid", "Ask", "Mid"), (1, 2, 3, 4)),
    ],
)
def test_headers_are_known_by_their_aliases_in_any_order(headers: tuple[str, ...], expected: tuple[int, ...]) -> None:
    assert [block.columns.used for block in find_blocks({3: dict(enumerate(headers))})] == [expected]


@pytest.mark.parametrize(
    ("headers", "first", "second"),
    [
        (("Dates", "Type", "Size", "Sz", "Price"), "Size", "Sz"),
        (("Dates", "Type", "Price", "price ", "Size"), "Price", "price "),
        (("Dates", "Timestamp", "Type", "Price", "Size"), "Dates", "Timestamp"),
        (("Date", "Dates", "Type", "Price", "Size"), "Date", "Dates"),
        (("Date", "Time", "Time", "Type", "Price", "Size"), "Date", "Time"),
    ],
)
def test_two_columns_for_one_meaning_are_both_named(headers: tuple[str, ...], first: str, second: str) -> None:
    with pytest.raises(AmbiguousColumns) as raised:
        find_blocks({3: dict(enumerate(headers))})
    assert f"'{first}' and '{second}'" in str(raised.value)


def test_a_missing_column_names_what_was_found_and_the_row_that_has_the_headers() -> None:
    right = dict(enumerate(("Dates", "Type", "Price", "Size")))
    with pytest.raises(MissingColumns) as raised:
        find_blocks({3: {0: "Dates", 1: "Kind", 2: "Price"}, 5: right}, 3)
    assert str(raised.value) == (
        "row 3 has no column Type and no column Size; it holds Dates, Kind, Price. "
        "Row 5 has the headers: use --header-row 5."
    )


def test_a_sheet_without_any_text_is_empty() -> None:
    with pytest.raises(EmptySheet):
        find_blocks({1: {}, 3: {0: "  "}})


@given(st.permutations(["Dates", "Type", "Price", "Size", "Bid Yield", "Condition"]), st.integers(0, 6))
def test_columns_may_stand_anywhere(order: list[str], shift: int) -> None:
    (block,) = find_blocks({3: {column + shift: name for column, name in enumerate(order)}})
    assert block.columns.used == tuple(order.index(name) + shift for name in ("Dates", "Type", "Price", "Size"))


def test_a_table_that_starts_in_another_column_beside_others_is_read_alike_by_both(tmp_path: Path) -> None:
    head = row_xml(1, (text("a title in A"),)) + row_xml(
        3, (text("Note"), text("Volume"), text("Price"), text("Type"), text("Timestamp")), first_column=2
    )
    rows = "".join(
        row_xml(at, (text("x") if at % 2 else number(1), number(at), number(17.3), text("ASK"), serial(45761.5)), 2)
        for at in range(4, 10)
    )
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": head + rows}))
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert fast.ticks.volume.tolist() == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("header_row", [1, 2, 4, 25])
def test_the_header_row_may_be_another(tmp_path: Path, header_row: int) -> None:
    names = (text("Dates"), text("Type"), text("Price"), text("Size"))
    rows = row_xml(header_row, names) + row_xml(header_row + 1, tick()) + row_xml(header_row + 3, tick())
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": rows}), header_row)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert (fast.rows, fast.blank) == (3, 1)


def test_types_may_be_shared_texts(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{at}"><c r="A{at}" s="1"><v>45761.5</v></c><c r="B{at}" t="s"><v>1</v></c>'
        f'<c r="C{at}"><v>1</v></c><c r="D{at}"><v>2</v></c></row>'
        for at in (4, 5)
    )
    fast, by_row = read_both(
        write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet() + rows}, texts=["x", "TRADE"])
    )
    assert fast is not None
    assert fast.ticks.kind.tolist() == [2, 2]
    assert content_of(fast) == content_of(by_row)
