"""Which files of `data/raw` are converted, and what is said of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conversion.plan import find_workbooks, not_taken

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_of_workbooks_is_named_and_not_looked_into(tmp_path: Path) -> None:
    for name in ("may/FAB.csv", "may/first week/a.xlsx", ".checkpoints/a.csv", "notes/a.md", "b.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_workbooks(tmp_path) == [tmp_path / "b.csv"]
    (said,) = not_taken(tmp_path)
    assert said == (
        f"{tmp_path / 'may'} was not looked into, and holds workbooks or tables (2): move them into {tmp_path} itself, "
        "or name them on the command line."
    )
