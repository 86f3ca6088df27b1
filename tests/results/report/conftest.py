"""Pages for the tests: one invented run folder and its page, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.results.report.backtest_page import backtest_page
from tests.results.report.invented import invent
from tests.results.report.reading import Page, read_page

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warnings = ["FAB ended the run with an open position."]
    return invent(tmp_path_factory.mktemp("run"), ["EMAAR", "FAB", "MODON"], failed=["DEWA"], warnings=warnings)


@pytest.fixture(scope="session")
def page(folder: Path) -> Page:
    return read_page(backtest_page(folder))
