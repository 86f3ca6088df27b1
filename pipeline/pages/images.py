"""Saves the charts of a page as PNG files with this machine's Chrome or Chromium; the only file that knows kaleido."""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import MissingExtra, NoBrowser
from pipeline.pages.page import plotly_file
from pipeline.runs.layout import CHARTS_FOLDER
from pipeline.system import installing

if TYPE_CHECKING:
    from pathlib import Path

WIDTH: Final = 1200
SCALE: Final = 2
"""Pixels of the image a pixel of the chart, so that it prints well."""
_READY: Final = "(async () => { await report.ready; return report.charts.map((div) => ({ ...div.dataset })); })()"
_SECONDS: Final = 600.0
_PAUSE: Final = 0.1


def draw_pngs(page: Path) -> dict[str, bytes]:
    """Return an image of every chart of a page, 2400 pixels wide, by its name below the folder of the page.

    Nothing is asked of the network.

    Raises:
        MissingExtra: kaleido is not installed.
        NoBrowser: No Chrome or Chromium starts.
    """
    try:
        import kaleido  # an extra, which only --png needs
        from kaleido.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError
    except ImportError:
        raise MissingExtra(f"--png needs kaleido: {installing('kaleido')}.") from None
    try:
        browser = kaleido.Kaleido(plotlyjs=plotly_file().as_uri(), mathjax=False)
        drawing = asyncio.wait_for(_draw(browser, page.absolute().as_uri()), _SECONDS)
        with ThreadPoolExecutor(1) as thread:  # in a notebook's own there is a loop that runs already
            return thread.submit(asyncio.run, drawing).result()
    except (ChromeNotFoundError, BrowserFailedError, BrowserClosedError, TimeoutError) as error:
        raise NoBrowser(
            "--png draws with Chrome or Chromium, and none starts on this machine. Install one, or name it in the "
            "environment as BROWSER_PATH."
        ) from error


async def _draw(browser: Any, page: str) -> dict[str, bytes]:
    images: dict[str, bytes] = {}
    async with browser:
        tab = await browser.create_tab(page)
        while (charts := await _evaluate(tab, _READY)) is None:  # noqa: ASYNC110 - nothing says that scripts have run
            await asyncio.sleep(_PAUSE)
        for number, chart in enumerate(charts):
            drawn = await _evaluate(tab, f"report.image(report.charts[{number}], {WIDTH}, {SCALE})")
            name = f"security_{chart['ticker']}" if "ticker" in chart else chart["chart"]
            images[f"{CHARTS_FOLDER}/{name}.png"] = base64.b64decode(drawn.partition(",")[2])
    return images


async def _evaluate(tab: Any, expression: str) -> Any:
    """Return the value of a JavaScript expression in a tab, None where it fails."""
    arguments = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    result = (await tab.send_command("Runtime.evaluate", arguments)).get("result", {})
    return None if "exceptionDetails" in result else result.get("result", {}).get("value")
