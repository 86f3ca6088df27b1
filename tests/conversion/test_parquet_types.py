"""Parquet columns of every type: read exactly, rejected row by row, or the file is refused and the others are not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pipeline
from pipeline.conversion.verify import verify_each
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import tick, tick_sheet, write_book

if TYPE_CHECKING:
    from pathlib import Path

TIMES: Final = [dt.datetime(2025, 5, 14, 10, 0, second, 637_000) for second in range(20)]  # noqa: DTZ001
MS: Final = [1_747_216_800_637 + 1_000 * second for second in range(20)]
ORDINARY: Final = {"time": TIMES, "type": ["BID"] * 20, "price": [17.3] * 20, "size": [100] * 20}
DAYS: Final = [dt.date(2025, 5, 14)] * 20
LENGTHS: Final = [dt.timedelta(seconds=1)] * 20
LARGE: Final = [2**60] * 20


def write(path: Path, **columns: Any) -> Path:
    named = {name: column for name, column in (ORDINARY | columns).items() if column is not None}
    pq.write_table(pa.table(named), path)
    return path


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"time": pa.array(DAYS)}, "its column 'time' is of the type date32[day]: a time is a timestamp"),
        ({"time": LENGTHS}, "its column 'time' is of the type duration[us]"),
        ({"time": [True] * 20}, "its column 'time' is of the type bool"),
        ({"time": pa.array([1_747_216_801.0] * 20, pa.float32())}, "its column 'time' is of the type float"),
        ({"time": None, "Date": DAYS, "Time": LENGTHS}, "its column 'Time' is of the type duration[us]"),
        ({"price": [True] * 20}, "its column 'price' is of the type bool: prices and sizes are numbers"),
        ({"size": [True] * 20}, "its column 'size' is of the type bool: prices and sizes are numbers"),
        ({"price": LENGTHS}, "its column 'price' is of the type duration[us]"),
        ({"price": [[17.3]] * 20}, "its column 'price' is of the type list<element: double>"),
        ({"price": [{"a": 17.3}] * 20}, "its column 'price' is of the type struct<a: double>"),
        ({"type": [["BID"]] * 20}, "its column 'type' is of the type list<element: string>"),
        ({"type": [b"\xff"] * 20}, "its columns hold what cannot be read: Invalid UTF8 payload"),
        ({"type": [True] * 20}, "20 of 20 rows rejected (20 unknown type)"),
        ({"size": LARGE}, "20 of 20 rows rejected (20 size too large)"),
        ({"size": pa.array(LARGE, pa.uint64())}, "20 of 20 rows rejected (20 size too large)"),
        ({"size": pa.nulls(20)}, "20 of 20 rows rejected (20 size missing)"),
        ({"size": ["1.000"] * 20}, "20 of 20 rows rejected (20 size unclear)"),
        ({"time": [ms / 1000 for ms in MS]}, "20 of 20 rows rejected (20 unreadable time)"),
        ({"time": [ms * 1e6 for ms in MS]}, "only the first digits are left"),
        ({"time": ["1.74722E+12"] * 20}, "only the first digits are left"),
        ({"time": pa.array([2**40] * 20, pa.timestamp("s"))}, "20 of 20 rows rejected (20 unreadable time)"),
        (
            {"time": pa.array([f"{ms / 1000:.3f}" for ms in MS]).cast(pa.decimal128(20, 3))},
            "20 of 20 rows rejected (20 unreadable time)",
        ),
    ],
)
def test_what_is_no_tick_refuses_the_file_and_no_other(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    book = write_book(tmp_path / "a.xlsx", {"EMAAR DH Equity": tick_sheet(*[tick()] * 5)})
    bad = write(tmp_path / "FAB UH Equity.parquet", **columns)
    rows = {row.ticker: row for row in pipeline.convert([book, bad], tmp_path / "store").rows}
    assert (rows["EMAAR"].status, rows["FAB"].status) == ("converted", "failed")
    assert (rows["FAB"].error or "").startswith("FAB UH Equity.parquet: ")
    assert said in (rows["FAB"].error or "")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "FAB UH Equity.parquet"
    names = [*ORDINARY, "price"]
    pq.write_table(pa.table([pa.array(ORDINARY[name]) for name in names], names=names), path)
    [row] = pipeline.convert(path, tmp_path / "store").rows
    assert "two of its columns are called 'price': rename or remove one" in (row.error or "")


@pytest.mark.parametrize(
    ("columns", "hour"),
    [
        ({}, 10),
        ({"time": MS}, 14),
        ({"time": [ms * 1_000_000 for ms in MS]}, 14),
        ({"time": [float(ms) for ms in MS]}, 14),
        ({"time": pa.array([f"{ms}000000.000" for ms in MS]).cast(pa.decimal128(25, 3))}, 14),
        ({"time": pa.array(TIMES).cast(pa.timestamp("ns"))}, 10),
        ({"time": None, "__index_level_0__": TIMES}, 10),
        ({"time": None, "Date": DAYS, "Time": [time.time() for time in TIMES]}, 10),
        ({"type": [b"BID"] * 20, "price": [b"17.3"] * 20}, 10),
        ({"size": pa.array([100] * 20).dictionary_encode()}, 10),
        ({"size": pa.array([100] * 20, pa.uint64())}, 10),
        ({"size": ["100"] * 20}, 10),
        ({"price": pa.array([17.3] * 20, pa.float32())}, 10),
        ({"price": pa.array([17.3] * 20, pa.float32()).dictionary_encode()}, 10),
        ({"bid": [17.2] * 20, "bid_size": [5] * 20, "ask": [17.4] * 20, "ask_size": [5] * 20}, 10),
        ({"condition": [True, False] * 10}, 10),
        ({"note": [[1]] * 20}, 10),
    ],
)
def test_what_says_ticks_exactly_is_read(tmp_path: Path, columns: dict[str, Any], hour: int) -> None:
    [row] = pipeline.convert(write(tmp_path / "FAB UH Equity.parquet", **columns), tmp_path / "store").rows
    assert (row.status, row.ticks, row.rejects) == ("converted", 20, {})
    ticks = read_ticks(tmp_path / "store" / "FAB.parquet")
    times = ticks.timestamp.astype("datetime64[ns]").astype("datetime64[ms]").tolist()
    assert times == [time.replace(hour=hour) for time in TIMES]
    assert (set(ticks.price.tolist()), set(ticks.volume.tolist())) == ({17.3}, {100})
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]


def test_two_other_columns_of_one_name_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "FAB UH Equity.parquet"
    names = ["note", "note", *ORDINARY]
    pq.write_table(pa.table([pa.array(["10:00"] * 20)] * 2 + list(map(pa.array, ORDINARY.values())), names=names), path)
    assert pipeline.convert(path, tmp_path / "store").rows[0].ticks == 20
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]


def test_a_size_that_no_number_of_shares_is_costs_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "FAB UH Equity.parquet", size=[2**60, *[100] * 19])
    [row] = pipeline.convert(path, tmp_path / "store").rows
    assert (row.ticks, row.rejects) == (19, {"size too large": 1})
