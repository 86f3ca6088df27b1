"""The judge: the order of day and month, and rows that a fast reader took beside those judged one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.cells import NUMBER, TEXT, Cell
from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.conversion.headers import Columns
from pipeline.conversion.layout import blocks_of
from pipeline.conversion.rules import AT_TRADE, Rules
from pipeline.conversion.sheet import read_sheet
from pipeline.conversion.ticks import Judge, OtherDateOrder, TickRows
from pipeline.conversion.time_column import Evidence, Quoted
from pipeline.errors import AmbiguousTimes
from pipeline.native.functions import compiled
from tests.conversion.books import read_both, row_xml, text, tick, tick_sheet, write_book
from tests.conversion.judged import COLUMNS, NOON, NOON_MS, judge_rows, judged, rows_of, texts

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.conversion.rules import DateOrder
    from pipeline.conversion.ticks import Parsed


def days(parsed: Parsed) -> list[str]:
    return [str(day) for day in parsed.ticks.timestamp.astype("datetime64[ns]").astype("datetime64[D]")]


@pytest.mark.parametrize(
    ("cells", "order", "expected"),
    [
        (["14/05/2025 10:00"], None, ["2025-05-14"]),
        (["14/05/2025 10:00", "01/06/2025 10:00"], None, ["2025-05-14", "2025-06-01"]),
        (["01/06/2025 10:00", "14/05/2025 10:00"], None, ["2025-06-01", "2025-05-14"]),
        (["05/14/2025 10:00", "06/01/2025 10:00"], None, ["2025-05-14", "2025-06-01"]),
        (["05/06/2025 10:00", "06/07/2025 10:00"], "dmy", ["2025-06-05", "2025-07-06"]),
        (["05/06/2025 10:00", "06/07/2025 10:00"], "mdy", ["2025-05-06", "2025-06-07"]),
        (["05-06-2025 10:00 PM", "05-13-2025 10:00 PM"], "mdy", ["2025-05-06", "2025-05-13"]),
        (["05.06.2025 10:00"], None, ["2025-06-05"]),
        (["2025-05-14 10:00", "14-May-2025 10:00"], None, ["2025-05-14", "2025-05-14"]),
    ],
)
def test_the_sheet_or_the_option_decides_which_number_is_the_day(
    cells: list[str], order: str | None, expected: list[str]
) -> None:
    assert days(judged(rows_of(texts(*cells)), date_order=order)) == expected


def test_a_month_first_that_shows_late_is_read_again() -> None:
    rows = rows_of(texts("05/06/2025 10:00", "05/14/2025 10:00"))
    with pytest.raises(OtherDateOrder) as again:
        judged(rows)
    assert again.value.order == "mdy"
    assert days(judged(rows, date_order="mdy")) == ["2025-05-06", "2025-05-14"]


@pytest.mark.parametrize(
    ("cells", "order", "said"),
    [
        (texts("05/06/2025 10:00", "06/06/2025 10:00"), None, ["row 4 ('05/06/2025 10:00')", "--date-order dmy"]),
        (texts("14/05/2025 10:00", "05/15/2025"), None, ["row 4 ('14/05/2025 10:00')", "row 5 ('05/15/2025')"]),
        (texts("14/05/2025 10:00"), "mdy", ["row 4 ('14/05/2025 10:00')", "--date-order is mdy"]),
        (
            [NOON, *texts("14/05/2025 10:00")],
            None,
            ["row 4 ('2025-04-14 12:00:00')", "row 5 ('14/05/2025 10:00')", "swapped day and month"],
        ),
        ([*texts("05/06/2025 10:00"), NOON], "dmy", ["row 5 ('2025-04-14 12:00:00')", "row 4 ('05/06/2025 10:00')"]),
    ],
)
def test_times_that_may_be_two_are_refused_with_their_cells(
    cells: list[Cell], order: str | None, said: list[str]
) -> None:
    with pytest.raises(AmbiguousTimes) as refused:
        judged(rows_of(cells), date_order=order)
    assert [part for part in said if part not in str(refused.value)] == []


def test_a_date_in_a_footer_shows_no_order() -> None:
    footer = (9, {0: Cell(TEXT, "05/14/2025")})
    parsed = judged([*rows_of(texts("14/05/2025 10:00")), footer])
    assert days(parsed) == ["2025-05-14"]
    assert [reject.rule for reject in parsed.rejects] == ["unreadable time"]
    assert len(judged([*rows_of(), footer]).ticks) == 1


def test_day_and_month_of_a_column_of_their_own_are_decided_too() -> None:
    columns = Columns(0, 2, 3, 4, clock=1)
    cells = [("14/05/2025", "10:00:01"), ("01/06/2025", "1:00 PM")]
    rows = [
        (at, dict(enumerate([*texts(*each, "BID"), Cell(NUMBER, "1"), Cell(NUMBER, "2")])))
        for at, each in enumerate(cells, start=4)
    ]
    parsed = judge_rows(rows, columns, 3, Rules())
    assert [str(time) for time in parsed.ticks.timestamp.astype("datetime64[ns]").astype("datetime64[s]")] == [
        "2025-05-14T10:00:01",
        "2025-06-01T13:00:00",
    ]


def taken(rows: list[int], **more: Any) -> TickRows:
    """Rows that a fast reader took: a bid of 18.0 each, a second after noon and after the one before."""
    count = len(rows)
    columns = {
        "rows": np.array(rows, np.int64),
        "moments": NOON_MS + 1000 * np.arange(1, count + 1),
        "kinds": np.zeros(count, np.int8),
        "price": np.full(count, 18.0),
        "volume": np.full(count, 5, np.int64),
    }
    return TickRows(**{**columns, **more})


def test_rows_taken_and_rows_judged_are_merged_by_row() -> None:
    columns = Columns(0, 1, 2, 3, security=4, condition=5)
    judge = Judge(columns, Rules())
    odd = {0: NOON, 1: Cell(TEXT, "TRADE"), 2: Cell(TEXT, "17.3"), 3: Cell(NUMBER, "100")}
    judge.judge(6, {**odd, 4: Cell(TEXT, "FAB UH Equity"), 5: Cell(TEXT, "OB")})
    judge.judge(9, {0: Cell(TEXT, "Source: desk"), 4: Cell(TEXT, "EMAAR DH Equity")})
    judge.judge(10, {})
    labels = {"security": np.array([1, 1, 0], np.int32), "condition": np.array([0, 2, 0], np.int32)}
    read = taken([4, 7, 8], labels=("", "FAB UH Equity", "XT", "unused"), used_texts=frozenset({"BID"}), **labels)
    parsed = judge.parsed(3, read)
    assert parsed.row_numbers.tolist() == [4, 6, 7, 8]
    assert parsed.ticks.price.tolist() == [18.0, 17.3, 18.0, 18.0]
    assert (parsed.ticks.timestamp // 1_000_000 - NOON_MS).tolist() == [1000, 0, 2000, 3000]
    assert parsed.security is not None
    assert [parsed.securities[index] for index in parsed.security] == ["FAB UH Equity"] * 3 + [""]
    assert parsed.ticks.condition is not None
    assert [parsed.ticks.conditions[index] for index in parsed.ticks.condition] == ["", "OB", "XT", ""]
    assert [(reject.row, parsed.securities[reject.security]) for reject in parsed.rejects] == [(9, "EMAAR DH Equity")]
    assert (parsed.rows, parsed.blank) == (6, 1)
    assert {"BID", "TRADE", "FAB UH Equity", "OB"} <= parsed.texts


def test_times_of_utc_that_a_reader_took_are_put_on_the_clock() -> None:
    parsed = Judge(COLUMNS, Rules()).parsed(3, taken([4, 5], utc=True, number_texts=3))
    assert (parsed.ticks.timestamp // 1_000_000 - NOON_MS).tolist() == [14_401_000, 14_402_000]
    assert parsed.remarks == (
        "prices and sizes stored as text, read as numbers: 3.",
        "times with a time zone, put on the exchange's clock (Asia/Dubai): 2.",
    )


def test_at_trade_that_a_reader_took_is_left_out_by_a_trade_that_is_judged() -> None:
    judge = Judge(COLUMNS, Rules())
    judge.judge(5, rows_of(kinds=["TRADE"])[0][1])
    parsed = judge.parsed(3, taken([4], kinds=np.array([AT_TRADE], np.int8)))
    assert parsed.row_numbers.tolist() == [5]
    assert [reject.rule for reject in parsed.rejects] == ["trade told twice"]


def of_order(order: DateOrder, *, is_proof: bool = False) -> dict[str, Any]:
    first = Quoted(4, "14/04/2025 12:00:01")
    return {"order": order, "evidence": Evidence(None, first, {order: first} if is_proof else {})}


@pytest.mark.parametrize(
    ("judged_text", "read", "outcome"),
    [
        ("05/06/2025 10:00", of_order("dmy", is_proof=True), None),
        ("14/05/2025 10:00", of_order("dmy"), None),
        ("05/14/2025 10:00", of_order("dmy"), "mdy"),
        ("05/06/2025 10:00", of_order("mdy", is_proof=True), "mdy"),
        ("05/14/2025 10:00", of_order("mdy"), None),
        ("14/05/2025 10:00", of_order("mdy"), "dmy"),
    ],
)
def test_the_order_of_rows_taken_is_held_against_that_of_rows_judged(
    judged_text: str, read: dict[str, Any], outcome: str | None
) -> None:
    judge = Judge(COLUMNS, Rules())
    judge.judge(6, rows_of(texts(judged_text))[0][1])
    if outcome is None:
        assert len(judge.parsed(3, taken([4, 5], **read)).ticks) == 3
    else:
        with pytest.raises(OtherDateOrder) as again:
            judge.parsed(3, taken([4, 5], **read))
        assert again.value.order == outcome


@pytest.mark.parametrize(
    ("judged_cell", "read", "said"),
    [
        (Cell(TEXT, "05/06/2025"), of_order("dmy"), "row 4 ('14/04/2025 12:00:01')"),
        (Cell(TEXT, "05/14/2025"), of_order("dmy", is_proof=True), "row 4 ('14/04/2025 12:00:01')"),
        (NOON, of_order("dmy", is_proof=True), "row 6 ('2025-04-14 12:00:00')"),
        (
            Cell(TEXT, "14/05/2025"),
            {"evidence": Evidence(Quoted(5, "2025-04-14 12:00:02"))},
            "row 5 ('2025-04-14 12:00:02')",
        ),
    ],
)
def test_rows_taken_count_for_a_refusal(judged_cell: Cell, read: dict[str, Any], said: str) -> None:
    judge = Judge(COLUMNS, Rules())
    judge.judge(6, rows_of([judged_cell])[0][1])
    with pytest.raises(AmbiguousTimes) as refused:
        judge.parsed(3, taken([4, 5], **read))
    assert said in str(refused.value)


def sheet_of(*times: str) -> str:
    return tick_sheet(*((text(time), *tick()[1:]) for time in times))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["05/06/2025 10:00", "14/06/2025 10:00"], ["2025-06-05", "2025-06-14"]),
        (["05/06/2025 10:00", "05/14/2025 10:00"], ["2025-05-06", "2025-05-14"]),
        (["05/14/2025 1:00 PM", "05/06/2025 10:00 AM"], ["2025-05-14", "2025-05-06"]),
        (["05-06-2025", "14-06-2025"], ["2025-06-05", "2025-06-14"]),
    ],
)
def test_both_readers_find_the_order_of_a_sheet(tmp_path: Path, times: list[str], expected: list[str]) -> None:
    for parsed in read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": sheet_of(*times)})):
        assert parsed is not None
        assert days(parsed) == expected


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (sheet_of("05/06/2025 10:00", "06/06/2025 10:00"), "row 4 ('05/06/2025 10:00"),
        (sheet_of("05/06/2025 10:00", "14/06/2025 10:00", "06/14/2025 10:00"), "row 6 ('06/14/2025 10:00')"),
        (sheet_of("14/06/2025 10:00") + row_xml(9, tick()), "row 9 ('2025-04-14 12:00:00')"),
    ],
)
def test_both_readers_refuse_what_may_be_two_orders(tmp_path: Path, xml: str, said: str) -> None:
    book = open_workbook(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": xml}))
    (block,) = blocks_of(book, book.sheets[0])
    for loop in (compiled(read_rows), None):
        with pytest.raises(AmbiguousTimes) as refused:
            read_sheet(book, book.sheets[0], block, loop)
        assert said in str(refused.value)


def test_ns_since_1970_are_times_where_all_digits_are_written() -> None:
    whole, short = Cell(NUMBER, "1747216801637000000"), Cell(NUMBER, "1.747216801637E+18")
    parsed = judged(rows_of([whole, short]), time_zone="UTC")
    assert parsed.ticks.timestamp.tolist() == [1_747_216_801_637_000_000]
    assert [(each.row, each.rule) for each in parsed.rejects] == [(5, "unreadable time")]
