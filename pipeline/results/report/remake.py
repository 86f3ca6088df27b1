"""A finished run folder in, its page made anew, and an image of each of its charts where they are asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.errors import OutputNotWritable
from pipeline.results.files import CHARTS_FOLDER, REPORT_FILE, RUN_FILE
from pipeline.results.report.backtest_page import backtest_page, page_charts
from pipeline.results.report.charts import TITLES
from pipeline.results.report.page import chart_text
from pipeline.results.report.plain import plain_figure
from pipeline.store.atomic import write_bytes

if TYPE_CHECKING:
    from pathlib import Path


def remake(folder: Path, *, png: bool = False) -> Path:
    """Write the page of a run folder again, from its files, and return its path; png: also `charts/*.png`.

    What is written is listed in `run.json`, so that the next run into this folder removes it. Raises UnknownRun,
    UnfinishedRun, DamagedRun, NewerRun, OutputNotWritable; with png also MissingExtra and NoBrowser.
    """
    page = folder / REPORT_FILE
    write_bytes(page, backtest_page(folder), durable=False)
    written = [REPORT_FILE]
    if png:
        from pipeline.results.report.images import write_pngs  # noqa: PLC0415 - only what draws images needs it

        figures = _figures(folder)
        _list(folder, [*written, *figures])
        try:
            (folder / CHARTS_FOLDER).mkdir(exist_ok=True)
        except OSError as error:
            raise OutputNotWritable(f"{folder} cannot be written: {error.strerror or error}.") from error
        write_pngs(folder, figures)
    else:
        _list(folder, written)
    return page


def _figures(folder: Path) -> dict[str, dict[str, Any]]:
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


def _list(folder: Path, names: list[str]) -> None:
    """Add to the files that a run folder says it holds."""
    path = folder / RUN_FILE
    run = json.loads(path.read_bytes())
    listed = sorted({*run["files"], *names})
    if listed != run["files"]:
        run["files"] = listed
        write_bytes(path, (json.dumps(run, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())
