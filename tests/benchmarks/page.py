"""The page of a run measured: how long it takes to make, its bytes, and when a browser has drawn its first chart.

    python tests/benchmarks/page.py RUN_FOLDER [--runs 5]

Makes the page in a fresh process each time, then opens it in headless Chromium, a new window each time.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.chromium import find_chromium

MAKE = """
import sys, time
from pathlib import Path
import pipeline.runs.writer
start = time.perf_counter()
from pipeline.pages.backtest_page import backtest_page
content = backtest_page(Path(sys.argv[1]))
print(time.perf_counter() - start)
Path(sys.argv[2]).write_bytes(content)
"""
DRAWN = "() => performance.getEntriesByName('first-drawn').map(one => one.startTime / 1000)[0]"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').map(one => one.startTime / 1000)[0]"


def shown(name: str, seconds: list[float]) -> None:
    print(f"{name:<42}{statistics.median(seconds):6.2f} s   ({min(seconds):.2f} to {max(seconds):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as held, sync_playwright() as playwright:
        page = Path(held) / "report.html"
        command = [sys.executable, "-c", MAKE, str(options.folder), str(page)]
        made = [float(subprocess.check_output(command, text=True)) for _ in range(options.runs)]
        shown("making the page", made)
        print(f"{'its bytes':<42}{page.stat().st_size:,}")
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        painted, drawn, requests = [], [], set()
        for _ in range(options.runs):
            window = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            window.on("request", lambda request: requests.add(request.url))
            window.goto(page.as_uri())
            window.wait_for_selector("[data-drawn]")
            window.wait_for_timeout(200)
            painted.append(window.evaluate(PAINTED))
            drawn.append(window.evaluate(DRAWN))
            window.context.close()
        shown("opened: figures on the screen after", painted)
        shown("opened: first chart drawn after", drawn)
        print(f"{'requests besides the page itself':<42}{len(requests - {page.as_uri()})}")


if __name__ == "__main__":
    main()
