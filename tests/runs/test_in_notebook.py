"""What a notebook shows of runs, comparisons, the list of all runs and sweeps: figures of files, few characters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import all_runs, backtest, compare, sweep
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
    assert cells["quick"][1] == f"{portfolio(folder / 'quick')['net_pnl']:,.2f}"
    many = RunRows([replace(rows[0], name=f"{number} {HOSTILE}", note=HOSTILE * 100) for number in range(500)])
    root = root_of(many._repr_html_())
    assert list(root.all("script")) == []
    assert "480 more rows are left out here." in root.text


def test_a_sweep_shows_the_best_of_each_security(inputs: tuple[Path, Path]) -> None:
    store, config = inputs
    swept: Any = sweep(grid={"refill_interval_sec": [5, 60]}, config=config, parquet_dir=store)
    cells = cells_of(root_of(swept._repr_html_()))
    best = {entry.security: entry for entry in swept.best}
    assert list(cells) == list(best)
    assert cells["FAB"][2] == f"{best['FAB'].figures['net_pnl']:,.2f}"
    assert cells["FAB"][1] == f"refill_interval_sec {best['FAB'].trial.combination.values['refill_interval_sec']}"


def test_a_long_table_keeps_its_totals_and_says_what_is_left_out() -> None:
    rows = [[str(number)] for number in range(MOST_ROWS + 5)] + [["total"]]
    html = html_table("title", ["head"], rows, [html_line("no line", ())], kept=1)
    assert list(cells_of(root_of(html))) == [*map(str, range(MOST_ROWS)), "total"]
    assert "5 more rows are left out here." in html
    assert "<svg" not in html
