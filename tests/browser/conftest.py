"""One headless Chromium for the tests of pages: every request, console line and error of a page is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from tests.chromium import find_chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@dataclass
class Opened:
    """A page in the browser, and what it asked of the network and said on the console."""

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = find_chromium()
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open a file in a fresh window; keyword arguments are those of a window: viewport, color_scheme."""
    contexts = []

    def opened(file: Path, **window: Any) -> Opened:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | window))
        context.set_default_timeout(120_000)  # a machine that does much else is slow, not wrong
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("console", lambda line: found.said.append(f"{line.type}: {line.text}"))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.goto(file.as_uri())
        return found

    yield opened
    for context in contexts:
        context.close()
