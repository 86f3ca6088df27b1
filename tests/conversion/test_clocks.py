"""Times with an offset are put on the clock of their exchange, and times that lost their seconds are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.verify import verify_each
from pipeline.store.catalog import read_catalog
from pipeline.store.tick_file import read_ticks
from pipeline.times import moment_of
from tests.conversion.books import HEADERS, number, rows_xml, text, write_book
from tests.conversion.test_tables import TEXT, convert, converted

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "zone", "clock"),
    [
        ("VOD LN Equity.csv", "Europe/London", "2025-04-14 09:00"),
        ("PETR4 BZ Equity.csv", "UTC", "2025-04-14 08:00"),
        ("600519 CG Equity.csv", "UTC", "2025-04-14 08:00"),
    ],
)
def test_times_with_a_zone_are_put_on_the_clock_of_each_exchange_and_of_none_that_no_file_knows(
    tmp_path: Path, name: str, zone: str, clock: str
) -> None:
    row = converted(tmp_path, TEXT.replace(" 12:", "T08:").replace(",BID", "Z,BID"), name)
    entry = read_catalog(tmp_path / "store")[row.ticker]
    assert entry.sources[0].remarks == (f"times with a time zone, put on the exchange's clock ({zone}): 20",)
    [first, *_] = read_ticks(tmp_path / "store" / f"{row.ticker}.parquet").timestamp.tolist()
    assert moment_of(first).strftime("%Y-%m-%d %H:%M") == clock
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]


def test_rows_of_several_securities_are_put_on_the_one_clock_of_their_exchange_or_refused(tmp_path: Path) -> None:
    header, *lines = TEXT.replace(" 12:", "T08:").replace(",BID", "Z,BID").splitlines()

    def table(*names: str) -> str:
        named = [f"{line},{names[number % len(names)]}" for number, line in enumerate(lines)]
        return "\n".join([f"{header},Ticker", *named, ""])

    path = _written(tmp_path, table("VOD LN Equity", "HSBA LN Equity"))
    convert(path)
    done = convert(path)
    assert [row.status for row in done.rows] == ["unchanged", "unchanged"]
    first = read_ticks(tmp_path / "store" / "VOD.parquet").timestamp[0]
    assert moment_of(int(first)).strftime("%H:%M") == "09:00"
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None, None]
    [row] = convert(_written(tmp_path, table("VOD LN Equity", "FAB UH Equity"))).rows
    assert row.status == "failed"
    assert "several clocks: FAB UH Equity on Asia/Dubai, VOD LN Equity on Europe/London" in (row.error or "")


def _written(folder: Path, content: str) -> Path:
    path = folder / "many.csv"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("last", "rows", "is_told"), [("11:39", 100, True), ("11:39:01", 100, False), ("11:39", 99, False)]
)
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_times_that_lost_their_seconds_are_told(tmp_path: Path, kind: str, last: str, rows: int, is_told: bool) -> None:  # noqa: FBT001
    times = [f"2025-05-14 {10 + row // 60}:{row % 60:02}" for row in range(rows - 1)] + [f"2025-05-14 {last}"]
    path = tmp_path / "FAB UH Equity.csv"
    path.write_text("\n".join(["Dates,Type,Price,Size", *(f"{time},BID,17.3,100" for time in times)]), encoding="utf-8")
    if kind == "xlsx":
        cells = [(text(time), text("BID"), number(17.3), number(100)) for time in times]
        path = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": rows_xml([HEADERS, *cells])})
    said = f"all {rows} times are whole minutes"
    assert any(said in warning for warning in convert(path).warnings) == is_told
