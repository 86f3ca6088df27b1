"""What `convert` says on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.console.screens import to_pipe
from tests.conversion.books import tick, tick_sheet, write_book

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_wrong_with_several_sheets_together_is_said_once(tmp_path: Path) -> None:
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    for name in ("a", "b"):
        write_book(raw / f"{name}.xlsx", {"FAB UH Equity": tick_sheet(tick(), tick(), tick())})
    output = to_pipe("convert", cwd=tmp_path)
    assert output.status == 1
    assert output.err.count("hold ticks of the same time") == 1
