"""The compiled loop over rows: the same as in Python on any bytes, and numbers and times that no double would round."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.conversion import timestamps
from pipeline.conversion.excel import compiled_loop
from pipeline.conversion.excel.compiled_reader import nearest_doubles, rows_loop
from tests.conversion.books import Cell, number, row_xml, serial, shared, text
from tests.properties.workbooks import any_row, moments

CAPACITY = 12
DAY_MS = 86_400_000
STYLES = np.array([0, 1, 0, 0], np.int8)
CODES = np.array([-1, 0, 1, 2, 0, -1, -1, -1, -1, -1, -1, -1], np.int8)

clean_row = st.tuples(
    moments.map(serial),
    st.integers(1, 4).map(shared),
    st.one_of(st.integers(0, 10**6), st.floats(0.0001, 1e6)).map(number),
    st.integers(0, 10**7).map(number),
    st.sampled_from([None, None, number(7), shared(10), serial(3), Cell('s="1"', "")]),
)
row = st.one_of(clean_row, clean_row, clean_row, clean_row, clean_row, any_row)
wrongs = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=2)


def arrays(security: int = 0) -> tuple[np.ndarray[Any, Any], ...]:
    roles = np.zeros(16_384, np.int8)
    roles[:5] = (compiled_loop.TIME, compiled_loop.KIND, compiled_loop.PRICE, compiled_loop.SIZE, security)
    columns = [np.full(CAPACITY, -7, kind) for kind in (np.int64, np.int8, np.int64, np.int8, np.int64)]
    return roles, STYLES, CODES, np.zeros(len(CODES), np.int8), *columns, np.zeros(3, np.int64)


@given(
    cells=st.lists(row, min_size=1, max_size=14),
    header=st.lists(
        st.sampled_from([text("Dates"), number(1), text("x & y"), Cell("", "<v>1<!-- --></v>")]), max_size=3
    ),
    wrong=wrongs,
    cut=st.integers(0, 10**6),
    whole=st.booleans(),
    security=st.sampled_from([0, compiled_loop.SECURITY]),
)
def test_the_machine_and_python_agree_on_any_bytes_and_never_look_behind_them(
    cells: list[tuple[Cell | None, ...]],
    header: list[Cell],
    wrong: list[tuple[int, int]],
    cut: int,
    whole: bool,  # noqa: FBT001
    security: int,
) -> None:
    block = bytearray((row_xml(1, header) + "".join(row_xml(at, each) for at, each in enumerate(cells, 2))).encode())
    for place, letter in wrong:
        block[place % len(block)] = letter
    read = bytes(block) if whole else bytes(block[: cut % len(block)])
    counts = (len(read), CAPACITY, 1, len(STYLES), len(CODES))
    fast, slow = arrays(security), arrays(security)
    # In Python a look behind the NUL at the end is an IndexError.
    ended = compiled_loop.read_rows(*counts, read + b"\0", *slow)
    assert rows_loop()(counts, read, fast) == ended
    assert [array.tolist() for array in fast] == [array.tolist() for array in slow]
    assert ended in (len(read), compiled_loop.UNSUPPORTED) or not whole or wrong


decimals = st.one_of(
    st.floats(0, 1e15).map(lambda value: f"{value:.17g}"),
    st.floats(0, 1000).map(repr),
    st.builds(lambda whole, part: f"{whole}.{part}", st.integers(0, 10**8), st.from_regex(r"\A[0-9]{1,8}\Z")),
    st.builds(lambda digits, places: f"{digits / 10**places:.{places}f}", st.integers(0, 10**9), st.integers(0, 9)),
)


@settings(max_examples=settings().max_examples * 2)
@given(told=decimals)
def test_a_decimal_number_is_the_double_nearest_to_it(told: str) -> None:
    value, places, end = compiled_loop.parse_decimal(told.encode() + b"<\0", 0)
    if end != len(told):
        assert "e" in told or len(told.replace(".", "").lstrip("0")) > 16
        return
    found = nearest_doubles(np.array([value], np.int64), np.array([places], np.int8))
    assert found.tolist() == [float(told)]


@settings(max_examples=settings().max_examples * 2)
@given(ms=st.integers(0, DAY_MS * 100_000), nudge=st.floats(-0.6, 0.6), digits=st.sampled_from([9, 12, 15, 16, 17]))
def test_a_serial_is_rounded_to_the_millisecond_that_its_double_is(ms: int, nudge: float, digits: int) -> None:
    told = f"{62 + (ms + nudge) / DAY_MS:.{digits}g}"
    found, end = compiled_loop.parse_moment(told.encode() + b"<\0", 0)
    exact = float(told) * DAY_MS
    if end == compiled_loop.UNSUPPORTED:
        assert abs(exact - math.floor(exact) - 0.5) < 0.01
        return
    assert end == len(told)
    assert found + timestamps.day_zero_ms(date1904=False) == timestamps.serial_ms(float(told), date1904=False)
