"""The page of a sweep, made from its folder: the best settings, how far to trust them, and the settings to explore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.numbers import counted
from pipeline.pages import sweep_rows as tables
from pipeline.pages import sweep_words as words
from pipeline.pages.page import MOST_BYTES, chart_text, render
from pipeline.pages.sections import clipped, lines
from pipeline.pages.sweep_block import BYTES, Block, block_of
from pipeline.pages.sweep_charts import TITLES, sweep_charts
from pipeline.pages.sweep_data import Swept, read_swept
from pipeline.pages.sweep_figures import BY_NAME
from pipeline.pages.sweep_fold import axis_of, first_choice, inside

if TYPE_CHECKING:
    from pipeline.pages.sweep_rows import Row
    from pipeline.store.path import AnyPath

TABLE_CELLS: Final = 1_500
"""Cells up to which a table has a row for each security; of more it has the first, and says so."""

TOP: Final = 15


def sweep_page(directory: AnyPath) -> bytes:
    """Return the page of a sweep's folder, made from its files alone.

    Raises UnknownRun for a folder that is no sweep's, DamagedRun for files that are not whole, MissingExtra without
    plotly.
    """
    swept = read_swept(directory)
    start = first_choice(swept)
    for size in (BYTES, BYTES // 4):
        page = _page(swept, block_of(swept, start, size))
        if len(page) <= MOST_BYTES:
            break
    return page


def page_charts(directory: AnyPath) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the data of a sweep's page, with its charts as they are shown at first, and their titles by name."""
    swept = read_swept(directory)
    block = block_of(swept, first_choice(swept))
    start, charts = block.start, sweep_charts(swept, block)
    held = "".join(f", {name} {axis_of(swept, name).cells[cell]}" for name, cell in start.held.items())
    view = words.view_name(start.view)
    of = f"{BY_NAME[start.figure].label}, {view}{held}"
    said = {**dict.fromkeys(charts, of), "walk": view, "choice": f"{view}{held}"}
    return {"charts": charts}, {name: chart_text(f"{TITLES[name]}: {said[name]}") for name in charts}


def _page(swept: Swept, block: Block) -> bytes:
    charts = sweep_charts(swept, block)
    headings, best = tables.best_rows(swept)
    by = swept.main.removeprefix("train_").removesuffix("_net")
    by = by if by == "sharpe" else "net_pnl"
    choice = tables.choice_rows(swept, by) if swept.parted else []
    return render(
        "sweep.html.j2",
        {"charts": charts, "sweep": block.content},
        scripts=("sweep.js",),
        title=f"Sweep of {words.joined(swept.told['strategies'])}",
        swept=swept,
        block=block,
        start=block.start,
        charts=list(charts),
        map_axes=_map_axes(swept, block),
        holds=[hold[0] for hold in (block.content["maps"] or {}).get("holds", ()) if hold],
        titles=TITLES,
        heights={name: chart["layout"]["height"] for name, chart in charts.items()},
        by=BY_NAME[f"test_{by}"] if swept.parted else None,
        summary=words.summary(swept),
        verdict=words.verdict(swept, choice),
        tiles=tables.tiles(swept, choice),
        best=_cut(best),
        headings=headings,
        unchosen=[words.view_name(view) for view in swept.views if swept.chosen(view) is None],
        choice=_cut(choice),
        walk=_cut(tables.walk_rows(swept)),
        axes=tables.axis_rows(swept),
        failures=tables.failure_rows(swept),
        warnings=lines(clipped(one) for one in swept.told.get("warnings", ())),
        failed=sum(one.count for one in swept.failures),
        top=_top(swept, block),
        same_execution=words.same_execution(swept),
        view_name=words.view_name,
        counted=counted,
    )


def _map_axes(swept: Swept, block: Block) -> list[Any]:
    """Return the axes that maps may have: all, or those that maps were made of."""
    maps = block.content["maps"]
    return [axis for axis in swept.axes if maps is None or axis.name in maps["axes"]]


def _cut(rows: list[Row]) -> dict[str, Any]:
    """Return the rows a table has room for, and how many more there are."""
    each = max((len(row.cells) + len(row.values) + 2 for row in rows), default=1)
    most = max(2, TABLE_CELLS // each)
    return {"rows": rows[:most], "more": max(0, len(rows) - most)}


def _top(swept: Swept, block: Block) -> list[Row]:
    """Return the best settings of the page by the figure it shows at first."""
    start = block.start
    figure = BY_NAME[start.figure]
    values = np.where(inside(swept, start.held), swept.values(start.view, figure.name), np.nan)[block.at]
    rows = []
    for place in tables.top_places(values, figure.better, TOP):
        at = int(block.at[place])
        cells = tuple(tables.Cell(swept.value(start.view, one.name, at), one.form) for one in block.figures)
        rows.append(tables.Row(start.view, int(swept.settings[at]), tables.values_of(swept, at), cells))
    return rows
