"""Amounts of a run are labelled with what they are in, whichever market its securities are of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline import backtest
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path


def page_of(folder: Path, exchanges: dict[str, str], *securities: str) -> tuple[str, list[str]]:
    """Return the page of a run with these exchanges in its config, its script left out, and the run's warnings."""
    store, config = make_store(folder / "parquet"), make_config(folder / "v1.json")
    content = json.loads(config.read_text(encoding="utf-8"))
    for ticker, exchange in exchanges.items():
        content[ticker] = {**content.get(ticker, {}), "exchange": exchange}
    config.write_text(json.dumps(content), encoding="utf-8")
    out = folder / "run"
    run = backtest(parquet_dir=store, config=config, securities=securities, output_dir=out, backend="sequential")
    text = (out / "report.html").read_text(encoding="utf-8")
    return text.partition('id="plotly"')[0], list(run.warnings)


def test_a_run_in_another_unit_says_that_everywhere(tmp_path: Path) -> None:
    page, warnings = page_of(tmp_path, {"FAB": "LSE"}, "FAB")
    assert "amounts in GBP" in page
    assert "AED" not in page
    assert not [text for text in warnings if "AED" in text]


def test_of_several_units_each_security_is_in_its_own_and_the_warning_names_them(tmp_path: Path) -> None:
    page, warnings = page_of(tmp_path, {"FAB": "LSE"})
    assert "amounts in own currency" in page
    assert warnings[0] in page
    assert "(AED 2, GBP 1)" in warnings[0]
    assert not [text for text in warnings[1:] if "AED" in text]
