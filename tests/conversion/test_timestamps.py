from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversion import timestamps
from tests.conversion.books import (
    HEADERS,
    MONDAY,
    content_of,
    iso,
    number,
    read_both,
    row_xml,
    rows_xml,
    serial,
    text,
    tick,
    tick_sheet,
    write_book,
)

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000
# 2025-04-14 00:00 in milliseconds since 1970, from the calendar, not from any serial.
MONDAY_MS = (dt.date(2025, 4, 14) - dt.date(1970, 1, 1)).days * DAY_MS


@pytest.mark.slow
@pytest.mark.parametrize(("date1904", "day", "digits"), [(False, 45761, 15), (True, 44299, 17)])
def test_every_second_of_a_day_is_exact_in_both_readers(
    tmp_path: Path, digits: int, day: int, *, date1904: bool
) -> None:
    serials = (f"{day + second / 86400:.{digits}g}" for second in range(86400))
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(*map(tick, serials))}, date1904=date1904)
    expected = [(MONDAY_MS + second * 1000) * 1_000_000 for second in range(86400)]
    fast, by_row = read_both(book)
    assert fast is not None
    assert fast.ticks.timestamp.tolist() == expected
    assert by_row.ticks.timestamp.tolist() == expected


@pytest.mark.parametrize("digits", [15, 16, 17])
@pytest.mark.parametrize(("date1904", "day"), [(False, 36526), (False, 45954), (True, 35064), (True, 44492)])
def test_milliseconds_are_exact_in_both_readers(tmp_path: Path, digits: int, day: int, *, date1904: bool) -> None:
    moments = np.random.default_rng(5).integers(0, DAY_MS, 3000).tolist()
    rows = [tick(f"{day + moment / DAY_MS:.{digits}g}") for moment in moments]
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(*rows)}, date1904=date1904)
    epoch = dt.date(1904, 1, 1) if date1904 else dt.date(1899, 12, 30)
    midnight = ((epoch - dt.date(1970, 1, 1)).days + day) * DAY_MS
    fast, by_row = read_both(book)
    assert fast is not None
    assert fast.ticks.timestamp.tolist() == [(midnight + moment) * 1_000_000 for moment in moments]
    assert by_row.ticks.timestamp.tolist() == fast.ticks.timestamp.tolist()


@given(st.integers(min_value=1, max_value=DAY_MS * 130 * 365), st.sampled_from([15, 16, 17]), st.booleans())
def test_a_serial_written_with_15_digits_or_more_gives_its_millisecond(
    since_1904_day_2: int,
    digits: int,
    date1904: bool,  # noqa: FBT001
) -> None:
    shift = 0 if date1904 else 1462
    value = float(f"{(since_1904_day_2 + DAY_MS) / DAY_MS + shift:.{digits}g}")
    expected = (dt.date(1904, 1, 2) - dt.date(1970, 1, 1)).days * DAY_MS + since_1904_day_2
    assert timestamps.serial_ms(value, date1904=date1904) == expected


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        (serial("0.5"), "unreadable time"),  # a time of day without a date
        (serial("60"), "unreadable time"),  # 29 February 1900, which never was
        (serial("60.9"), "unreadable time"),
        (serial("-1"), "unreadable time"),
        (serial("2958466"), "unreadable time"),  # the year 10000
        (serial("1e300"), "unreadable time"),
        (number("32873.9"), "unreadable time"),  # 1989, and nothing calls it a date
        (number("73051"), "unreadable time"),  # 2100
        (number("20250414"), "unreadable time"),
        (text("14/13/2025 10:00:00"), "unreadable time"),
        (text("29/02/2025 10:00:00"), "unreadable time"),
        (text("14/04/25 10:00:00"), "unreadable time"),
        (text("2025-13-14 10:00:00"), "unreadable time"),
        (text("2025-04-14 25:00:00"), "unreadable time"),
        (text("2025-04-1410:00:00"), "unreadable time"),
        (text("10:00:00"), "unreadable time"),
        (text("   "), "no time"),
        (None, "no time"),
    ],
)
def test_a_time_that_is_no_moment_is_rejected_and_the_others_stay(tmp_path: Path, cell: object, rule: str) -> None:
    bad = (cell, text("BID"), number(17.3), number(100))
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick(), bad, tick())})
    fast, by_row = read_both(book)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert [(each.row, each.rule) for each in by_row.rejects] == [(5, rule)]
    assert len(by_row.ticks) == 2


