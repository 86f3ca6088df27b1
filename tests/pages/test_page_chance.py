"""What a backtest page says of chance: the intervals of metrics.json, and no figure of a year made of a few days."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pipeline.pages.backtest_page import backtest_page
from tests.pages.invented import invent
from tests.pages.reading import read_page, reason_of, table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.reading import Page

INTERVALS = {"net_pnl", "daily_net_pnl", "sharpe", "daily_drawdown"}


def page_of(folder: Path) -> Page:
    return read_page(backtest_page(folder))


def test_the_intervals_are_those_of_metrics_json(tmp_path: Path) -> None:
    page = page_of(invent(tmp_path, ["FAB", "EMAAR"], days=30))
    portfolio = json.loads((tmp_path / "metrics.json").read_text())["portfolio"]
    rows = {
        row.attributes["data-row"]: [float(cell.attributes["data-value"] or "nan") for cell in row.all("td")]
        for row in page.root.one("table", id="intervals").all("tr")
        if "data-row" in row.attributes
    }
    assert rows == {name: [portfolio[name], *portfolio["intervals"][name]] for name in INTERVALS}
    said = page.root.one("p", id="chance").text
    probability = min(max(portfolio["probabilistic_sharpe"], 0.001), 0.999)
    assert re.search(f"with a probability of (over |under )?{probability * 100:.1f} %", said)
    assert "95 % bootstrap intervals, from 2,000 resamples of these 30 days." in said


@pytest.mark.parametrize(("days", "is_shown"), [(4, False), (9, False), (10, True)])
def test_a_few_days_are_not_made_a_year_of(tmp_path: Path, days: int, is_shown: bool) -> None:  # noqa: FBT001
    page = page_of(invent(tmp_path, ["FAB"], days=days))
    tiles = {tile.attributes.get("data-figure"): tile for tile in page.root.all("dd")}
    assert (tiles["sharpe"].text != "-") == is_shown
    headings, rows = table(
        next(one for one in page.root.all("table", data_set="securities") if "Risk" in one.one("caption").text)
    )
    annualised = [at for at, heading in enumerate(headings[1:]) if "annualised" in heading.text]
    assert len(annualised) == 3
    some = [rows[name][at] for name in ("FAB", "Portfolio") for at in annualised]
    titles = [title for title in (reason_of(page, cell) for cell in some) if title != "Too few days."]
    assert len(titles) == 4  # of these folders the Calmar ratio is missing by itself
    assert titles == ["" if is_shown else "Fewer than 10 market days, too few to say what is chance."] * 4
    assert bool(list(page.root.all("table", id="intervals"))) == is_shown
    assert (page.root.one("p", id="chance").text.startswith(f"{days} market days: too few")) != is_shown


def test_a_page_of_an_older_run_says_nothing_of_chance(tmp_path: Path) -> None:
    file = invent(tmp_path, ["FAB"], days=30) / "metrics.json"
    metrics = json.loads(file.read_text())
    del metrics["portfolio"]["intervals"]
    file.write_text(json.dumps(metrics))
    assert not list(page_of(tmp_path).root.all("p", id="chance"))
