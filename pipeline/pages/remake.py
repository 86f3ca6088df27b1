"""Makes the page of a finished run or sweep from its folder, with an image of each chart when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.runs.layout import CHARTS_FOLDER, REPORT_FILE, RUN_FILE, SWEEP_FILE
from pipeline.runs.manifest import add_files
from pipeline.store.atomic import not_written, write_bytes

if TYPE_CHECKING:
    from pipeline.store.path import AnyPath


def write_run_page(folder: AnyPath, *, png: bool = False) -> AnyPath:
    """Write the page of a run folder, from its files, and return its path.

    What is written is listed in `run.json`, so that the next run into this folder removes it.

    Args:
        folder: A run's folder; with `png` one of this machine.
        png: Also draw `charts/*.png`.

    Raises:
        UnknownRun, UnfinishedRun, DamagedRun, NewerRun: The folder is no whole run.
        OutputNotWritable: The system refused to write.
        MissingExtra, NoBrowser: With `png`: kaleido is not installed, or no Chrome or Chromium starts.
    """
    from pipeline.pages.backtest_page import backtest_page  # a sweep needs none of it

    return _write(folder, RUN_FILE, backtest_page(folder), png=png)


def write_sweep_page(folder: AnyPath, *, png: bool = False) -> AnyPath:
    """Write the page of a sweep's folder, from its files, and return its path; the rest as `write_run_page`."""
    from pipeline.pages.sweep_page import sweep_page  # a run needs none of it

    return _write(folder, SWEEP_FILE, sweep_page(folder), png=png)


def _write(folder: AnyPath, manifest: str, page: bytes, *, png: bool) -> AnyPath:
    add_files(folder / manifest, [REPORT_FILE])
    write_bytes(folder / REPORT_FILE, page, durable=False)
    if png:
        from pipeline.pages.images import draw_pngs  # only what draws images needs it

        assert isinstance(folder, Path)  # noqa: S101 - the API has refused any other
        images = draw_pngs(folder / REPORT_FILE)
        add_files(folder / manifest, images)
        try:
            (folder / CHARTS_FOLDER).mkdir(exist_ok=True)
        except OSError as error:
            raise not_written(folder, error) from error
        for name, content in images.items():
            write_bytes(folder / name, content, durable=False)
    return folder / REPORT_FILE
