from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.conversion.stage import convert
from pipeline.conversion.verify import verify_each
from tests.conversion.books import (
    STYLED_EMPTY,
    boolean,
    content_of,
    error,
    formula,
    formula_text,
    iso,
    number,
    read_both,
    serial,
    text,
    tick,
    tick_sheet,
    write_book,
)

if TYPE_CHECKING:
    from pathlib import Path

TIME = serial("45761.5")
NOON = "2025-04-14 12:00:00"
BID = (TIME, text("BID"))
NO_PRICE, NO_SIZE = "price not a number", "size not a number"


@pytest.mark.parametrize(
    ("cells", "shown", "rule"),
    [
        ((TIME, text("SETTLE"), number(1), number(2)), (NOON, "SETTLE", "1", "2"), "unknown type"),
        ((TIME, number(1), number(1), number(2)), (NOON, "1", "1", "2"), "unknown type"),
        ((TIME, None, number(1), number(2)), (NOON, "", "1", "2"), "unknown type"),
        ((*BID, None, number(2)), (NOON, "BID", "", "2"), "price missing"),
        ((*BID, error("#N/A"), number(2)), (NOON, "BID", "#N/A", "2"), NO_PRICE),
        ((*BID, text("#N/A N/A"), number(2)), (NOON, "BID", "#N/A N/A", "2"), NO_PRICE),
        ((*BID, text("17,3"), number(2)), (NOON, "BID", "17,3", "2"), NO_PRICE),
        ((*BID, formula_text("x17.3"), number(2)), (NOON, "BID", "x17.3", "2"), NO_PRICE),
        ((*BID, boolean(True), number(2)), (NOON, "BID", "TRUE", "2"), NO_PRICE),
        ((*BID, serial("45761.5"), number(2)), (NOON, "BID", NOON, "2"), NO_PRICE),
        ((*BID, number("NaN"), number(2)), (NOON, "BID", "nan", "2"), NO_PRICE),
        ((*BID, number("1e999"), number(2)), (NOON, "BID", "inf", "2"), NO_PRICE),
        ((*BID, number("1_0"), number(2)), (NOON, "BID", "1_0", "2"), NO_PRICE),
        ((*BID, number("-0.01"), number(2)), (NOON, "BID", "-0.01", "2"), "price negative"),
        ((*BID, number("17.300000000000001"), None), (NOON, "BID", "17.3", ""), "size missing"),
        ((*BID, number(1), error("#REF!")), (NOON, "BID", "1", "#REF!"), NO_SIZE),
        ((*BID, number(1), text("100k")), (NOON, "BID", "1", "100k"), NO_SIZE),
        ((*BID, number(1), boolean(False)), (NOON, "BID", "1", "FALSE"), NO_SIZE),
        ((*BID, number(1), number("1500.5")), (NOON, "BID", "1", "1500.5"), "size not whole"),
        ((*BID, number(1), number(-100)), (NOON, "BID", "1", "-100"), "size negative"),
        ((*BID, number(1), number("1e16")), (NOON, "BID", "1", "1e+16"), "size too large"),
        ((error("#N/A"), text("BID"), number(1), number(1)), ("#N/A", "BID", "1", "1"), "unreadable time"),
        ((error("#N/A"), error("#N/A"), error("#N/A"), error("#N/A")), ("#N/A",) * 4, "unreadable time"),
        ((None, text("BID"), number(1), number(1)), ("", "BID", "1", "1"), "no time"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_tick_is_rejected_by_name_with_its_cells(
    tmp_path: Path, cells: tuple[object, ...], shown: tuple[str, ...], rule: str
) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick(), tick(), cells, tick())})
    fast, by_row = read_both(book)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert [(each.row, each.cells, each.rule) for each in by_row.rejects] == [(6, shown, rule)]
    assert (len(by_row.ticks), by_row.rows, by_row.blank) == (3, 4, 0)


@pytest.mark.parametrize(
    ("row", "kind", "price", "volume"),
    [
        (tick(price=0, size=0), 0, 0.0, 0),
        (tick(price="-0", size="-0"), 0, 0.0, 0),
        (tick(kind=" trade "), 2, 17.3, 100),
        (tick(kind="Ask"), 1, 17.3, 100),
        (tick(price="17.300000000000001"), 0, 17.3, 100),
        (tick(price="1E-2", size="1.5E3"), 0, 0.01, 1500),
        (tick(size="9007199254740992"), 0, 17.3, 9007199254740992),
        ((TIME, formula_text("BID"), formula(17.3), formula(100)), 0, 17.3, 100),
    ],
)
def test_a_row_that_is_a_tick_is_kept_as_it_is(
    tmp_path: Path, row: tuple[object, ...], kind: int, price: float, volume: int
) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(row, row)})
    fast, by_row = read_both(book)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert by_row.ticks.kind.tolist() == [kind, kind]
    assert [value.hex() for value in by_row.ticks.price.tolist()] == [price.hex()] * 2
    assert by_row.ticks.volume.tolist() == [volume, volume]


