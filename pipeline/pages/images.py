"""Draws Plotly figures as PNG files with this machine's Chrome or Chromium; the only file that knows kaleido."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import MissingExtra, NoBrowser
from pipeline.pages.page import plotly_file
from pipeline.runs.layout import CHARTS_FOLDER
from pipeline.store.atomic import not_written, write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.store.path import AnyPath

WIDTH: Final = 1200
SCALE: Final = 2
"""Pixels of the image a pixel of the figure, so that it prints well."""
_SECONDS: Final = 120.0


def write_pngs(directory: AnyPath, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """Write one PNG a figure, by its name below `charts/`, 2400 pixels wide; nothing is asked of the network.

    Raises MissingExtra without kaleido, NoBrowser without a Chrome or Chromium that starts, OutputNotWritable.
    """
    try:
        (directory / CHARTS_FOLDER).mkdir(exist_ok=True)
    except OSError as error:
        raise not_written(directory, error) from error
    try:
        import kaleido  # an extra, which only --png needs
        from kaleido.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError
    except ImportError:
        raise MissingExtra("--png needs kaleido: pip install kaleido.") from None
    names = dict(enumerate(figures))
    with tempfile.TemporaryDirectory() as held:
        drawn = [
            {
                "fig": dict(figures[name]),
                "path": str(Path(held) / f"{number}.png"),
                "opts": {
                    "format": "png",
                    "width": WIDTH,
                    "height": figures[name]["layout"].get("height", 400) + 60,
                    "scale": SCALE,
                },
            }
            for number, name in names.items()
        ]
        settings = {"plotlyjs": plotly_file().as_uri(), "mathjax": False, "timeout": _SECONDS}
        try:
            kaleido.write_fig_from_object_sync(drawn, kopts=settings, cancel_on_error=True)
        except (ChromeNotFoundError, BrowserFailedError, BrowserClosedError) as error:
            raise NoBrowser(
                "--png draws with Chrome or Chromium, and none starts on this machine. Install one, or name it in the "
                "environment as BROWSER_PATH."
            ) from error
        for number, name in names.items():
            write_bytes(directory / name, (Path(held) / f"{number}.png").read_bytes(), durable=False)
