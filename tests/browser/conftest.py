"""One headless Chromium for the tests of pages: every request, console line and error of a page is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from pipeline.pages.backtest_page import backtest_page
from tests.chromium import find_chromium
from tests.pages.invented import invent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

HOSTILE = "<script>alert(1)</script>"
BUTTONS = {"Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"}
"""What the bar of a chart may offer, all of it done on this machine."""


@dataclass
class Opened:
    """A page in the browser, and what it asked of the network and said on the console."""

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open a file in a fresh window; keyword arguments are those of a window: viewport, color_scheme.

    before: a script that runs before any of the page's. Requests are those of every window that the page opens, too.
    """
    contexts = []

    def opened(file: Path, before: str = "", **window: Any) -> Opened:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | window))
        context.set_default_timeout(120_000)  # a machine that does much else is slow, not wrong
        contexts.append(context)
        context.add_init_script(before)
        view = Opened(context.new_page())
        context.on("request", lambda request: view.requests.append(request.url))
        view.page.on("console", lambda line: view.said.append(f"{line.type}: {line.text}"))
        view.page.on("pageerror", lambda error: view.said.append(str(error)))
        view.page.goto(file.as_uri())
        return view

    yield opened
    for context in contexts:
        context.close()


def press_every_button(opened: Opened) -> list[str]:
    """Click every button of every chart's bar, and return what each says it does; no click may leave the machine."""
    opened.page.evaluate("report.drawAll()")
    said = []
    for button in opened.page.locator(".modebar-btn").all():
        said.append(button.get_attribute("data-title") or "")
        button.dispatch_event("click")
    opened.page.wait_for_timeout(1_500)
    assert len(opened.page.context.pages) == 1
    assert [url for url in opened.requests if not url.startswith(("file:", "blob:", "data:"))] == []
    return said


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a run of three securities, one with a hostile name, and of one that failed."""
    folder = invent(tmp_path_factory.mktemp("run"), ["EMAAR", "FAB", HOSTILE], 30, 400, failed=["DEWA"])
    file = folder / "report.html"
    file.write_bytes(backtest_page(folder))
    return file


def open_all(page: Page) -> None:
    """Open every panel of a run's page and draw it."""
    page.get_by_role("button", name="Open all").click()
    page.evaluate("report.drawAll()")
