"""Numbers that are text and words for BID, ASK and TRADE: which are read, which are not, and what is said of it."""

from __future__ import annotations

import pytest

from pipeline.conversion.refuse import Rejected, refuse_rejected
from pipeline.errors import RejectedRows
from tests.conversion.judged import judged, rows_of, texts


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("17.30", 17.3),
        (" 17.30\u00a0", 17.3),
        ("+17.30", 17.3),
        (".5", 0.5),
        ("17", 17.0),
        ("1.73E1", 17.3),
        ("17.300", 17.3),
        ("1,234,567", 1234567.0),
        ("12,345.67", 12345.67),
        ("1 234", 1234.0),
        ("1\u00a0234.5", 1234.5),
        ("1\u202f234", 1234.0),
        ("1'234.50", 1234.5),
        ("-1.5", "price negative"),
        ("17,300", "price unclear"),
        ("17,30", "price not a number"),
        ("17,3000", "price not a number"),
        ("0,125", "price not a number"),
        ("1.234,50", "price not a number"),
        ("1,23,456", "price not a number"),
        ("12.345.678", "price not a number"),
        ("1,234 567", "price not a number"),
        ("AED 17.30", "price not a number"),
        ("5k", "price not a number"),
        ("17.30 AED", "price not a number"),
        ("17.30%", "price not a number"),
        ("(17.30)", "price not a number"),
        ("1e999", "price not a number"),
        ("nan", "price not a number"),
        ("inf", "price not a number"),
        ("1_0", "price not a number"),
        ("\u0661\u0667", "price not a number"),
        ("1" * 65, "price not a number"),
    ],
)
def test_a_price_that_is_text_is_read_where_it_means_one_number(text: str, price: float | str) -> None:
    parsed = judged(rows_of(prices=texts(text)))
    assert [*parsed.ticks.price.tolist(), *(reject.rule for reject in parsed.rejects)] == [price]
    assert parsed.remarks == (
        () if isinstance(price, str) else ("prices and sizes stored as text, read as numbers: 1.",)
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1,000", 1000),
        ("74,500", 74500),
        ("1,000.0", 1000),
        ("1 000", 1000),
        ("100", 100),
        ("100.0", 100),
        ("1E+05", 100000),
        ("1.000", "size unclear"),
        ("74.500", "size unclear"),
        ("1.000.000", "size not a number"),
        ("0,500", "size not a number"),
        ("1,5", "size not a number"),
        ("5k", "size not a number"),
        ("100.5", "size not whole"),
        ("1,000.5", "size not whole"),
        ("9007199254740994", "size too large"),
        ("-100", "size negative"),
    ],
)
def test_a_size_that_is_text_is_read_where_it_means_one_number(text: str, size: float | str) -> None:
    parsed = judged(rows_of(sizes=texts(text)))
    assert [*parsed.ticks.volume.tolist(), *(reject.rule for reject in parsed.rejects)] == [size]


@pytest.mark.parametrize(
    ("others", "is_read"),
    [
        (["999.50"], True),
        (["1,234.5"], True),
        (["1,234,567"], True),
        (["18,200"], False),
        (["17"], False),
        (["999.50", "17,30"], False),
    ],
)
def test_other_cells_of_the_column_show_what_a_comma_is(others: list[str], *, is_read: bool) -> None:
    for cells in (["17,300", *others], [*others, "17,300"]):
        parsed = judged(rows_of(prices=texts(*cells)))
        assert (17300.0 in parsed.ticks.price.tolist()) == is_read
        assert ("17,300" in [reject.cells[2] for reject in parsed.rejects]) != is_read
        assert parsed.row_numbers.tolist() == sorted(parsed.row_numbers.tolist())


def test_a_dot_in_a_size_is_decimal_where_another_size_has_a_comma() -> None:
    parsed = judged(rows_of(sizes=texts("46.000", "1,000")))
    assert parsed.ticks.volume.tolist() == [46, 1000]
    assert parsed.remarks == ("prices and sizes stored as text, read as numbers: 2.",)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *[(word, 0) for word in ("BID", "Bid", " bid ", "BEST_BID", "best_bid", "BID_BEST", "Best Bid", "B")],
        *[(word, 1) for word in ("ASK", "BEST_ASK", "a")],
        *[(word, 2) for word in ("TRADE", "Trade", "T", "AT_TRADE")],
        *[(word, None) for word in ("BEST-BID", "MID", "SETTLE", "TRADES", "TRADE" * 60)],
    ],
)
def test_type_words(word: str, kind: int | None) -> None:
    parsed = judged(rows_of(kinds=[word]))
    assert parsed.ticks.kind.tolist() == ([] if kind is None else [kind])
    assert [reject.rule for reject in parsed.rejects] == (["unknown type"] if kind is None else [])


def test_the_words_of_a_desk_are_those_of_the_rules() -> None:
    parsed = judged(rows_of(kinds=["Kauf", "BID"]), words={"kauf": 0})
    assert parsed.ticks.kind.tolist() == [0]
    assert [reject.cells[1] for reject in parsed.rejects] == ["BID"]


def test_at_trade_beside_trade_is_told_and_left_out_and_counts_as_no_fault() -> None:
    parsed = judged(rows_of(kinds=["BID", "TRADE", "AT_TRADE", "at_trade"]))
    assert parsed.ticks.kind.tolist() == [0, 2]
    assert parsed.reject_counts == {"trade told twice": 2}
    assert (parsed.rejects[0].row, parsed.rejects[0].cells) == (6, ("2025-04-14 12:00:00", "AT_TRADE", "17.3", "100"))
    assert parsed.remarks == ("AT_TRADE rows, left out since the sheet has TRADE too: 2.",)
    refuse_rejected(Rejected(parsed.rejects), len(parsed.ticks), 0.0)


def test_at_trade_alone_is_trade() -> None:
    parsed = judged(rows_of(kinds=["BID", "AT_TRADE"]))
    assert parsed.ticks.kind.tolist() == [0, 2]
    assert parsed.rejects == ()
    assert parsed.remarks == ("AT_TRADE rows, read as trades since the sheet has no TRADE: 1.",)


@pytest.mark.parametrize(
    ("kinds", "named"),
    [
        (["BID", "best_bid", "ASK"], ["BID and BEST_BID"]),
        (["Ask", "Best Ask", "BID", "BEST_BID"], ["BID and BEST_BID", "ASK and BEST_ASK"]),
        (["BID_BEST", "BEST_BID"], ["BEST_BID and BID_BEST"]),
        (["BEST_BID", "BEST_ASK", "B", "ASK_"], []),
    ],
)
def test_quotes_under_two_words_are_told(kinds: list[str], named: list[str]) -> None:
    remarks = judged(rows_of(kinds=kinds)).remarks
    assert [remark.split(", which")[0] for remark in remarks] == [f"it has {both}" for both in named]


def test_rows_that_are_at_fault_are_counted_and_quoted_without_those_told_twice() -> None:
    parsed = judged(rows_of(kinds=["TRADE", "AT_TRADE", "SETTLE", "TRADE"]))
    with pytest.raises(RejectedRows, match=r"^1 of 3 rows rejected \(1 unknown type; .*Row 6 \(unknown type\)"):
        refuse_rejected(Rejected(parsed.rejects), len(parsed.ticks), 0.1)
