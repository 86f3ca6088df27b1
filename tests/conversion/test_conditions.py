"""Condition codes of a workbook's column are kept beside the ticks, alike by every reader; none leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion.headers import find_blocks
from pipeline.conversion.stage import convert
from pipeline.store.parquet import read_table
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import (
    HEADERS,
    TITLES,
    Cell,
    error,
    number,
    read_both,
    rows_xml,
    shared,
    text,
    tick,
    write_book,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.ticks import Ticks

FAB: Final = "FAB UH Equity"


def sheet(cells: Sequence[Cell | None], header: str = "Condition Codes", start: float = 45761.5) -> str:
    """Return a sheet of ticks, a minute apart, with these cells behind them."""
    ticks = [(*tick(start + at / 1440), cell) for at, cell in enumerate(cells)]
    return rows_xml([*TITLES, (*HEADERS, text(header)), *ticks])


def conditions_of(ticks: Ticks) -> list[str] | None:
    """Return the text of each tick's condition, None where no tick has one."""
    return None if ticks.condition is None else [ticks.conditions[code] for code in ticks.condition.tolist()]


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        ("Condition Codes", True),
        ("CONDITION CODE", True),
        ("condition_code", True),
        (" Cond ", True),
        ("Conditional", False),
        ("Exchange Code", False),
    ],
)
def test_the_column_is_known_by_its_header(header: str, *, is_one: bool) -> None:
    columns = find_blocks({3: dict(enumerate(("Dates", header, "Type", "Price", "Size")))})[0].columns
    assert columns.condition == (1 if is_one else None)
    assert columns.used == (0, 2, 3, 4)


def test_two_such_columns_are_none() -> None:
    columns = find_blocks({3: dict(enumerate(("Dates", "Type", "Price", "Size", "Cond", "Condition Codes")))})[
        0
    ].columns
    assert columns.condition is None


CELLS: Final[dict[str, tuple[list[Cell | None], list[str] | None]]] = {
    "texts of the table": ([shared(1), None, shared(0), shared(1)], ["XT", "", "OB,AB", "XT"]),
    "texts in the cells": ([text(" XT "), None, text("OB")], ["XT", "", "OB"]),
    "none at all": ([None, None], None),
    "numbers": ([number(7), text("XT"), None], ["7", "XT", ""]),
    "an error": ([error("#N/A"), text("XT")], ["", "XT"]),
}


@pytest.mark.parametrize("case", CELLS)
def test_every_reader_reads_the_same(tmp_path: Path, case: str) -> None:
    cells, expected = CELLS[case]
    book = write_book(tmp_path / "t.xlsx", {FAB: sheet(cells)}, texts=("OB,AB", "XT"))
    fast, by_row = read_both(book)
    assert fast is not None
    for parsed in (fast, by_row):
        assert (conditions_of(parsed.ticks) or [""] * len(cells)) == (expected or [""] * len(cells))
    convert([book], tmp_path / "store")
    ticks = read_ticks(tmp_path / "store" / "FAB.parquet")
    assert conditions_of(ticks) == expected
    assert list(ticks.conditions) == sorted(ticks.conditions)
    assert ("condition" in read_table(tmp_path / "store" / "FAB.parquet").column_names) == (expected is not None)


def test_sheets_with_and_without_the_column_are_joined(tmp_path: Path) -> None:
    sheets = [
        sheet([text("XT"), None]),
        sheet([None, None], header="Note", start=45762.5),
        sheet([text("OB"), text("XT")], start=45763.5),
    ]
    books = [write_book(tmp_path / f"{number}.xlsx", {FAB: xml}) for number, xml in enumerate(sheets)]
    convert(books, tmp_path / "store")
    assert conditions_of(read_ticks(tmp_path / "store" / "FAB.parquet")) == ["XT", "", "", "", "OB", "XT"]


def test_without_a_condition_the_file_has_the_bytes_of_one_without_the_column(tmp_path: Path) -> None:
    rows = [(*tick(45761.5 + at / 1440),) for at in range(3)]
    digests = []
    for name, xml in (("with", sheet([None] * 3)), ("without", rows_xml([*TITLES, HEADERS, *rows]))):
        convert([write_book(tmp_path / f"{name}.xlsx", {FAB: xml})], tmp_path / name)
        table = read_table(tmp_path / name / "FAB.parquet")
        digests.append((table.column_names, table.to_pylist()))
    assert digests[0] == digests[1]
