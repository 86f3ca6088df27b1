"""The compiled loop over rows: the same as in Python on any bytes, and numbers and times that no double would round."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any, Literal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.conversion import timestamps
from pipeline.conversion.excel import loop_cells, loop_rows
from pipeline.conversion.excel.compiled_reader import nearest_doubles
from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.conversion.excel.loop_values import (
    MONTH_ENDS,
    MONTH_NAMES,
    UNSUPPORTED,
    parse_decimal,
    parse_serial,
    parse_time,
    whole_of,
)
from pipeline.native.functions import compiled
from tests.conversion.books import Cell, formula_text, iso, number, row_xml, serial, shared, text
from tests.properties.workbooks import any_row, moments

CAPACITY = 12
ODD_ROWS = 3
DAY_MS = 86_400_000
SHARED = ("BID", "ASK", "x", "17.3", "2025-05-14 10:00:01", "14-May-2025", "")
CODES = (0, 1, -1, loop_cells.UNKNOWN, -1, -1, -1)
FORMS = ("Y-n-e H:M:Sf", "d/m/Y H:M p", "d-b-Y", "Y-n-eTH:M:Sfz")

clean_row = st.tuples(
    moments.map(serial),
    st.sampled_from([shared(0), shared(1), text("BID"), formula_text("BID")]),
    st.one_of(st.integers(0, 10**6), st.floats(0.0001, 1e6), st.sampled_from(["1E2", "1.5e-3"])).map(number),
    st.integers(0, 10**7).map(number),
    st.sampled_from([None, None, number(7), shared(2), serial(3), Cell('s="1"', ""), formula_text("BID")]),
)
time_texts = st.sampled_from(
    [
        "2025-05-14 10:00:01",
        "2025-05-14 23:59:59.999999999",
        "2025-05-14 9:00:00",
        "2025-05-14 10:00:01.25",
        "2025-05-14 10:00:01,5",
        "14/05/2025 1:00 pm",
        "14-May-2025",
        "14-june-2025",
        "2025-05-14T10:00:01+04:00",
        "2024-02-30",
        "12-Foo-2025",
    ]
)
text_row = st.tuples(
    st.one_of(time_texts.map(text), time_texts.map(iso), st.sampled_from([3, 4, 5]).map(shared)),
    st.sampled_from([*[text("BID")] * 4, text("ASK"), shared(3)]),
    st.sampled_from([*map(text, ("17.30", "1.234", "1,000", "100")), shared(3)]),
    st.integers(0, 9).map(number),
    st.just(None),
)
between = st.sampled_from(["", "", "", "", "\n  ", "<!-- - -->"])
some_rows = st.one_of(
    *(st.lists(st.tuples(kind, st.just("")), min_size=1, max_size=14) for kind in (clean_row, text_row)),
    st.lists(st.tuples(st.one_of(clean_row, text_row, any_row), between), min_size=1, max_size=14),
)
wrongs = st.one_of(st.just([]), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=2))
changes = st.lists(
    st.sampled_from(
        [
            (r'<c r="(\w+)"', r"<c  r = '\1'"),
            (' r="', ' x:y="1" r="'),
            (' r="[A-Z]+[0-9]+"', ""),
            ("<v>", '<v xml:space="preserve">'),
            ("<v>", "<f t='shared' si=\"0\">IF(A1&lt;2,&quot;&quot;)</f><v>"),
            ("</v>", "</v>\n"),
            ("<row", "<row hidden='1'"),
            ('<is><t xml:space="preserve">', "<is>\n<r><rPr><b/><sz val='9'/></rPr><t>"),
            ("</t></is>", "</t></r></is>"),
        ]
    ),
    max_size=2,
)


def arrays(security: int, form: str) -> tuple[Any, ...]:
    layout = np.zeros(loop_cells.DATES + 4, np.int64)
    layout[: loop_cells.LABELS + 1] = (
        *(1, 4, len(SHARED), CAPACITY, ODD_ROWS, 16, -25_569, 61, 100_000, 32_874, 73_051, 0),
        *(15, security),
    )
    layout[loop_cells.ROLES : loop_cells.ROLES + 5] = (
        *(loop_cells.TIME, loop_cells.KIND, loop_cells.PRICE, loop_cells.SIZE),
        security,
    )
    layout[loop_cells.DATES + 1] = 1
    layout[: len(month_names())] += month_names()
    blob = "".join(f"{shared}<" for shared in (*SHARED, "BID", "TRADE")).encode() + b"\0"
    starts = [sum(len(shared) + 1 for shared in SHARED[:number]) for number in range(len(SHARED) + 2)]
    starts[-1] = starts[-2] + 4
    texts = np.array([[start, code] for start, code in zip(starts, (*CODES, 0, 2), strict=True)], np.int64).ravel()
    slots = np.zeros(16, np.int64)
    slots[slot_of("BID")] = len(SHARED) + 1
    forms = form.encode().ljust(128, b"\0")
    columns = np.full((8, CAPACITY), -7, np.int64)
    return layout, blob, texts, slots, forms, columns, np.zeros((ODD_ROWS, 3), np.int64), np.zeros(16, np.int64)


def month_names() -> np.ndarray[Any, Any]:
    layout = np.zeros(64, np.int64)
    for month in range(1, 13):
        name = f"{dt.date(2025, month, 1):%B}".lower().encode()
        layout[MONTH_NAMES + month] = int.from_bytes(name[:3], "big")
        layout[MONTH_ENDS + month] = int.from_bytes(name[3:], "little")
    return layout


def slot_of(word: str) -> int:
    mixed = 0
    for letter in word.encode():
        mixed = (mixed * 31 + letter) % 2**32
    return mixed % 16


@given(
    cells=some_rows,
    header=st.lists(
        st.sampled_from([text("Dates"), number(1), text("x & y"), Cell("", "<v>1<!-- --></v>")]), max_size=3
    ),
    change=changes,
    wrong=wrongs,
    cut=st.integers(0, 10**6),
    whole=st.sampled_from([True, True, True, False]),
    security=st.sampled_from([0, loop_cells.SECURITY, loop_cells.CONDITION]),
    form=st.sampled_from([FORMS[0], FORMS[0], *FORMS]),
)
def test_the_machine_and_python_agree_on_any_bytes_and_never_look_behind_them(
    cells: list[tuple[tuple[Cell | None, ...], str]],
    header: list[Cell],
    change: list[tuple[str, str]],
    wrong: list[tuple[int, int]],
    cut: int,
    whole: bool,  # noqa: FBT001
    security: int,
    form: str,
) -> None:
    xml = row_xml(1, header) + "".join(row_xml(at, each) + more for at, (each, more) in enumerate(cells, 2))
    for old, new in change:
        xml = re.sub(old, new, xml)
    block = bytearray((xml + "</sheetData>").encode())
    for place, letter in wrong:
        block[place % len(block)] = letter
    read = bytes(block) if whole else bytes(block[: cut % len(block)])
    fast, slow = arrays(security, form), arrays(security, form)
    # In Python a look behind the NUL at the end is an IndexError.
    ended = loop_rows.read_rows(0, len(read), read + b"\0", *(_flat(array) for array in slow))
    machine = tuple(np.frombuffer(array, np.uint8) if isinstance(array, bytes) else array for array in fast)
    loop = compiled(read_rows)
    assert loop is not None
    assert loop(0, len(read), read, *machine) == ended
    assert [array.tolist() for array in fast if not isinstance(array, bytes)] == [
        array.tolist() for array in slow if not isinstance(array, bytes)
    ]
    memory = slow[-1]
    if whole and not wrong:
        assert memory[loop_cells.NEED] or ended == UNSUPPORTED or read[ended:] == b"</sheetData>"


def _flat(array: Any) -> Any:
    return array if isinstance(array, bytes) else array.reshape(-1)


decimals = st.one_of(
    st.floats(0, 1e15).map(lambda value: f"{value:.17g}"),
    st.floats(0, 1000).map(repr),
    st.builds(lambda whole, part: f"{whole}.{part}", st.integers(0, 10**8), st.from_regex(r"\A[0-9]{1,8}\Z")),
    st.builds(lambda digits, places: f"{digits / 10**places:.{places}f}", st.integers(0, 10**9), st.integers(0, 9)),
    st.builds(
        lambda value, power: f"{value}E{power}", st.integers(0, 10**9), st.sampled_from([0, 2, "+02", -3, "-05"])
    ),
)


@settings(max_examples=settings().max_examples * 2)
@given(decimal=decimals)
def test_a_decimal_number_is_the_double_nearest_to_it(decimal: str) -> None:
    mantissa, places, end = parse_decimal(decimal.encode() + b"<\0", 0)
    if end != len(decimal):
        digits, _, power = decimal.casefold().partition("e")
        significant = digits.replace(".", "").lstrip("0")
        assert len(significant) > 16 or len(digits.partition(".")[2]) - int(power or 0) > 22
        return
    (nearest,) = nearest_doubles(np.array([mantissa], np.int64), np.array([places], np.int64)).tolist()
    assert nearest == float(decimal)
    size = whole_of(mantissa, places)
    assert size == (int(nearest) if nearest.is_integer() and nearest <= 2**53 else UNSUPPORTED) or mantissa > 2**53


@settings(max_examples=settings().max_examples * 2)
@given(ms=st.integers(0, DAY_MS * 100_000), nudge=st.floats(-0.6, 0.6), digits=st.sampled_from([9, 12, 15, 16, 17]))
def test_a_serial_is_rounded_to_the_millisecond_that_its_double_is(ms: int, nudge: float, digits: int) -> None:
    decimal = f"{62 + (ms + nudge) / DAY_MS:.{digits}g}"
    day, part, end = parse_serial(decimal.encode() + b"<\0", 0)
    exact = float(decimal) * DAY_MS
    if end == UNSUPPORTED:
        assert abs(exact - math.floor(exact) - 0.5) < 0.01
        return
    assert end == len(decimal)
    moment = day * DAY_MS + part + timestamps.day_zero_ms(date1904=False)
    assert moment == timestamps.serial_ms(float(decimal), date1904=False)


dates = st.dates(dt.date(1970, 1, 1), dt.date(2261, 12, 31))
date_forms = st.sampled_from(
    ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"]
)
clock_forms = st.sampled_from(
    ["", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", " %H:%M:%S,%f", " %I:%M:%S %p", ", %H:%M", " %I:%M%p"]
)
zones = st.sampled_from(["", "Z", "+04:00", "-0530", "+04", "-09:", "+4"])


@given(
    day=dates,
    clock=st.times(),
    date_form=date_forms,
    clock_form=clock_forms,
    zone=zones,
    order=st.sampled_from(["dmy", "mdy"]),
    spoilt=st.sampled_from(["", "", "", "x", " ", "0"]),
)
def test_a_time_text_is_read_by_the_loop_as_by_the_judge(
    day: dt.date,
    clock: dt.time,
    date_form: str,
    clock_form: str,
    zone: str,
    order: Literal["dmy", "mdy"],
    spoilt: str,
) -> None:
    moment = dt.datetime.combine(day, clock)
    text_of_time = moment.strftime(date_form + clock_form) + (zone if ":" in clock_form else "") + spoilt
    form = timestamps.form_of(text_of_time, order)
    if form is None:
        return
    letters = text_of_time.encode() + b"<\0"
    days, ms, offset, end = parse_time(letters, 0, form.encode() + b"\0", 0, month_names())
    exact = timestamps.parse_time(text_of_time, order)
    assert exact is not None
    assert exact.day is not None
    if end == UNSUPPORTED or letters[end] != ord("<"):
        assert text_of_time != text_of_time.strip()
        return
    assert (days * DAY_MS, ms, offset * 60_000) == (exact.day, exact.clock or 0, exact.offset or 0)
