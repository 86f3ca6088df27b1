"""The same ticks come out of a workbook whichever program wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.layout import blocks_of
from pipeline.conversion.stage import convert
from pipeline.conversion.verify import read_by_openpyxl
from pipeline.store.tick_file import read_ticks
from tests.writers.forms import IMITATED, Form
from tests.writers.libraries import LIBRARIES
from tests.writers.made_ticks import KINDS, made_ticks
from tests.writers.package import write_form

TICKS = made_ticks(600)
WRITTEN = sorted((Path(__file__).parents[1] / "writers" / "written").glob("*.[xo]*"))
NOT_OPENPYXLS = ("part names in another case", "backslashes in part names")


def ticks_in(store: Path) -> list[tuple[float, str, float, int]]:
    ticks = read_ticks(store / "FAB.parquet")
    kinds = [KINDS[code] for code in ticks.kind.tolist()]
    return list(zip((ticks.timestamp / 1e9).tolist(), kinds, ticks.price.tolist(), ticks.volume.tolist(), strict=True))


@pytest.mark.parametrize("form", IMITATED, ids=lambda form: form.name)
def test_every_form_of_a_sheet_holds_the_same_ticks(tmp_path: Path, form: Form) -> None:
    expected = write_form(tmp_path / "t.xlsx", form, TICKS)
    (row,) = convert([tmp_path / "t.xlsx"], tmp_path / "store").rows
    assert ticks_in(tmp_path / "store") == expected.plain()
    assert sum(row.rejects.values()) == len(TICKS) - len(expected) + bool(form.last)


@pytest.mark.parametrize(
    "form", [form for form in IMITATED if form.name not in NOT_OPENPYXLS], ids=lambda form: form.name
)
def test_openpyxl_reads_every_form_alike(tmp_path: Path, form: Form) -> None:
    """Or the form would not be what it says."""
    expected = write_form(tmp_path / "t.xlsx", form, TICKS)
    workbook = open_workbook(tmp_path / "t.xlsx")
    parsed = read_by_openpyxl(workbook, workbook.sheets[0], *blocks_of(workbook, workbook.sheets[0]))
    assert (parsed.ticks.timestamp // 10**9).tolist() == expected.seconds.tolist()
    assert parsed.ticks.price.tolist() == expected.price.tolist()


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_here_writes_what_is_read(tmp_path: Path, library: str) -> None:
    LIBRARIES[library](tmp_path / "t.xlsx", TICKS)
    convert([tmp_path / "t.xlsx"], tmp_path / "store")
    assert ticks_in(tmp_path / "store") == TICKS.plain()


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name)
def test_workbooks_of_programs_that_are_not_here_hold_the_same_ticks(tmp_path: Path, file: Path) -> None:
    convert([file], tmp_path / "store")
    assert ticks_in(tmp_path / "store") == TICKS.plain()
