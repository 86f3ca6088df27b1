"""A block of CSV text, read column by column, holds what its rows hold when each is judged by itself."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.conversion.headers import Columns
from pipeline.conversion.rules import Rules
from pipeline.conversion.tables.csv_block import Dialect, cells_of, read_block
from pipeline.conversion.ticks import Judge
from pipeline.errors import UnreadableSheet
from tests.conversion.judged import judge_rows

if TYPE_CHECKING:
    from pipeline.conversion.ticks import Parsed

COLUMNS: Final = Columns(time=0, type=1, price=2, size=3)
ALL_COLUMNS: Final = Columns(time=1, type=0, price=3, size=2, security=5, condition=4)
RULES: Final = Rules()
times = st.sampled_from(
    [
        *("2025-05-14 10:00:01", "2025-05-14T10:00:02.123456789Z", "14-May-2025 10:00", "2025-05-14", "", "x"),
        *(
            "20250514",
            "14/05/2025 10:00",
            "2025-02-30 10:00:00",
            " 2025-05-14 10:00:01",
            "1850-01-01",
            "#N/A N/A",
            "2300-01-01",
        ),
    ]
)
kinds = st.sampled_from(["BID", "ask", " Trade ", "", "SETTLE", "bid\n", "B\u00cdD"])
numbers = st.sampled_from(
    [
        *(
            "17.3",
            "0",
            "-1",
            "",
            " ",
            "nan",
            "inf",
            "1e3",
            "0x1F",
            "+5",
            ".5",
            "5.",
            "1_0",
            "1,000",
            "17,3",
            "-0",
            "1.0",
            "1.000",
            "2,500",
            "1000.000",
        ),
        *("1.234,5", " 12 ", "1e400", "9007199254740993", "9007199254740992", "250.5", "#N/A", "AED 5", "00012", "5k"),
        "\u0665",
    ]
)
labels = st.sampled_from(["", "XT", " OB ", "FAB UH Equity", "a" * 120, 'say "x"', "\u00e9"])
LINES: Final = [
    "",
    ",",
    ",,,",
    "Total,,,",
    "a,b,c,d,e",
    "2025-05-14 10:00:01,BID,17.3",
    *("2025-05-14 10:00:01,BID,17.3,100" + end for end in (",", ", ,", ",x", ",x,", ",,x")),
    '"2025-05-14 10:00:01",BID,1,2',
]


def as_text(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue()


def columns_of(parsed: Parsed) -> dict[str, Any]:
    ticks = parsed.ticks
    conditions = [""] * len(ticks) if ticks.condition is None else [ticks.conditions[code] for code in ticks.condition]
    return {
        "row": parsed.row_numbers.tolist(),
        "time": ticks.timestamp.tolist(),
        "kind": ticks.kind.tolist(),
        "price": [price.hex() for price in ticks.price.tolist()],
        "volume": ticks.volume.tolist(),
        "condition": conditions,
        "security": [parsed.securities[code] for code in parsed.security] if parsed.security is not None else None,
        "rejects": [(each.row, each.cells, each.rule) for each in parsed.rejects],
    }


def by_columns(text: bytes, dialect: Dialect, columns: Columns) -> Parsed:
    block = read_block(text, dialect, columns, RULES)
    judge = Judge(columns, RULES)
    for place, cells in block.odd:
        judge.judge(place + 1, cells)
    return judge.parsed(0, replace(block.ticks, rows=block.ticks.rows + 1))


def by_rows(text: str, dialect: Dialect, columns: Columns) -> Parsed:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    cells = ((number, cells_of(row, dialect, columns)) for number, row in enumerate(rows, start=1))
    return judge_rows(cells, columns, 0, RULES)


def assert_same(text: str, dialect: Dialect, columns: Columns = COLUMNS) -> Parsed:
    parsed = by_columns(text.encode(), dialect, columns)
    assert columns_of(parsed) == columns_of(by_rows(text, dialect, columns))
    return parsed


@given(
    rows=st.lists(st.tuples(times, kinds, numbers, numbers).map(list), min_size=1, max_size=8),
    clean=st.integers(0, 5),
    mark=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", ".")]),
    end=st.sampled_from(["\n", "\r\n"]),
    unclear=st.sampled_from([(), (3,), (2, 3)]),
)
@example([["2025-05-14 10:00:01", "BID", "17.3", "1000"]], 0, (",", "."), "\n", ())
def test_columns_are_read_as_their_rows(
    rows: list[list[str]], clean: int, mark: tuple[str, str], end: str, unclear: tuple[int, ...]
) -> None:
    good = ["2025-05-14 10:00:01", "BID", f"17{mark[1]}3", "100"]
    assert_same(as_text([good] * clean + rows, mark[0], end), Dialect(*mark, 4, unclear=frozenset(unclear)))


@given(rows=st.lists(st.tuples(kinds, times, numbers, numbers, labels, labels).map(list), min_size=1, max_size=8))
def test_securities_and_conditions_are_read_as_their_rows(rows: list[list[str]]) -> None:
    assert_same(as_text(rows), Dialect(",", ".", 6), ALL_COLUMNS)


@given(
    lines=st.lists(st.sampled_from([*LINES, "2025-05-14 10:00:02,ASK,17.4,5", '2025-05-14,BID,1,"2\n"']), min_size=1),
    width=st.sampled_from([4, 5, 6]),
    headers=st.sampled_from([0, 4, 5]),
)
def test_rows_of_other_lengths_are_read_as_their_rows(lines: list[str], width: int, headers: int) -> None:
    assert_same("\n".join([*lines, ""]), Dialect(",", ".", width, headers, (4,) if headers > 4 else ()))


def test_a_decimal_comma_is_read_where_semicolons_stand_between_cells() -> None:
    text = as_text([["2025-05-14 10:00:01", "BID", "17,3", "1000"], ["2025-05-14 10:00:02", "ASK", "1.234", "5"]], ";")
    parsed = assert_same(text, Dialect(";", ",", 4))
    assert parsed.ticks.price.tolist() == [17.3]
    assert [(each.row, each.cells[2], each.rule) for each in parsed.rejects] == [(2, "1.234", "price not a number")]


def test_a_comma_between_digits_is_neither_of_two_things_where_semicolons_stand_between_cells() -> None:
    parsed = assert_same(as_text([["2025-05-14 10:00:01", "BID", "17.3", "1,000"]], ";"), Dialect(";", ".", 4))
    assert [each.rule for each in parsed.rejects] == ["size not a number"]


def test_thousands_of_empty_columns_behind_the_ticks_do_not_matter() -> None:
    line = "2025-05-14 10:00:01,BID,17.3,1000" + "," * 5_000 + "\n"
    parsed = assert_same(line * 30, Dialect(",", ".", 5_004))
    assert parsed.ticks.price.tolist() == [17.3] * 30


def test_what_is_no_unicode_is_windows_latin() -> None:
    text = "2025-05-14 10:00:01,BID,17.3,1000,caf\u00e9,FAB\n" * 2
    columns = Columns(0, 1, 2, 3, security=5, condition=4)
    parsed = by_columns(text.encode("cp1252"), Dialect(",", ".", 6), columns)
    assert columns_of(parsed) == columns_of(by_rows(text, Dialect(",", ".", 6), columns))
    assert parsed.ticks.conditions == ("", "caf\u00e9")


def test_a_quote_that_nothing_closes_is_an_error_and_swallows_no_rows() -> None:
    row = "2025-05-14 10:00:01,BID,17.3,1000,{}\n"
    text = row.format('"note') + row.format("") * 50
    with pytest.raises(UnreadableSheet, match=r"no quote closes it, in the row '2025-05-14 10:00:01'"):
        read_block(text.encode(), Dialect(",", ".", 5), COLUMNS, RULES)


def test_a_clean_block_needs_no_judge() -> None:
    block = read_block(b"2025-05-14 10:00:01,BID,17.3,1000\n" * 3, Dialect(",", ".", 4), COLUMNS, RULES)
    assert (block.records, block.odd, block.ticks.rows.tolist()) == (3, [], [0, 1, 2])
    assert np.array_equal(block.ticks.moments, [1_747_216_801_000] * 3)