def test_duplicates_and_clocks_that_step_back_are_kept_in_workbook_order(tmp_path: Path) -> None:
    rows = [tick("45761.5"), tick("45761.25"), tick("45761.25"), tick("45761.75")]
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(*rows)}))
    assert fast is not None
    assert [stamp // 3_600_000_000_000 % 24 for stamp in fast.ticks.timestamp.tolist()] == [12, 6, 6, 18]
    assert content_of(fast) == content_of(by_row)


BLANK_ROWS = {
    "absent": (),
    "styled": (STYLED_EMPTY, STYLED_EMPTY),
    "spaces": (text("  "), text(""), None, None),
    "beside": (None, None, None, None, text("a note in another column")),
}


@pytest.mark.parametrize("blank", BLANK_ROWS.values(), ids=BLANK_ROWS)
def test_a_blank_row_is_counted_and_is_no_reject(tmp_path: Path, blank: tuple[object, ...]) -> None:
    rows = [tick(), blank, blank, tick(), blank]
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(*rows)}))
    assert (len(by_row.ticks), by_row.blank, by_row.rows, by_row.rejects) == (2, 2, 4, ())
    assert fast is None or content_of(fast) == content_of(by_row)


def test_absent_rows_between_ticks_do_not_send_a_sheet_to_the_slow_reader(tmp_path: Path) -> None:
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet((), tick(), (), tick(), ())}))
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert (fast.rows, fast.blank, len(fast.ticks)) == (4, 2, 2)


times = st.one_of(
    st.integers(0, 86_399_999).map(lambda ms: serial(f"{45761 + ms / 86_400_000:.17g}")),
    st.sampled_from([None, serial("0.5"), serial("59"), number(45761), error("#N/A"), text("2025-04-14 10:00:01")]),
    st.sampled_from([iso("2025-04-14T10:00:01"), text("NA"), boolean(True), STYLED_EMPTY]),
)
kinds = st.one_of(
    st.sampled_from(["BID", "ASK", "TRADE"]).map(text),
    st.sampled_from([text(" bid"), text("Trade "), text("NULL"), text("x"), None, number(1), error("#DIV/0!")]),
)
numbers = st.one_of(
    st.integers(0, 10**6).map(number),
    st.floats(0, 1e6).map(lambda value: number(repr(value))),
    st.sampled_from(
        [None, number(-1), number("1e999"), number("NaN"), text("1.5"), text("N/A"), error("#N/A"), boolean(True)]
    ),
)
clean = st.builds(
    lambda ms, kind, price, size: (serial(f"{45761 + ms / 86_400_000:.15g}"), text(kind), number(price), number(size)),
    st.integers(0, 86_399_999),
    st.sampled_from(["BID", "ASK", "TRADE", "bid "]),
    st.floats(0, 1e6).map(repr),
    st.integers(0, 10**9),
)
junk = st.one_of(st.just(()), st.tuples(times, kinds, numbers, numbers))


@settings(max_examples=80)
@given(rows=st.lists(st.one_of(clean, clean, clean, junk), min_size=1, max_size=25))
def test_both_readers_agree_and_no_row_is_lost(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    book = write_book(tmp_path_factory.mktemp("junk") / "t.xlsx", {"FAB UH Equity": tick_sheet(*rows)})
    fast, by_row = read_both(book)
    assert by_row.rows == len(by_row.ticks) + len(by_row.rejects) + by_row.blank
    filled = [at for at, row in enumerate(rows, start=1) if any(cell not in (None, STYLED_EMPTY) for cell in row)]
    assert by_row.rows == (filled[-1] if filled else 0)
    assert by_row.blank == by_row.rows - len(filled)
    if fast is not None:
        assert content_of(fast) == content_of(by_row)


@settings(max_examples=30)
@given(rows=st.lists(st.one_of(clean, junk), min_size=1, max_size=15))
def test_openpyxl_finds_in_the_workbook_what_the_store_holds(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    # openpyxl itself stops at a number that is none.
    rows = [tick(), *(row for row in rows if number("NaN") not in row)]
    folder = tmp_path_factory.mktemp("verified")
    convert([write_book(folder / "t.xlsx", {"FAB UH Equity": tick_sheet(*rows)})], folder / "store", max_rejects=1)
    assert [verified.problem for verified in verify_each(folder / "store")] == [None]


@settings(max_examples=60)
@given(rows=st.lists(st.one_of(clean, st.just(())), min_size=1, max_size=25).filter(any))
def test_the_fast_reader_takes_every_clean_sheet(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    book = write_book(tmp_path_factory.mktemp("clean") / "t.xlsx", {"FAB UH Equity": tick_sheet(*rows)})
    fast, by_row = read_both(book)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
