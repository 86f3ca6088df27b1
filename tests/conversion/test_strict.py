"""convert --strict: a rejected row is an error of its sheet that names it; nothing of the sheet is put in place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.conversion.stage import convert
from tests.conversion.books import error, number, row_xml, serial, text, tick, tick_sheet, write_book

FAB, ALDAR = "FAB UH Equity", "ALDAR UH Equity"
ROOT = Path(__file__).parents[2]
BAD = (serial("45761.5"), text("BID"), error("#N/A"), None)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    sheets = {
        FAB: tick_sheet(tick(), (), BAD, tick(), (*tick()[:3], number(-1))),
        ALDAR: tick_sheet(tick(), (), tick()),
    }
    return write_book(tmp_path / "t.xlsx", sheets)


def test_a_rejected_row_is_named_with_rule_and_cells_and_the_other_sheets_stand(tmp_path: Path, book: Path) -> None:
    result = convert([book], tmp_path / "store", strict=True)
    assert [row.status for row in result.rows] == ["failed", "converted"]
    assert str(result.rows[0].error) == (
        "t.xlsx, sheet 'FAB UH Equity': 2 of 4 rows rejected (1 price not a number, 1 size negative; none may be). "
        "Row 6 (price not a number): time '2025-04-14 12:00:00', type 'BID', price '#N/A', no size. Bloomberg has not "
        "answered where a cell says #N/A or #NAME?: open the workbook beside the terminal, let the sheet fill, save it "
        "and convert it again. Or leave such rows out: --max-rejects 0.5."
    )
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["ALDAR.parquet", "catalog.json"]


def test_without_it_the_same_row_is_kept_aside(tmp_path: Path, book: Path) -> None:
    assert not convert([book], tmp_path / "store", max_rejects=0.5).failed


def test_a_sheet_that_was_converted_with_rejects_is_not_passed_over_as_unchanged(tmp_path: Path, book: Path) -> None:
    convert([book], tmp_path / "store", max_rejects=0.5)
    before = {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    result = convert([book], tmp_path / "store", strict=True)
    assert [row.status for row in result.rows] == ["failed", "unchanged"]
    assert "Row 6 (price not a number)" in str(result.rows[0].error)
    assert {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()} == before


def test_a_long_text_is_quoted_short(tmp_path: Path) -> None:
    rows = tick_sheet(tick()) + row_xml(1_048_576, (text("x" * 500), *tick()[1:]))
    result = pipeline.convert(write_book(tmp_path / "t.xlsx", {FAB: rows}), tmp_path / "store", strict=True)
    message = str(result.rows[0].error)
    assert "1 of 2 rows rejected" in message
    assert "Row 1048576 (unreadable time): time 'xxx" in message
    assert len(message) < 600


def test_the_command_line_says_it_and_ends_with_1(tmp_path: Path, book: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "convert",
        str(book),
        "--parquet-dir",
        str(tmp_path / "store"),
        "--strict",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "Row 6 (price not a number)" in done.stderr
