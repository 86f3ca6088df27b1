"""A sheet's rejected rows in, the error that names the first of them out: for who takes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import RejectedRows, shown

if TYPE_CHECKING:
    from pipeline.convert.ticks import Parsed


def refuse_rejects(parsed: Parsed) -> None:
    """Raise RejectedRows with row, rule and cells of the first rejected row; nothing when there is none."""
    if not parsed.rejects:
        return
    first, count = parsed.rejects[0], len(parsed.rejects)
    cells = zip(("time", "type", "price", "size"), first.cells, strict=True)
    told = ", ".join(f"{name} '{shown(text)}'" if text else f"no {name}" for name, text in cells)
    others = "It is the only such row" if count == 1 else f"{count:,} rows are no ticks"
    raise RejectedRows(f"row {first.row} is no tick ({first.rule}): {told}. {others}, and --strict takes none.")
