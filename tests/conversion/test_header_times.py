"""Which of several columns of times is read, and that columns beside the ticks are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.conversion.stage import convert
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import Cell, number, rows_xml, serial, text, write_book

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.conversion.result import ConvertResult

FAB: Final = "FAB UH Equity"
MS: Final = [637 + 1000 * second for second in range(30)]
"""Of each tick, after 2025-04-14 10:00."""

DAY: Final = 45761.0
"""2025-04-14 as Excel's number."""
_START_NS: Final = 1_744_588_800_000_000_000
_CLOCK: Final = "10:00:{:02}.637"
_FULL: Final = "2025-04-14 " + _CLOCK
_TICK: Final = {"Type": "BID", "Price": "17.3", "Size": "100"}

TIMES: Final[dict[str, tuple[dict[str, str], str | None]]] = {
    "minutes to the right": ({"Dates": _FULL, **_TICK, "Time": "10:00"}, None),
    "another clock to the right": (
        {"Dates": _FULL, **_TICK, "Condition Codes": "R6", "Trade Time": "2025-04-14 14:00:{:02}"},
        "the column 'Trade Time' (F) is not read, since 'Dates' is there too",
    ),
    "another day to the right": (
        {"Time": _FULL, **_TICK, "Trade Date": "2025-04-11"},
        "the column 'Trade Date' (E) is not read, since 'Time' is there too",
    ),
    "the settlement to the right": ({"Time": _FULL, **_TICK, "Date": "2025-04-16"}, None),
    "whole seconds beside": (
        {"Dates": _FULL, "Time": "10:00:{:02}", **_TICK},
        "the column 'Time' (B) is not read, since 'Dates' is there too",
    ),
    "days beside whole times": (
        {"Date": "2025-04-14", "Time": _FULL, **_TICK},
        "the column 'Date' (A) is not read, since 'Time' is there too",
    ),
    "a day and its time of day": ({"Date": "2025-04-14", "Time": _CLOCK, **_TICK}, None),
    "the day to the right": ({"Time": _CLOCK, **_TICK, "Date": "2025-04-14"}, None),
    "the time of day to the right": ({"Date": "2025-04-14", **_TICK, "Time": _CLOCK}, None),
    "the time of day behind another column": ({"Date": "2025-04-14", **_TICK, "Exch": "UH", "Time": _CLOCK}, None),
    "the time of day behind an empty column": ({"Date": "2025-04-14", **_TICK, "": "", "Time": _CLOCK}, None),
    "the day behind another column": ({"Time": _CLOCK, **_TICK, "Exch": "UH", "Date": "2025-04-14"}, None),
    "prices and sizes to the left": ({"Price": "18.1", "Volume": "9", "": "", "Dates": _FULL, **_TICK}, None),
    "a clock to the left": ({"Time": "09:00", "": "", "Dates": _FULL, **_TICK}, None),
    "a day and an empty column": ({"Date": "2025-04-14", "": "", "Time": _CLOCK, **_TICK}, None),
    "an empty column between": ({"Dates": _FULL, "": "", **_TICK}, None),
}

