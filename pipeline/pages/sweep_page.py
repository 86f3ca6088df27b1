"""The page of a sweep, made from its folder: the best settings, how far to trust them, and the settings to explore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.metrics.figure import ANNUALISED_FROM
from pipeline.numbers import amounts_in, counted, currency
from pipeline.pages import sweep_tables as tables
from pipeline.pages import sweep_words as words
from pipeline.pages.cells import Lines, clipped, lines
from pipeline.pages.page import render
from pipeline.pages.sweep_charts import OF_AMOUNTS, TITLES, sweep_charts
from pipeline.pages.sweep_luck import luck_block, luck_by_security
from pipeline.pages.sweep_reader import read_sweep
from pipeline.pages.sweep_settings import page_data, select
from pipeline.runs.run_money import money_of

if TYPE_CHECKING:
    from pipeline.pages.sweep_reader import RecordedSweep
    from pipeline.pages.sweep_tables import Row
    from pipeline.store.path import AnyPath

TABLE_CELLS: Final = 1_500
"""Cells up to which a table has a row for each security; of more it has the first, and says so."""


def sweep_page(directory: AnyPath) -> bytes:
    """Return the page of a sweep's folder, made from its files alone.

    Raises:
        UnknownRun: The folder is no sweep's.
        DamagedRun: Its files are not whole.
    """
    sweep = read_sweep(directory)
    with amounts_in(money_of(sweep.manifest).shown):
        return _page_of(sweep)


def _page_of(sweep: RecordedSweep) -> bytes:
    by = sweep.objective
    choice = tables.choice_rows(sweep, by) if sweep.parted else []
    selection = select(sweep)
    data = page_data(sweep, selection, choice)
    charts = sweep_charts(sweep, data["start"])
    headings, best = tables.best_rows(sweep)
    return render(
        "sweep.html.j2",
        {"charts": charts, "sweep": data},
        scripts=("sweep.js",),
        title=f"Sweep of {words.joined(sweep.manifest['strategies'])}",
        sweep=sweep,
        selection=selection,
        start=data["start"],
        charts=charts,
        titles={name: f"{title} ({currency()})" if name in OF_AMOUNTS else title for name, title in TITLES.items()},
        currency=currency(),
        main=sweep.figure(sweep.main),
        by=sweep.figure(f"test_{by}") if sweep.parted else None,
        summary=words.summary(sweep),
        luck=luck_block(sweep),
        by_security=luck_by_security(sweep),
        verdict=words.verdict(sweep, choice),
        tiles=tables.tiles(sweep, choice),
        best=_cut(best),
        headings=headings,
        unchosen=[words.view_name(view) for view in sweep.views if sweep.chosen(view) is None],
        choice=_cut(choice),
        walk=_cut(tables.walk_rows(sweep)),
        axes=tables.axis_rows(sweep),
        failures=sweep.failures[: tables.FEW],
        warnings=lines(clipped(warning) for warning in sweep.manifest.get("warnings", ())),
        failed=sum(failure.count for failure in sweep.failures),
        same_execution=words.same_execution(sweep),
        few_days=ANNUALISED_FROM if sweep.few_days else "",
        view_name=words.view_name,
        counted=counted,
    )


def _cut(rows: list[Row]) -> Lines:
    """Return the rows that a table has room for."""
    cells = max((len(row.cells) + len(row.values) + 2 for row in rows), default=1)
    return lines(rows, max(2, TABLE_CELLS // cells))
