"""Each number on the pages of a comparison, of a sweep and of all runs is found again in files; there is no other."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest

from pipeline import all_runs, backtest, compare_page
from pipeline.metrics.registry import GROUPS
from pipeline.numbers import amounts_in
from pipeline.pages.sweep_page import sweep_page
from tests.made import make_config, make_store
from tests.pages.reading import Node, _Tree, read_page, table
from tests.pages.swept import chosen_of, make_sweep, value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RUNS: Final = ("base", "quick", "few")
with amounts_in("AED"):
    FIGURES: Final = {figure.heading: figure for group in GROUPS.values() for figure in group}
MODELS: Final = {
    "classic": "classic",
    "strict": "strict",
    "strict, lowest by queue": "band_low",
    "strict, highest by queue": "band_high",
}
SHOWN_FROM: Final = 10
EXACT: Final = {"data-value", "data-low"}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three runs of twelve days, listed, and the page that compares them."""
    base = tmp_path_factory.mktemp("every")
    store, config = make_store(base / "parquet", days=12, a_day=150), make_config(base / "v1.json")
    common: dict[str, Any] = {"config": config, "parquet_dir": store, "report": False}
    backtest(**common, output_dir=base / "output" / "base", note="the first")
    backtest(**common, output_dir=base / "output" / "quick", parameters={"refill_interval_sec": 5}, sensitivity=False)
    few = {"securities": "FAB,MODON", "parameters": {"execution.fees_bps": 2.5}}
    backtest(**common, **few, output_dir=base / "output" / "few")
    all_runs(output_dir=base / "output")
    compare_page(RUNS, base / "output" / "side.html", output_dir=base / "output")
    return base / "output"


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_bytes())


def tree_of(file: Path) -> Node:
    tree = _Tree()
    tree.feed(file.read_text(encoding="utf-8"))
    return tree.root


def in_files(figures: dict[str, Any], name: str) -> float | None:
    """Return a figure of metrics.json by its path, of days how many."""
    found: Any = figures
    for key in name.split("."):
        found = found and found[key]
    return len(found) if isinstance(found, list) else found


def beside(values: list[float | None]) -> list[float | None]:
    """Return the first value, then each other with what it is above the first."""
    first, *others = values
    above = [None if one is None or first is None else one - first for one in others]
    return [first, *(cell for pair in zip(others, above, strict=True) for cell in pair)]


def exact(cells: Iterable[Node]) -> list[float | None]:
    """Return the exact numbers of cells that have one each, having checked what they show."""
    return [None if (found := value(cell)) != found else found for cell in cells]


def loose(node: Node, skip: Iterable[str] = ()) -> list[str]:
    """Return the texts with a digit that stand in no cell with an exact number, but for sections and tables to skip."""
    texts: list[str] = []
    for child in node.children:
        if isinstance(child, str):
            texts += [" ".join(child.split())] if re.search(r"\d", child) else []
        elif not EXACT & {*child.attributes} and child.tag not in ("script", "style", "title", "h1"):
            texts += loose(child, skip) if child.attributes.get("id") not in {*skip} else []
    return texts


def test_the_figures_of_runs_side_by_side_are_those_of_their_metrics_json(output: Path) -> None:
    page = tree_of(output / "side.html")
    portfolios = [read(output / name, "metrics.json")["portfolio"] for name in RUNS]
    seen = set()
    for row in page.one("section", id="figures").all("tr"):
        if "data-figure" in row.attributes:
            heading = row.one("th").text
            figure = FIGURES[heading]
            assert exact(row.all("td")) == beside([in_files(each, figure.name) for each in portfolios]), figure.name
            seen.add(heading)
    assert seen == {*FIGURES}
    _, models = table(page.one("table", id="models"))
    checks = [read(output / name, "run.json")["assumption_check"] or {} for name in RUNS]
    assert {label: exact(cells) for label, cells in models.items()} == {
        label: [check.get(name) for check in checks] for label, name in MODELS.items()
    }


