"""Which files of `data/raw` are converted, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.conversion.plan import find_workbooks, not_taken, open_all
from pipeline.errors import NotAWorkbook


def test_a_folder_of_workbooks_is_named_and_not_looked_into(tmp_path: Path) -> None:
    names = ("may/FAB.csv", "may/first week/a.xlsx", ".checkpoints/a.csv", "notes/a.md", "desktop.ini", "~WRL1.tmp")
    for name in (*names, "b.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_workbooks(tmp_path) == [tmp_path / "b.csv"]
    (said,) = not_taken(tmp_path)
    assert said == (
        f"{tmp_path / 'may'} was not looked into, and holds workbooks or tables (2): move them into {tmp_path} itself, "
        "or name them on the command line."
    )


def test_a_link_to_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "FAB UH Equity.xlsx").symlink_to(tmp_path / "share" / "FAB UH Equity.xlsx")
    assert find_workbooks(tmp_path) == []
    (said,) = not_taken(tmp_path)
    assert said.startswith(f"{tmp_path / 'FAB UH Equity.xlsx'} was not converted: it is a link to a file that is not")


def test_a_name_that_no_file_of_the_store_can_hold_is_refused() -> None:
    with pytest.raises(NotAWorkbook, match=r"\?\.xlsx: its path has letters that are not UTF-8"):
        open_all([Path("\udcff.xlsx")])