REFUSED: Final[dict[str, tuple[dict[str, str], str]]] = {
    "two clocks": (
        {"Dates": _FULL, "Local Time": "2025-04-13 20:00:{:02}", **_TICK},
        "row 1 has two columns for time, 'Dates' and 'Local Time'",
    ),
    "milliseconds in one of two": (
        {"Dates": "2025-04-14 10:00:{:02}", "Time": _CLOCK, **_TICK},
        "row 1 has two columns for time, 'Dates' and 'Time'",
    ),
    "seconds since midnight": (
        {"Date": "2025-04-14", "Time": "360{:02}.637", **_TICK},
        "seconds since midnight become one by =B2/86400",
    ),
    "seconds since midnight to the right": (
        {"Date": "2025-04-14", **_TICK, "Time": "360{:02}.637"},
        "seconds since midnight become one by =B2/86400",
    ),
    "digits of a time": ({"Date": "2025-04-14", "Time": "1000{:02}", **_TICK}, "100001 for 10:00:01 by =TIME("),
    "seconds since midnight without a date": (
        {"Time": "360{:02}.637", **_TICK},
        "the numbers below 'Time' (A1) would be dates of all days of the week",
    ),
    "a clock of another name": (
        {"Date": "2025-04-14", "Clock": _CLOCK, **_TICK},
        "'Clock' (B1) holds times of day: name that column Time",
    ),
    "a clock of another name to the right": (
        {"Date": "2025-04-14", **_TICK, "Exch": "UH", "Clock": _CLOCK},
        "'Clock' (F1) holds times of day: name that column Time",
    ),
    "another day": (
        {"Date": "2025-04-11", "Time": _FULL, **_TICK},
        "Its two cells are not a day and a time of day",
    ),
}  # fmt: skip


def cell_of(value: str) -> Cell | None:
    """A cell as Excel has it: numbers as numbers, one that a date format shows for a day."""
    if not value:
        return None
    if value == "2025-04-14":
        return serial(DAY)
    return number(value) if value.replace(".", "").isdigit() else text(value)


def converted(folder: Path, columns: dict[str, str], kind: str) -> ConvertResult:
    rows = [tuple(form.format(second) for form in columns.values()) for second in range(30)]
    if kind == "xlsx":
        sheet = rows_xml([[cell_of(each) for each in row] for row in (tuple(columns), *rows)])
        path = write_book(folder / "t.xlsx", {FAB: sheet})
    elif kind == "parquet":
        path = folder / f"{FAB}.parquet"
        pq.write_table(pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))), path)
    else:
        path = folder / f"{FAB}.csv"
        path.write_text("\n".join([",".join(columns), *map(",".join, rows)]), encoding="utf-8")
    return convert([path], folder / "store")


@pytest.mark.parametrize("kind", ["xlsx", "csv", "parquet"])
@pytest.mark.parametrize("case", TIMES)
def test_the_column_that_holds_the_times_of_the_ticks_is_read(tmp_path: Path, case: str, kind: str) -> None:
    columns, said = TIMES[case]
    result = converted(tmp_path, columns, kind)
    assert result.failed == ()
    ticks = read_ticks(tmp_path / "store" / "FAB.parquet")
    assert ticks.timestamp.tolist() == [_START_NS + (36_000_000 + ms) * 1_000_000 for ms in MS]
    assert (set(ticks.price.tolist()), set(ticks.volume.tolist())) == ({17.3}, {100})
    told = [warning for warning in result.warnings if "not read" in warning]
    assert [said in warning for warning in told if said] == ([True] if said else [])


@pytest.mark.parametrize("kind", ["xlsx", "csv", "parquet"])
@pytest.mark.parametrize("case", REFUSED)
def test_columns_of_times_that_contradict_each_other_are_refused(tmp_path: Path, case: str, kind: str) -> None:
    columns, said = REFUSED[case]
    (row,) = converted(tmp_path, columns, kind).failed
    if kind == "parquet":  # whose names of columns are no row
        said = re.sub(r"(?<=[A-F])1\)", ")", said.replace("row 1", "it"))
    assert said in str(row.error)
    assert not list(tmp_path.glob("store/*.parquet"))


def test_a_day_that_has_a_time_of_day_of_its_own_further_down_is_rejected(tmp_path: Path) -> None:
    rows = ["Date,Time,Type,Price,Size"]
    rows += [f"2025-04-14{' 09:00:00' * (second == 25)},10:00:{second:02},BID,17.3,100" for second in range(30)]
    path = tmp_path / f"{FAB}.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    (row,) = convert([path], tmp_path / "store").rows
    assert (row.ticks, row.rejects) == (29, {"unreadable time": 1})
