"""Texts of times: each form by hand, what is no time, and any form with any moment by property."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversion.timestamps import form_of, parse_time, to_clock

# 2025-05-14 00:00 in milliseconds since 1970, from the calendar.
DAY = (dt.date(2025, 5, 14) - dt.date(1970, 1, 1)).days * 86_400_000
TEN = 36_000_000
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "form", "day", "clock", "offset"),
    [
        ("2025-05-14 10:00:01", "Y-m-d H:M:Sf", DAY, TEN + 1000, None),
        ("2025-05-14T10:00:01", "Y-m-dTH:M:Sf", DAY, TEN + 1000, None),
        ("2025-5-14 9:05", "Y-m-d H:M", DAY, 32_700_000, None),
        ("2025-05-14 10:00:01,402", "Y-m-d H:M:Sf", DAY, TEN + 1402, None),
        ("May 14, 2025, 10:00:01,4 AM", "b d, Y, H:M:Sf p", DAY, TEN + 1400, None),
        ("2025-05-14", "Y-m-d", DAY, None, None),
        ("10:00:01", "H:M:Sf", None, TEN + 1000, None),
        ("2025-05-14T10:00:01.402881806Z", "Y-m-dTH:M:Sfz", DAY, TEN + 1402, 0),
        ("2025-05-14 10:00:01.4+04:00", "Y-m-d H:M:Sfz", DAY, TEN + 1400, 4 * HOUR),
        ("2025-05-14 10:00:01 -0330", "Y-m-d H:M:Sf z", DAY, TEN + 1000, -12_600_000),
        ("2025-05-14 10:00:01+04", "Y-m-d H:M:Sfz", DAY, TEN + 1000, 4 * HOUR),
        ("2025-05-14\u00a010:00:01", "Y-m-d H:M:Sf", DAY, TEN + 1000, None),
        ("5/14/2025 10:00:01\u202fPM", "m/d/Y H:M:Sf p", DAY, 22 * HOUR + 1000, None),
        ("10:00Z", "H:Mz", None, TEN, 0),
        ("2025/05/14 10:00:01", "Y/m/d H:M:Sf", DAY, TEN + 1000, None),
        ("2025.05.14 10:00:01", "Y.m.d H:M:Sf", DAY, TEN + 1000, None),
        ("20250514 10:00:01", "Yne H:M:Sf", DAY, TEN + 1000, None),
        ("20250514T10:00:01.5", "YneTH:M:Sf", DAY, TEN + 1500, None),
        ("14-May-2025 10:00:01", "d-b-Y H:M:Sf", DAY, TEN + 1000, None),
        ("14-MAY-2025", "d-b-Y", DAY, None, None),
        ("14 June 2025", "d b Y", DAY + 31 * 24 * HOUR, None, None),
        ("sept 14, 2025", "b d, Y", DAY + 123 * 24 * HOUR, None, None),
        ("14 may 2025 10:00", "d b Y H:M", DAY, TEN, None),
        ("14/May/2025 10:00", "d/b/Y H:M", DAY, TEN, None),
        ("May 14, 2025 10:00:01 AM", "b d, Y H:M:Sf p", DAY, TEN + 1000, None),
        ("May 14 2025, 10:00:01pm", "b d Y, H:M:Sfp", DAY, 22 * HOUR + 1000, None),
        ("2025-May-14 10:00", "Y-b-d H:M", DAY, TEN, None),
        ("14.05.2025 10:00:01.123", "d.m.Y H:M:Sf", DAY, TEN + 1123, None),
        ("14/05/2025 12:00:01 am", "d/m/Y H:M:Sf p", DAY, 1000, None),
        ("14/05/2025 12:30 PM", "d/m/Y H:M p", DAY, 45_000_000, None),
        ("14-05-2025 10:00", "d-m-Y H:M", DAY, TEN, None),
        ("05/14/2025 1:02:03 PM", "m/d/Y H:M:Sf p", DAY, 46_923_000, None),
        ("5-14-2025  10:00", "m-d-Y  H:M", DAY, TEN, None),
        ("\u00a02025-05-14 10:00 ", "Y-m-d H:M", DAY, TEN, None),
    ],
)
def test_a_time_text_has_a_form_and_is_read(
    text: str, form: str, day: int | None, clock: int | None, offset: int | None
) -> None:
    assert form_of(text) == form
    assert parse_time(text) == parse_time(text, likely=form) == (form, day, clock, offset)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", None),
        ("x", None),
        ("2025", None),
        ("45791.5", None),
        ("2025-13-14 10:00:01", None),
        ("2025-02-29", None),
        ("2025-05-14 24:00:00", None),
        ("2025-05-14 10:60", None),
        ("2025-05-14 10:00:60", None),
        ("2025-05-14 10:0", None),
        ("2025-05-1410:00:01", None),
        ("T10:00", None),
        ("2025-05-14T", None),
        ("2025-05-14 10:00:01.", None),
        ("2025-05-14 10:00:01,", None),
        ("2025-05-14 10:00:01.402,5", None),
        ("2025-05-14 10:00,5", None),
        ("2025-05-14 10:00:01.1234567890", None),
        ("2025-05-14 10:00:01+4", None),
        ("2025-05-14 10:00:01+24:00", None),
        ("2025-05-14+04:00", None),
        ("14/05/2025 0:30 AM", None),
        ("14/05/2025 13:30 PM", None),
        ("14/05/25", None),
        ("14-Mai-2025", None),
        ("14-Mayo-2025", None),
        ("14-Juni-2025", None),
        ("14-Ju-2025", None),
        ("31-Apr-2025", None),
        ("05.14.2025", None),
        ("14/13/2025", None),
        ("14/05/2025", "mdy"),
        ("05/14/2025", "dmy"),
        ("\u0662\u0660\u0662\u0665-05-14", None),
        ("2025-05-14" + " " * 300, None),
    ],
)
def test_a_text_that_is_no_time_is_not_read(text: str, order: str | None) -> None:
    assert parse_time(text, order) is None  # type: ignore[arg-type]
    assert form_of(text, order) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("order", "month"), [("dmy", 6), ("mdy", 5), (None, 6)])
def test_the_order_decides_where_both_numbers_may_be_a_month(order: str | None, month: int) -> None:
    time = parse_time("05/06/2025", order)  # type: ignore[arg-type]
    assert time is not None
    assert time.day == (dt.date(2025, month, 11 - month) - dt.date(1970, 1, 1)).days * 86_400_000


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "October", "November", "December")


def written(form: str, moment: dt.datetime, offset: int, digits: int, point: str) -> str:
    """Write a moment in a form, letter by letter."""
    sign = "-" if offset < 0 else "+"
    values = {
        "Y": f"{moment:%Y}",
        "n": f"{moment:%m}",
        "e": f"{moment:%d}",
        "M": f"{moment:%M}",
        "S": f"{moment:%S}",
        "m": str(moment.month),
        "d": f"{moment:%d}",
        "b": MONTHS[moment.month - 1].upper(),
        "H": str(moment.hour % 12 or 12) if "p" in form else str(moment.hour),
        "f": f"{point}{moment.microsecond * 1000 + 999:09}"[: digits + 1] if digits else "",
        "p": "am" if moment.hour < 12 else "PM",
        "z": f"{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}",
    }
    return "".join(values.get(character, character) for character in form)


forms = st.builds(
    lambda date, gap, clock, half, zone: date + gap + clock + half + zone,
    st.sampled_from(["Y-m-d", "Y/m/d", "Yne", "d-b-Y", "b d, Y", "d.m.Y", "d/m/Y", "m/d/Y", "d-m-Y"]),
    st.sampled_from([" ", "T", ", ", "  "]),
    st.sampled_from(["H:M:Sf", "H:M"]),
    st.sampled_from(["", "p", " p"]),
    st.sampled_from(["", "z", " z"]),
)


@given(
    form=forms,
    moment=st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 12, 31)),  # noqa: DTZ001 - the exchange's
    offset=st.integers(-14 * 60, 14 * 60),
    digits=st.integers(0, 9),
    point=st.sampled_from(".,"),
)
def test_any_moment_in_any_form_is_read_again_to_the_millisecond(
    form: str, moment: dt.datetime, offset: int, digits: int, point: str
) -> None:
    text = written(form, moment, offset, digits, point)
    order = "mdy" if form.startswith("m/d") else "dmy"
    time = parse_time(text, order)  # type: ignore[arg-type]
    assert form_of(text, order) == form  # type: ignore[arg-type]
    assert time is not None
    fraction = f"{moment.microsecond:06}"[: min(digits, 3)].ljust(3, "0") if "f" in form else "000"
    second = moment.second if "S" in form else 0
    assert time.day == (moment.date() - dt.date(1970, 1, 1)).days * 86_400_000
    assert time.clock == ((moment.hour * 60 + moment.minute) * 60 + second) * 1000 + int(fraction)
    assert time.offset == (offset * 60_000 if "z" in form else None)


def test_utc_is_put_on_a_clock_on_both_sides_of_a_change() -> None:
    # New York's clocks went from 02:00 to 03:00 on 9 March 2025, at 07:00 UTC.
    change = (dt.date(2025, 3, 9) - dt.date(1970, 1, 1)).days * 86_400_000 + 7 * HOUR
    utc = np.array([change, change - 1, change + HOUR, 0, change - 1])
    local = [change - 4 * HOUR, change - 1 - 5 * HOUR, change - 3 * HOUR, -5 * HOUR, change - 1 - 5 * HOUR]
    assert to_clock(utc, "America/New_York").tolist() == local
    assert to_clock(np.empty(0, np.int64), "Asia/Dubai").tolist() == []
