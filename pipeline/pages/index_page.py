"""The page of all runs of an output folder, made from its registry: a table to sort and to filter, without charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pipeline.metrics.registry import BY_NAME
from pipeline.numbers import counted, unit_of
from pipeline.pages.cells import clipped, lines
from pipeline.pages.page import render
from pipeline.runs.manifest import FAILED
from pipeline.runs.registry_row import DAMAGED
from pipeline.spark import spark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.runs.registry_row import RunRow, SweepRow

TEMPLATE: Final = "index.html.j2"
MOST_CHANGES: Final = 3


def index_page(rows: Sequence[RunRow], sweeps: Sequence[SweepRow] = ()) -> bytes:
    """Return the page of runs and sweeps; their links lead to folders beside it."""
    complete = [row for row in rows if row.is_complete]
    return render(
        TEMPLATE,
        None,
        title="All runs",
        rows=[(row, spark(row.equity), lines(map(clipped, row.differs), MOST_CHANGES)) for row in rows],
        sweeps=sweeps,
        counted=counted,
        complete=len(complete),
        replaced=sum(row.replaced for row in rows),
        currency=unit_of([row.currency for row in complete] + [row.currency for row in sweeps if row.is_complete]),
        figures=[BY_NAME[name] for name in ("sharpe", "max_drawdown", "fills")],
        link=_link,
        state=_state,
        clipped=clipped,
    )


def _link(row: RunRow | SweepRow) -> str | None:
    """Return where the run's page is, as the address of a file beside this one."""
    return f"{quote(row.name)}/report.html" if row.page else None


def _state(row: RunRow | SweepRow) -> str:
    """Return why a run has no figures, or no page any more; empty for one that has both."""
    if getattr(row, "replaced", False):
        return "a later run is in its folder"
    if row.is_complete:
        return ""
    return {FAILED: "failed", DAMAGED: "cannot be read"}.get(row.status, "not finished")