@pytest.mark.parametrize(
    ("cell", "milliseconds"),
    [
        (text("2025-04-14 10:00:01"), 36_001_000),
        (text(" 2025-04-14T10:00:01 "), 36_001_000),
        (text("2025-04-14 10:00"), 36_000_000),
        (text("2025-04-14 10:00:01.5"), 36_001_500),
        (text("2025-04-14 10:00:01.123"), 36_001_123),
        (text("2025-04-14"), 0),
        (iso("2025-04-14T10:00:01.123"), 36_001_123),
        (iso("2025-04-14T10:00:01.123999"), 36_001_123),
        (text("2025-04-14T06:00:01.402881806Z"), 36_001_402),
        (text("2025-04-14 11:30:00+05:30"), 36_000_000),
        (text("2025-04-13T22:00:00-0400"), 21_600_000),
        (iso("2025-04-14T10:00:00+04:00"), 36_000_000),
        (number("45761.5"), 43_200_000),
    ],
)
def test_iso_texts_and_plausible_numbers_are_read_as_times(tmp_path: Path, cell: object, milliseconds: int) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet((cell, text("BID"), number(1), number(2)))})
    fast, by_row = read_both(book)
    assert by_row.ticks.timestamp.tolist() == [(MONDAY_MS + milliseconds) * 1_000_000]
    assert fast is None or content_of(fast) == content_of(by_row)


@pytest.mark.parametrize(
    "code", ["m/d/yyyy h:mm:ss", "yyyy-mm-dd hh:mm:ss.000", "[$-409]d/m/yy h:mm AM/PM;@", "dd mmm yyyy", "[h]:mm:ss"]
)
def test_any_date_format_makes_a_number_a_moment(tmp_path: Path, code: str) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick(45761.5))}, date_format=code)
    fast, by_row = read_both(book)
    assert by_row.ticks.timestamp.tolist() == [(MONDAY_MS + DAY_MS // 2) * 1_000_000]
    assert fast is None or content_of(fast) == content_of(by_row)


@pytest.mark.parametrize("code", ["0.00", "#,##0", "General", '0.0 "days"', "[Red]0.0"])
def test_a_number_of_any_format_is_a_moment_in_a_plausible_year(tmp_path: Path, code: str) -> None:
    sheet = tick_sheet(tick(45761.5), tick(32873.9))
    both = read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": sheet}, date_format=code))
    for parsed in both:
        assert parsed.ticks.timestamp.tolist() == [(MONDAY_MS + DAY_MS // 2) * 1_000_000]
        assert [each.rule for each in parsed.rejects] == ["unreadable time"]


@pytest.mark.parametrize("date1904", [False, True])
def test_separate_date_and_time_columns_are_joined_to_every_second(tmp_path: Path, *, date1904: bool) -> None:
    day = MONDAY - 1462 if date1904 else MONDAY
    seconds = range(0, 86400, 7)
    head = rows_xml([(), (), (text("Date"), text("Time"), text("Type"), text("Price"), text("Volume"))])
    rows = "".join(
        row_xml(at, (serial(day), serial(f"{second / 86400:.15g}"), text("BID"), number(1), number(2)))
        for at, second in enumerate(seconds, start=4)
    )
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": head + rows}, date1904=date1904)
    expected = [(MONDAY_MS + second * 1000) * 1_000_000 for second in seconds]
    fast, by_row = read_both(book)
    assert fast is not None
    assert fast.ticks.timestamp.tolist() == expected
    assert by_row.ticks.timestamp.tolist() == expected


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        (text("2025-04-14"), text("10:00:01.250"), 36_001_250),
        (serial(45761), text("10:00:01"), 36_001_000),
        (serial(45761), serial(1.5), 43_200_000),
        (text("2025-04-14"), text("1900-01-01 12:00:00"), 43_200_000),
        (serial(45761), serial("0.999999999999"), DAY_MS),
        (serial(45761), None, "no time"),
        (None, serial(0.5), "no time"),
        (serial(45761), number(0.5), 43_200_000),
        (number(45761), number(45700.5), "unreadable time"),
        (serial(45761), serial(45700.5), "unreadable time"),
        (text("2025-04-14"), text("2025-04-13 12:00:00"), "unreadable time"),
        (serial(45761), number(36001.637), "unreadable time"),
        (serial(45761), number(36001), "unreadable time"),
        (serial(45761), number(100001), "unreadable time"),
        (number(20250414), text("10:00:01"), 36_001_000),
        (text("14-Apr-2025"), serial(0.5), 43_200_000),
        (serial(45761), text("1:00:01 PM"), 46_801_000),
        (text("2025-04-14"), text("06:00:01Z"), 36_001_000),
        (serial(45761), number(1.5), "unreadable time"),
        (number(20251314), number(0.5), "unreadable time"),
        (serial(45761), text("10 o'clock"), "unreadable time"),
        (serial(0.5), serial(0.5), "unreadable time"),
    ],
)
def test_a_date_and_a_time_cell_make_one_moment_or_a_named_reject(
    tmp_path: Path, date: object, time: object, expected: object
) -> None:
    headers = (text("Dates"), text("Time"), *HEADERS[1:])
    book = write_book(
        tmp_path / "t.xlsx",
        {"FAB UH Equity": rows_xml([(), (), headers, (date, time, text("BID"), number(1), number(2))])},
    )
    fast, by_row = read_both(book)
    assert fast is None or content_of(fast) == content_of(by_row)
    if isinstance(expected, str):
        assert [each.rule for each in by_row.rejects] == [expected]
    else:
        assert by_row.ticks.timestamp.tolist() == [(MONDAY_MS + expected) * 1_000_000]  # type: ignore[operator]