def test_the_securities_of_runs_side_by_side_are_those_of_their_files(output: Path) -> None:
    page = tree_of(output / "side.html")
    of_runs = [read(output / name, "metrics.json")["securities"] for name in RUNS]
    _, rows = table(page.one("table", id="by-security"))
    assert {*rows} == {"EMAAR", "FAB", "MODON"}
    for ticker, cells in rows.items():
        figures = [of_run.get(ticker, {}) for of_run in of_runs]
        net, fills = ([each.get(name) for each in figures] for name in ("net_pnl", "fills"))
        assert exact(cells) == [*beside(net), *fills]
    partings = [row for row in page.one("table", id="partings").all("tr") if "data-row" in row.attributes]
    assert len(partings) == 6
    for row in partings:
        run, number, says, _ = row.all("td")
        ticker, name = str(row.attributes["data-row"]), RUNS["ABC".index(run.text)]
        if "not replayed" in says.text:
            assert not (output / name / "trades" / f"{ticker}.parquet").exists()
            continue
        tables = (pq.read_table(output / each / "trades" / f"{ticker}.parquet") for each in ("base", name))
        a, b = (of.select(["timestamp", "side", "fill_price", "fill_qty"]).to_pylist() for of in tables)
        different = [at for at in range(max(len(a), len(b))) if a[at : at + 1] != b[at : at + 1]]
        assert exact([number]) == [different[0] + 1 if different else None]
        for fill in [each[different[0]] for each in (a, b) if different and different[0] < len(each)]:
            assert f"{fill['side']} {fill['fill_qty']:,} at {fill['fill_price']!r}" in says.text


def test_no_other_number_stands_beside_runs(output: Path) -> None:
    left = {*loose(tree_of(output / "side.html"), ("partings", "settings-B", "settings-C"))}
    runs = [read(output / name, "run.json") for name in RUNS]
    known = {" ".join(text.split()) for run in runs for text in run["warnings"]} | {*FIGURES}
    ways = " ".join(
        f"{letter} is {name} (v1_baseline, {run['execution']['name']})"
        for letter, name, run in zip("ABC", RUNS, runs, strict=True)
    )
    assert {text for text in left - known if text.split(" \N{MIDDLE DOT} ")[0].replace("),", ")") != ways} == set()


def test_each_number_of_the_list_of_runs_is_that_of_the_runs_files(output: Path) -> None:
    page = tree_of(output / "index.html")
    rows = list(page.one("table", id="runs").one("tbody").all("tr"))
    assert len(rows) == len(RUNS)
    for row in rows:
        cells = list(row.all("td"))
        name = next(name for name in RUNS if row.one("th").text.startswith(name))
        run, portfolio = read(output / name, "run.json"), read(output / name, "metrics.json")["portfolio"]
        check = run["assumption_check"] or {}
        with (output / name / "daily.csv").open(newline="") as file:
            equity = [float(day["equity"]) for day in csv.DictReader(file) if day["security"] == "total"]
        finished = run["how"]["finished"]
        assert cells[1].text == f"{finished[:10]}{finished[11:16]}"
        exact_texts = [str(cell.attributes["data-value"]) for cell in (cells[0], *cells[3:])]
        assert [float(text) if text else None for text in exact_texts] == [
            *(round(equity[-1], 2), portfolio["net_pnl"], check.get("classic"), check.get("strict")),
            *(portfolio["sharpe"], portfolio["max_drawdown"], portfolio["fills"], len(run["warnings"])),
        ]
        band = [float(one) for one in (cells[5].attributes["data-low"], cells[5].attributes["data-high"]) if one]
        assert band == ([check["band_low"], check["band_high"]] if check else [])
        low, high = portfolio["intervals"]["sharpe"]
        assert cells[6].text == f"{portfolio['sharpe']:,.2f}{low:,.2f} to {high:,.2f}"
        assert row.one("th").text.endswith(f"{len(run['parameters'])} securities")


def test_no_other_number_stands_on_the_page_of_a_sweep(tmp_path: Path) -> None:
    """Tables and sentences besides are those that test_sweep_page and test_luck recompute."""
    folder = make_sweep(tmp_path, days=22)
    manifest, page = read(folder, "sweep.json"), read_page(sweep_page(folder))
    tested = ("verdict", "luck", "luck-by-security", "best-table", "choice-table", "walk-table", "axes-table")
    left = {*loose(page.root, tested)}
    values = {"20", "60", "120", "200", "500", "1,000", "3,000", "0", "2.5"}
    varied = "48 settings of refill_interval_sec, quote_size, execution and fees_bps on 3 securities"
    known = [
        f"{varied}, the best chosen by net P&L on {manifest['train']} under execution strict, fees_bps 0.",
        f"Chosen on {manifest['train']}; test is {manifest['test']}, which the choice did not see.",
        f"Train is {manifest['train']}, test {manifest['test']}.",
        f"Made by tick-pipeline {manifest['version']} from",
        "The choice among 48 settings, in numbers",
        "Of many securities some look good by luck alone: of twenty without merit one has a probability below 5 %.",
        f"{len(manifest['warnings']) - 6} more",
        *manifest["warnings"],
    ]
    unknown = {text for text in left - values if not any(one in text or text in one for one in known)}
    assert unknown == set()
    assert {*chosen_of(folder)} == {"EMAAR", "FAB", "MODON", "all"}
