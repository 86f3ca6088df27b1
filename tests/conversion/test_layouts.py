"""Sheets as desks lay them out: which rows and columns are ticks, and of which security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import pytest

from pipeline.conversion.headers import find_blocks
from pipeline.conversion.stage import convert
from pipeline.conversion.verify import verify_each
from pipeline.errors import BadRequest, shown
from pipeline.store.tick_file import read_ticks
from pipeline.ticks import ASK, BID, TRADE
from tests.conversion.books import HEADERS, Cell, number, row_xml, rows_xml, serial, text, tick, tick_sheet, write_book

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
    "headers below empty rows": row_xml(61, HEADERS) + row_xml(62, tick(price=1)),
    "headers in the first row": rows_xml([HEADERS, tick(price=1)]),
    "headers that stand twice": rows_xml([HEADERS, (), HEADERS, tick(price=1)]),
    "own calculations to the right": rows_xml(
        [(*HEADERS, None, text("Time"), text("Price"), text("Size")), (*tick(price=1), None, *tick(price=9)[:1])]
    ),
    "own calculations beside, without a gap": rows_xml(
        [(*HEADERS, text("Mid"), text("Time"), text("Price")), (*tick(price=1), number(9), *tick(price=9)[:1])]
    ),
    "a summary to the right": rows_xml(
        [(*HEADERS, None, text("Security"), text(FAB)), (*tick(price=1), None, text("VWAP"), number(9))]
    ),
    "own calculations to the left": rows_xml(
        [(text("Date"), text("Price"), None, *HEADERS), (*tick(price=9)[::2], None, *tick(price=1))]
    ),
    "days beside whole times": rows_xml(
        [(text("Date"), text("DateTime"), *HEADERS[1:]), (serial(45761), *tick(price=1))]
    ),
    "the names of a pandas index and of its columns": rows_xml(
        [(text("field"), *HEADERS[1:]), (text("time"),), tick(price=1)]
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


@pytest.mark.parametrize("gap", [(), (None,)])
def test_blocks_side_by_side_may_each_have_a_column_of_tickers(tmp_path: Path, gap: tuple[None, ...]) -> None:
    headed = (text("Ticker"), *HEADERS, *gap, text("Ticker"), *HEADERS)
    row = (text(FAB), *tick(price=1), *gap, text(EMAAR), *tick(price=7))
    assert converted(tmp_path, {"Ticks": rows_xml([headed, row])}) == {"EMAAR": [7.0], "FAB": [1.0]}


def test_a_block_that_begins_lower_is_one_of_its_own(tmp_path: Path) -> None:
    named, headed = (*tick(price=2), None, text(EMAAR)), (*tick(price=3), None, *HEADERS)
    sheet = rows_xml([(text(FAB),), HEADERS, tick(price=1), named, headed, pair(4, 7)])
    assert converted(tmp_path, {FAB: sheet}) == {"EMAAR": [7.0], "FAB": [1.0, 2.0, 3.0, 4.0]}


def test_lists_of_types_side_by_side_are_told_where_they_stand_and_what_to_do(tmp_path: Path) -> None:
    sheet = rows_xml([(text(FAB), *[None] * 4, text(FAB)), (*HEADERS, None, *HEADERS), pair(1, 7)])
    result = convert([write_book(tmp_path / "t.xlsx", {"Ticks": sheet})], tmp_path / "store")
    assert [row.status for row in result.rows] == ["failed", "failed"]
    assert "t.xlsx from column A on and sheet 'Ticks' of" in str(result.rows[0].error)
    assert "put all rows below each other in one sheet, sorted by time" in str(result.rows[0].error)


def test_a_block_without_a_name_above_it_says_where_to_write_one(tmp_path: Path) -> None:
    sheet = rows_xml([(text(FAB),), (*HEADERS, None, *HEADERS), pair(1, 7)])
    result = convert([write_book(tmp_path / "t.xlsx", {FAB: sheet})], tmp_path / "store")
    assert [row.status for row in result.rows] == ["converted", "failed"]
    assert "t.xlsx, sheet 'FAB UH Equity': the block of ticks at F2 has no security's name above it" in str(
        result.rows[1].error
    )


@pytest.mark.parametrize("below", [(), ((serial(45761.5), text("Buy"), number(17.3), number(100)),)])
def test_a_nameless_sheet_without_ticks_below_its_headers_is_skipped(tmp_path: Path, below: Rows) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: UNNAMED, "Blotter": rows_xml([HEADERS, *below])})
    result = convert([book], tmp_path / "store")
    assert [(row.status, row.note) for row in result.rows][1:] == [
        ("skipped", "it names no security, has the headers of ticks in row 1 and no tick in the rows below.")
    ]


@pytest.mark.parametrize(
    ("column", "header", "said"),
    [
        (0, "Time (UTC)", "names a time zone that was not applied: its cells were taken on the clock of the exchange"),
        *((0, header, "names a time zone") for header in ("Time UTC", "Time - UTC", "Dates UTC", "Time (IST)")),
        *((0, header, "names a time zone") for header in ("Time (SGT)", "Time [CST]", "Time (+05:30)", "Time (HKT)")),
        *((0, header, None) for header in ("Time (GST)", "Exchange Time", "Time (local)", "Time-Stamp", "Date/Time")),
        (2, "Price (fils)", "names a unit that was not applied: its cells were taken as they stand"),
        *((2, header, "names a unit") for header in ("Price (cts)", "Price (c)", "Price [p]")),
        *((2, header, None) for header in ("Price (AED)", "Last Price", "PX_LAST")),
        *((3, header, "names a unit") for header in ("Size (100s)", "Size (hundreds)", "Size (mln)")),
        (3, "Size ('000)", "names a unit"),
        (3, "Size [lots]", "names a unit"),
        (3, "Size (Shares)", None),
    ],
)
def test_a_unit_in_a_header_that_is_not_applied_is_told(
    tmp_path: Path, column: int, header: str, said: str | None
) -> None:
    headers = [*HEADERS[:column], text(header), *HEADERS[column + 1 :]]
    result = convert([write_book(tmp_path / "t.xlsx", {FAB: rows_xml([tuple(headers), tick()])})], tmp_path / "store")
    warnings = [warning for warning in result.warnings if "not applied" in warning]
    assert [said in warning and shown(header) in warning for warning in warnings] == ([True] if said else [])


def test_ticks_above_the_headers_are_told(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: rows_xml([tick(price=1), tick(price=2), HEADERS, tick(price=3)])})
    assert any(
        "rows above the headers look like ticks and were not read: 2, the first is row 1." in warning
        for warning in convert([book], tmp_path / "store").warnings
    )


@pytest.mark.parametrize("name", ["FAB UH Equity.xlsx", "FAB_UH_Equity.xlsx", "fab uh equity (2).xlsx", "FAB UH.xlsx"])
def test_the_workbooks_name_counts_where_nothing_else_says_it(tmp_path: Path, name: str) -> None:
    assert converted(tmp_path, {"Sheet1": UNNAMED}, name) == {"FAB": [1.0, 2.0]}


def test_sheets_that_continue_a_security_are_joined_in_the_order_of_time(tmp_path: Path) -> None:
    later, earlier = rows_xml([HEADERS, tick(45762.5, price=2)]), rows_xml([HEADERS, tick(45761.5, price=1)])
    assert converted(tmp_path, {FAB: later, "FAB UH Equity (2)": earlier}) == {"FAB": [1.0, 2.0]}


@pytest.mark.parametrize(("price", "said"), [(2, True), (3, False)])
def test_an_export_that_begins_with_the_tick_that_ended_one_is_told(tmp_path: Path, price: float, said: bool) -> None:  # noqa: FBT001
    first = rows_xml([HEADERS, tick(45761.5, price=1), tick(45761.75, price=2)])
    second = rows_xml([HEADERS, tick(45761.75, price=price), tick(45762.5, price=4)])
    book = write_book(tmp_path / "t.xlsx", {FAB: first, "FAB UH Equity (2)": second})
    for _ in ("converted", "unchanged"):
        seams = [warning for warning in convert([book], tmp_path / "store").warnings if "count twice" in warning]
        assert bool(seams) == said
        assert all("ticks of 2025-04-14 18:00:00 that stand in sheet 'FAB UH Equity' of" in each for each in seams)


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
    "another name above": ({EMAAR: tick_sheet(tick())}, "the sheet's name says EMAAR DH Equity, the cells above"),
    "almost a name": ({"FAB UH": UNNAMED}, "the sheet 'FAB UH' of t.xlsx was taken for FAB UH Equity"),
    "a column not read": (
        {FAB: rows_xml([(*HEADERS, text("Volume")), tick()])},
        "the column 'Volume' (E) is not read, since 'Size' is there too",
    ),
    "a market not known": ({"PETR4 BZ Equity": UNNAMED}, "no market file knows its exchange, 'BZ'"),
}


@pytest.mark.parametrize("case", REMARKS)
def test_what_a_person_must_know_of_a_sheet_is_said_each_time(tmp_path: Path, case: str) -> None:
    sheets, words = REMARKS[case]
    book = write_book(tmp_path / "t.xlsx", sheets)
    first, again = (convert([book], tmp_path / "store") for _ in range(2))
    assert [row.status for row in again.rows] == ["unchanged"]
    assert sum(words in warning for warning in first.warnings) == 1
    assert again.warnings == first.warnings


WIDE: Final = ("Dates", "Bid", "Bid Size", "Ask", "Ask Size", "Last", "Volume")


def wide_row(time: float, *cells: object) -> tuple[Cell | None, ...]:
    return (serial(time), *(None if cell is None else number(cell) for cell in cells))


def test_a_row_of_a_whole_quote_is_ask_bid_and_trade_in_this_order(tmp_path: Path) -> None:
    rows = [
        wide_row(45761.5, 17.3, 100, 17.32, 200, 17.31, 50),
        wide_row(45761.6, 17.3, 110, None, None, None, None),
        wide_row(45761.7, None, None, 17.34, None, None, None),
        wide_row(45761.8),
        wide_row(45761.9, None, None, None, None, 17.34, 60),
    ]
    book = write_book(tmp_path / "t.xlsx", {FAB: rows_xml([tuple(map(text, WIDE)), *rows])})
    result = convert([book], tmp_path / "store", max_rejects=0.5)
    (row,) = result.rows
    ticks = read_ticks(tmp_path / "store" / "FAB.parquet")
    assert ticks.kind.tolist() == [ASK, BID, TRADE, BID, TRADE]
    assert ticks.price.tolist() == [17.32, 17.3, 17.31, 17.3, 17.34]
    assert ticks.volume.tolist() == [200, 100, 50, 110, 60]
    assert (row.rows, row.ticks, row.rejects) == (7, 5, {"price missing": 1, "size missing": 1})
    assert any("of each row the ask, the bid and the trade were taken as ticks" in text for text in result.warnings)
    assert [row.status for row in convert([book], tmp_path / "store", max_rejects=0.5).rows] == ["unchanged"]
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]


@pytest.mark.parametrize(
    ("headers", "quotes"),
    [
        (("Dates", "Bid", "Size", "Ask", "Size"), ((ASK, 3, 4), (BID, 1, 2))),
        (("Ask Price", "Ask Qty", "Time", "Bid Price", "Bid Qty"), ((ASK, 0, 1), (BID, 3, 4))),
        (WIDE, ((ASK, 3, 4), (BID, 1, 2), (TRADE, 5, 6))),
        (("Date-Time", "Type", "Price", "Volume", *WIDE[1:5]), ((ASK, 6, 7), (BID, 4, 5), (TRADE, 2, 3))),
    ],
)
def test_whole_quotes_are_known_by_their_headers(headers: tuple[str, ...], quotes: object) -> None:
    assert [block.columns.quotes for block in find_blocks({1: dict(enumerate(headers))})] == [quotes]


@pytest.mark.parametrize(("header", "value", "is_told"), [("Ask Time", "10:00:31", True), ("Spread", "0.02", False)])
def test_a_side_with_times_of_its_own_is_told(tmp_path: Path, header: str, value: str, is_told: bool) -> None:  # noqa: FBT001
    path = tmp_path / f"{FAB}.csv"
    path.write_text(f"Time,Bid,Bid Size,{header},Ask,Ask Size\n2025-04-14 10:00:01,17.3,100,{value},17.32,200\n")
    said = "the column 'Ask Time' (D) holds times that are not read: all prices of a row were taken to be of 'Time' (A)"
    assert any(said in warning for warning in convert([path], tmp_path / "store").warnings) == is_told


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("late", [0, 25])
def test_a_bid_below_trades_with_their_quotes_is_refused(tmp_path: Path, late: int, kind: str) -> None:
    headers = (*("Dates", "Type", "Price", "Size"), *WIDE[1:5])
    types = ["TRADE"] * 30
    types[late] = "ASK" if late else "TRADE"
    path = tmp_path / f"{FAB}.csv"
    lines = [f"2025-04-14 12:00:{number:02},{each},3,4,1,2,5,6" for number, each in enumerate(types)]
    path.write_text("\n".join([",".join(headers), *lines]), encoding="utf-8")
    if kind == "xlsx":
        rows = [(*tick(45761.5, each, 3, 4), *map(number, (1, 2, 5, 6))) for each in types]
        path = write_book(tmp_path / "t.xlsx", {FAB: rows_xml([tuple(map(text, headers)), *rows])})
    (row,) = convert([path], tmp_path / "store").rows
    said = "row 27 says ASK. To read each row by its type, remove the columns of the quotes"
    assert (row.ticks, said in str(row.error)) == ((0, True) if late else (90, False))


def test_types_that_are_bid_and_ask_say_that_a_row_is_one_tick() -> None:
    head = dict(enumerate(("Dates", "Type", "Price", "Size", *WIDE[1:5])))
    (block,) = find_blocks({1: head, 2: {0: "45761.5", 1: "ask", 2: "1", 3: "2"}})
    assert (block.columns.quotes, block.columns.used) == ((), (0, 1, 2, 3))


@pytest.mark.parametrize(
    "rows",
    [
        [(text(""), text("typ"), text("value"), text("volume"), text("cond")), *[tick(price=1)]],
        [(None, text("type"), text("value"), text("size")), (text("time"),), tick(price=1)],
        [(None, text(EMAAR), None), (None, text("type"), text("value"), text("size")), (text("time"),), tick(price=1)],
    ],
)
def test_an_index_of_times_needs_no_header(tmp_path: Path, rows: list[tuple[Cell | None, ...]]) -> None:
    """As pandas writes one: its name below the others, or none."""
    assert converted(tmp_path, {EMAAR: rows_xml(rows)}) == {"EMAAR": [1.0]}
