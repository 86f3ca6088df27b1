"""Makes the page of a finished run from its folder, with an image of each chart when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.pages.backtest_page import backtest_page, page_charts
from pipeline.pages.charts import TITLES
from pipeline.pages.page import chart_text
from pipeline.pages.static_figure import plain_figure
from pipeline.runs.layout import CHARTS_FOLDER, REPORT_FILE, RUN_FILE
from pipeline.runs.manifest import add_files
from pipeline.store.atomic import write_bytes

if TYPE_CHECKING:
    from pipeline.store.path import AnyPath


def remake(folder: AnyPath, *, png: bool = False) -> None:
    """Write the page of a run folder, from its files; png: also `charts/*.png`.

    What is written is listed in `run.json`, so that the next run into this folder removes it. Raises UnknownRun,
    UnfinishedRun, DamagedRun, NewerRun, OutputNotWritable; with png also MissingExtra and NoBrowser.
    """
    write_bytes(folder / REPORT_FILE, backtest_page(folder), durable=False)
    figures = _figures(folder) if png else {}
    add_files(folder / RUN_FILE, [REPORT_FILE, *figures])
    if png:
        from pipeline.pages.images import write_pngs  # only what draws images needs it

        write_pngs(folder, figures)


def _figures(folder: AnyPath) -> dict[str, dict[str, Any]]:
    """Return every chart of the page by the name of its image."""
    data, panels = page_charts(folder)
    figures = {}
    for name in data["charts"]:
        ticker = panels.get(name)
        title = (
            TITLES[name] if ticker is None else f"{chart_text(ticker)}: price with fills, position, equity, drawdown"
        )
        file = name if ticker is None else f"security_{ticker}"
        figures[f"{CHARTS_FOLDER}/{file}.png"] = plain_figure(data, name, title)
    return figures
