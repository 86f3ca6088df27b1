"""Pages for the tests: one invented run folder and its page, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import api
from pipeline.pages.backtest_page import backtest_page
from tests.made import make_config, make_store
from tests.pages.invented import invent
from tests.pages.reading import Page, read_page

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session", params=["invented", "replayed"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder with fees: one that a backtest wrote, and one whose figures are far from each other."""
    into = tmp_path_factory.mktemp("run")
    if request.param == "invented":
        warnings = ["FAB ended the run with an open position."]
        return invent(into, ["EMAAR", "FAB", "MODON"], days=12, failed=["DEWA"], warnings=warnings)
    store, config = make_store(into / "parquet"), make_config(into / "v1.json", _execution={"fees_bps": 1.5})
    api.backtest(config=config, parquet_dir=store, output_dir=into / "run")
    return into / "run"


@pytest.fixture(scope="session")
def page(folder: Path) -> Page:
    return read_page(backtest_page(folder))
