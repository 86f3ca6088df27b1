"""Makes the page of a finished sweep from its folder, with an image of each chart when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.pages.static_figure import plain_figure
from pipeline.pages.sweep_page import page_charts, sweep_page
from pipeline.runs.layout import CHARTS_FOLDER, REPORT_FILE
from pipeline.runs.manifest import add_files
from pipeline.store.atomic import write_bytes
from pipeline.sweeps.writer import SWEEP_FILE

if TYPE_CHECKING:
    from pipeline.store.path import AnyPath


def remake_sweep(folder: AnyPath, *, png: bool = False) -> AnyPath:
    """Write the page of a sweep's folder, from its files, and return its path; png: also `charts/*.png`.

    What is written is listed in `sweep.json`, so that the next sweep into this folder removes it. Raises UnknownRun,
    DamagedRun, OutputNotWritable; with png also MissingExtra and NoBrowser.
    """
    page = sweep_page(folder)
    add_files(folder / SWEEP_FILE, [REPORT_FILE], durable=False)
    write_bytes(folder / REPORT_FILE, page, durable=False)
    if png:
        from pipeline.pages.images import write_pngs  # only what draws images needs it

        data, titles = page_charts(folder)
        figures = {f"{CHARTS_FOLDER}/{name}.png": plain_figure(data, name, title) for name, title in titles.items()}
        add_files(folder / SWEEP_FILE, figures, durable=False)
        write_pngs(folder, figures)
    return folder / REPORT_FILE
