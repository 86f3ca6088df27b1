"""What a notebook shows of runs, comparisons, the list of all runs and sweeps: figures of files, few characters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from pipeline import PipelineError, all_runs, backtest, compare, sample, sweep
from pipeline.errors import BadRequest
from pipeline.notebook import MOST_ROWS, html_line, html_table
from pipeline.runs.registry_row import RunRows
from tests.pages.reading import Node, _Tree

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def runs(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    store, config = inputs
    folder = tmp_path_factory.mktemp("runs")
    common: dict[str, Any] = {"config": config, "parquet_dir": store, "report": False}
    run = backtest(**common, output_dir=folder / "base")
    backtest(**common, output_dir=folder / "quick", parameters={"refill_interval_sec": 5}, sensitivity=False)
    return folder, run


def portfolio(folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((folder / "metrics.json").read_bytes())["portfolio"]
    return figures


def root_of(html: str) -> Node:
    tree = _Tree()
    tree.feed(html)
    tree.close()
    assert tree.open == [tree.root]
    assert len(html) < 20_000
    return tree.root


def cells_of(root: Node) -> dict[str, list[str]]:
    rows = [[cell.text for cell in row.all("td")] for row in root.all("tr")]
    return {row[0]: row[1:] for row in rows if row}


def test_a_run_shows_its_securities_total_and_equity(runs: tuple[Path, Any]) -> None:
    folder, run = runs
    root = root_of(run._repr_html_())
    figures = portfolio(folder / "base")
    cells = cells_of(root)
    assert list(cells) == ["EMAAR", "FAB", "MODON", "total"]
    shown = [f"{figures['fills']:,}", f"{figures['net_pnl']:,.2f}", f"{figures['max_drawdown']:,.2f}"]
    assert cells["total"] == shown
    assert len(list(root.all("polyline"))) == 1
    strict = json.loads((folder / "base" / "run.json").read_bytes())["assumption_check"]["strict"]
    assert f"strict {strict:,.2f}" in root.text


def test_a_run_without_a_folder_shows_itself_too(inputs: tuple[Path, Path]) -> None:
    run: Any = backtest(config=inputs[1], parquet_dir=inputs[0], sensitivity=False)
    assert "Net P&L, AED: classic" not in root_of(run._repr_html_()).text


def test_equity_is_on_the_clock_asked_for_and_drawn_on_it(runs: tuple[Path, Any]) -> None:
    _, run = runs
    local, tokyo = run.equity("FAB"), run.equity("FAB", tz="Asia/Tokyo")
    assert local["FAB"].tolist() == tokyo["FAB"].tolist()
    assert (str(local.index.tz), str(tokyo.index.tz)) == ("Asia/Dubai", "Asia/Tokyo")
    assert (tokyo.index == local.index).all()
    assert (tokyo.index.tz_localize(None) - local.index.tz_localize(None) == pd.Timedelta(hours=5)).all()
    together = run.equity(tz="UTC")
    *curves, drawdown = run.plot(tz="UTC").data
    assert [curve.name for curve in curves] == ["EMAAR", "FAB", "MODON", "portfolio"]
    for curve in curves:
        drawn = pd.Series(curve.y, pd.DatetimeIndex(curve.x, tz="UTC"))
        assert drawn.equals(together[curve.name].loc[drawn.index].set_axis(drawn.index))
    total = together["portfolio"]
    assert min(drawdown.y) == (total - total.cummax().clip(lower=0)).min()
    with pytest.raises(BadRequest, match="Did you mean 'Asia/Tokyo'"):
        run.equity(tz="Asia/Toky")


def test_a_map_has_the_best_or_the_median_of_the_settings_of_each_cell(inputs: tuple[Path, Path]) -> None:
    axes: dict[str, Any] = {"refill_interval_sec": [120, 5, 60], "quote_size": [500, 1_000, 3_000]}
    axes |= {"max_notional": [5e5, 1e6], "execution": ["classic", "strict"]}
    tried: Any = sweep(grid=axes, config=inputs[1], parquet_dir=inputs[0], securities="FAB, EMAAR")
    assert tried.results.plan.tickers == ("EMAAR", "FAB")
    frame = tried.frame.query("security == 'FAB' and `execution.preset` == 'strict'")
    for others, fold in (("best", "max"), ("median", "median")):
        chart = tried.heatmap("refill_interval_sec", "quote_size", security="FAB", others=others)
        [heat] = chart.data
        cells = frame.pivot_table(index="quote_size", columns="refill_interval_sec", values="net_pnl", aggfunc=fold)
        assert (list(heat.x), list(heat.y)) == (["5", "60", "120"], ["500", "1000", "3000"])
        np.testing.assert_allclose(heat.z, cells.to_numpy())
        assert chart.layout.title.text == f"Net P&L (AED), FAB, {others} of several settings"
    falls = tried.frame.query("security == 'FAB'").pivot_table(
        index="quote_size", columns="execution.preset", values="max_drawdown", aggfunc="min"
    )
    [heat] = tried.heatmap("execution", "quote_size", security="FAB", figure="max_drawdown").data
    np.testing.assert_allclose(heat.z, falls.to_numpy())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"up": "quote_sise"}, "Did you mean 'quote_size'?"),
        ({"security": "FBA"}, "There is no security 'FBA'"),
        ({"figure": "sharp"}, "Did you mean 'sharpe'?"),
        ({"figure": "sharpe"}, "shown from 10 market days on"),
        ({"figure": "band_low"}, "The band of these settings was not asked for"),
        ({"others": "mean"}, "there are best, median"),
    ],
)
def test_a_map_that_cannot_be_is_refused_by_name(inputs: tuple[Path, Path], asked: dict[str, Any], said: str) -> None:
    axes = {"refill_interval_sec": [5, 60], "quote_size": [500, 1_000]}
    tried: Any = sweep(grid=axes, config=inputs[1], parquet_dir=inputs[0])
    with pytest.raises(BadRequest) as caught:
        tried.heatmap(**{"across": "refill_interval_sec", "up": "quote_size"} | asked)
    assert said in str(caught.value)


def test_a_sample_is_made_and_says_where_it_is(tmp_path: Path) -> None:
    made = sample(tmp_path / "new" / "ticks.xlsx", days=1)
    assert made == tmp_path / "new" / "ticks.xlsx"
    assert made.is_file()
    for days in (0, 20_001):
        with pytest.raises(PipelineError, match=f"days is {days}; it takes a whole number from 1 to 20,000"):
            sample(made, days=days)


def test_a_comparison_shows_both_runs_and_what_differs(runs: tuple[Path, Any]) -> None:
    folder, _ = runs
    root = root_of(compare("base", "quick", folder)._repr_html_())
    a, b = (portfolio(folder / name)["net_pnl"] for name in ("base", "quick"))
    assert cells_of(root)["total"][:3] == [f"{value:,.2f}" for value in (a, b, b - a)]
    assert "refill_interval_sec 60 to 5" in root.text
    assert len(list(root.all("polyline"))) == 2


def test_the_list_of_all_runs_is_a_table(runs: tuple[Path, Any]) -> None:
    folder, _ = runs
    rows = all_runs(output_dir=folder)
    cells = cells_of(root_of(rows._repr_html_()))
    assert list(cells) == ["quick", "base"]
    assert cells["quick"][2] == f"{portfolio(folder / 'quick')['net_pnl']:,.2f}"
    many = RunRows([replace(rows[0], name=f"{number} {HOSTILE}", note=HOSTILE * 100) for number in range(500)])
    root = root_of(many._repr_html_())
    assert list(root.all("script")) == []
    assert "480 more rows are left out here." in root.text


def test_a_run_and_a_sweep_say_in_a_line_what_they_are(inputs: tuple[Path, Path], runs: tuple[Path, Any]) -> None:
    folder, run = runs
    fills = portfolio(folder / "base")["fills"]
    assert repr(run) == (
        f"<BacktestRun: v1_baseline, classic execution, 3 securities, {fills:,} fills, in {folder / 'base'}>"
    )
    store, config = inputs
    swept: Any = sweep(grid={"refill_interval_sec": [5, 60]}, config=config, parquet_dir=store)
    number = next(entry.trial.number for entry in swept.best if entry.security == "all")
    assert repr(swept) == f"<SweepRun: v1_baseline, 2 settings on 3 securities, setting {number} chosen>"


def test_a_sweep_shows_the_best_of_each_security(inputs: tuple[Path, Path]) -> None:
    store, config = inputs
    swept: Any = sweep(grid={"refill_interval_sec": [5, 60]}, config=config, parquet_dir=store)
    cells = cells_of(root_of(swept._repr_html_()))
    best = {entry.security: entry for entry in swept.best}
    assert list(cells) == list(best)
    assert cells["FAB"][2] == f"{best['FAB'].figures['net_pnl']:,.2f}"
    assert cells["FAB"][1] == f"refill_interval_sec {best['FAB'].trial.combination['refill_interval_sec']}"


def test_a_long_table_keeps_its_totals_and_says_what_is_left_out() -> None:
    rows = [[str(number)] for number in range(MOST_ROWS + 5)] + [["total"]]
    html = html_table("title", ["head"], rows, [html_line("no line", ())], kept=1)
    assert list(cells_of(root_of(html))) == [*map(str, range(MOST_ROWS)), "total"]
    assert "5 more rows are left out here." in html
    assert "<svg" not in html
