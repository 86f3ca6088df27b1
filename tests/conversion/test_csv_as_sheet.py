"""A CSV file gives the ticks, rejects and remarks of a sheet that holds the same cells."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pipeline
from pipeline.store.catalog import read_catalog
from pipeline.store.parquet import read_table
from tests.conversion.books import Cell, number, tick_sheet, write_book
from tests.conversion.books import text as text_cell

if TYPE_CHECKING:
    from pathlib import Path

NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
times = st.sampled_from(
    [
        "2025-05-14 10:00:01",
        "2025-05-14T06:00:02.123456789Z",
        "14-May-2025 10:00",
        "13/05/2025 09:00",
        "06/05/2025 09:00",
    ]
) | st.sampled_from(["05/13/2025 10:00", "", "x", "45791.5", "1747216801123", "99", "#N/A N/A", "2025-02-30 10:00:00"])
kinds = st.sampled_from(["BID", "ASK", "TRADE", "best_bid", "AT_TRADE", "T", "", "SETTLE"])
numbers = st.sampled_from(["17.3", "0", "-1", "", "1e", "12,345.67", "17,300", "1,000", "250.5", "AED 5", "17,30"])
# A row that is not whole has no say in the order of day and month, and may be rejected for one thing or the other.
row = st.tuples(times, kinds, numbers, numbers).map(lambda cells: cells if all(cells) else ("2025-05-14", *cells[1:]))
clean = st.tuples(st.sampled_from(["2025-05-14 10:00:01", "13/05/2025 09:00"]), kinds, *[st.just("17")] * 2)


def as_cell(text: str) -> Cell | None:
    return number(text) if NUMBER.fullmatch(text) else text_cell(text) if text else None


def outcome(path: Path) -> object:
    """What a conversion of a file leaves, without its name."""
    store = path.parent / f"{path.suffix}-store"
    [converted] = pipeline.convert(path, store, max_rejects=1.0, force=True).rows
    if converted.status == "failed":
        return re.sub(r"^\S+?(, sheet '[^']*')?: ", "", re.sub("FAB UH Equity(.csv|.xlsx)", "F", converted.error or ""))
    rejects = store / "FAB.rejects.parquet"
    kept = read_table(rejects).drop_columns(["workbook", "sheet"]).to_pylist() if converted.rejects else []
    counts = (converted.rows, converted.ticks, converted.blank, converted.rejects)
    [source] = read_catalog(store)["FAB"].sources
    return counts, read_table(store / "FAB.parquet").to_pylist(), kept, source.remarks


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(row | clean, min_size=1, max_size=7))
def test_cells_mean_the_same_in_both(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["FAB UH Equity"], ["made up"], ["Dates", "Type", "Price", "Size"], *rows])
    (tmp_path / "FAB UH Equity.csv").write_text(text.getvalue())
    sheet = tick_sheet(*[[as_cell(cell) for cell in cells] for cells in rows])
    write_book(tmp_path / "FAB UH Equity.xlsx", {"FAB UH Equity": sheet})
    assert outcome(tmp_path / "FAB UH Equity.csv") == outcome(tmp_path / "FAB UH Equity.xlsx")


@pytest.mark.parametrize("size", ["5k", "1.000.000", "12 000"])
def test_a_size_that_is_no_plain_number_is_read_or_refused_as_in_a_sheet(tmp_path: Path, size: str) -> None:
    rows = [("2025-05-14 10:00:01", "BID", "17.3", "5"), ("2025-05-14 10:00:02", "BID", "17.3", size)]
    test = test_cells_mean_the_same_in_both.hypothesis.inner_test  # type: ignore[attr-defined]
    test(tmp_path, rows)
