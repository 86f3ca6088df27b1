"""A column of time texts read at once is what each text is read as by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.conversion.tables.time_texts import read_texts
from pipeline.conversion.timestamps import DAY_AND_MONTH, parse_time

if TYPE_CHECKING:
    from pipeline.conversion.rules import DateOrder

two = st.integers(0, 99).map("{:02}".format)
one_or_two = st.integers(0, 33).map(str) | two
year = st.sampled_from(["1899", "1900", "1999", "2000", "2024", "2025", "2100", "2262", "2263", "0001"])
month_name = st.sampled_from(["Jan", "feb", "MAY", "Dec", "Mai", "J1n", "june", "Sept", "September", "Juno"])
gap = st.sampled_from([" ", "T", ", ", "  ", ",", "", "-"])
fraction = st.sampled_from(["", ".", ".1", ",12", ",123", ".123", ".123456", ".123456789", ".1234567891", ".x"])
half = st.sampled_from(["", "", "", " AM", "pm", " Pm", " xm"])
zone = st.sampled_from(["", "", "", "Z", "+04:00", "+0400", "-05:30", " +00:00", " Z", "+24:00", "+04", "+04.00"])
separator = st.sampled_from("-/. ")


@st.composite
def dates(draw: st.DrawFn) -> str:
    mark = draw(separator)
    form = draw(st.integers(0, 4))
    if form == 0:
        return mark.join((draw(year), draw(one_or_two), draw(one_or_two)))
    if form == 1:
        return mark.join((draw(one_or_two), draw(one_or_two), draw(year)))
    if form == 2:
        return mark.join((draw(one_or_two), draw(month_name), draw(year)))
    if form == 3:
        return f"{draw(month_name)} {draw(one_or_two)}{draw(st.sampled_from([',', '']))} {draw(year)}"
    return draw(year) + draw(two) + draw(two)


clocks = st.tuples(one_or_two, st.just(":"), two, st.just(":") | st.just(""), two | st.just(""), fraction, half, zone)
times = st.one_of(
    dates(),
    clocks.map("".join),
    st.tuples(dates(), gap, clocks.map("".join)).map("".join),
    st.sampled_from(["", " ", "#N/A N/A", "2025-05-14 10:00:01 ", "45791.5", "é", "x" * 80]),
)
GOOD: Final = ["2025-05-14 10:00:01", "2025-05-14 10:00:02", "2025-13-14 10:00:02", "2025-05-1410:00:02x"]


@given(st.lists(times, max_size=12), st.sampled_from([None, "dmy", "mdy"]))
@example(GOOD, None)
@example(["31.12.2024 23:59", "1/2/2025 1:00 PM", "14-May-2025 10:00:01.5+04:00", "20250514 10:00:01"], "dmy")
def test_texts_are_read_as_each_by_itself(texts: list[str], order: DateOrder | None) -> None:
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    read = read_texts(np.frombuffer(b"".join(encoded), np.uint8), offsets, order)
    for number, text in enumerate(texts):
        found = (
            int(read.day[number]) if read.has_day[number] else None,
            int(read.clock[number]) if read.has_clock[number] else None,
            int(read.offset[number]) if read.has_offset[number] else None,
        )
        alone = parse_time(text, order)
        in_range = alone is not None and (alone.day is None or year_of(alone.day) in range(1900, 2263))
        is_plain = alone is not None and text == text.strip() and len(text) <= 64
        is_decided = alone is not None and (order is not None or not alone.form.startswith(DAY_AND_MONTH))
        wanted = (None, None, None)
        if alone is not None and in_range and is_plain and is_decided:
            wanted = (alone.day, alone.clock, alone.offset)
        assert found == wanted, text


def year_of(day_ms: int) -> int:
    return int(np.datetime64(day_ms, "ms").astype("datetime64[Y]").astype(int)) + 1970


def test_texts_of_many_lengths_in_one_column_are_all_read() -> None:
    texts = [f"{day}/{month}/2025 {hour}:05:09" for day in (1, 14) for month in (5, 11) for hour in (9, 10)] * 50
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    read = read_texts(np.frombuffer(b"".join(encoded), np.uint8), offsets, "dmy")
    assert read.has_day.all()
    assert read.has_clock.all()
    first = np.datetime64("2025-05-01T09:05:09", "ms").astype(int)
    assert int(read.day[0] + read.clock[0]) == first


@pytest.mark.parametrize("start", [0, 3])
def test_a_part_of_a_column_is_read_as_the_column(start: int) -> None:
    texts = [b"2025-05-14", b"2025-05-15", b"2025-05-16 10:00", b"14-May-2025", b"2025-05-18"]
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int32)
    data = np.frombuffer(b"".join(texts), np.uint8)
    whole, part = read_texts(data, offsets, None), read_texts(data, offsets[start:], None)
    assert part.day.tolist() == whole.day[start:].tolist()
