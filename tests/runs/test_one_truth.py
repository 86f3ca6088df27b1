"""The same figure is the same wherever a run or a sweep shows it: terminal, --json, files and page."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.forked import pipeline
from tests.made import make_config
from tests.pages.reading import read_page, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.pages.reading import Node, Page

RUNS: Final[dict[str, tuple[str, ...]]] = {
    "all": ("--set", "execution.fees_bps=2.5"),
    "one security": ("--securities", "FAB"),
    "no fills": ("--set", "min_local_currency_before_quote=1e12"),
    "some fail": (),
}
SWEEP: Final = (
    *("--grid", "refill_interval_sec=30,60", "--grid", "execution=classic,strict"),
    *("--train-until", "2025-01-12", "--walk-forward", "1"),
)


@dataclass(frozen=True)
class Shown:
    """What a command showed: lines on stdout, one JSON object, rows of CSV files by name and security, the page."""

    kind: str
    lines: list[str]
    told: dict[str, Any]
    folder: Path
    page: Page

    def rows(self, file: str, key: str = "security") -> dict[str, dict[str, str]]:
        with (self.folder / file).open(newline="") as content:
            return {row[key]: row for row in csv.DictReader(content)}

    def read(self, file: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / file).read_text(encoding="utf-8"))
        return content

    def line(self, first: str) -> list[str]:
        """Return the words of the line of a table that begins with a name."""
        return next(words for line in self.lines if (words := line.split())[:1] == [first])


def shown(kind: str, inputs: tuple[Path, Path], folder: Path, *words: str) -> Shown:
    where = ("--parquet-dir", str(inputs[0]), "--config", str(inputs[1]), "--output-dir", str(folder / "out"))
    done, machine = (pipeline(*words, *where, *more, cwd=folder) for more in ((), ("--json",)))
    assert done.returncode == machine.returncode == (kind == "some fail"), done.stderr
    page = read_page((folder / "out" / "report.html").read_bytes())
    return Shown(kind, done.stdout.splitlines(), json.loads(machine.stdout), folder / "out", page)


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest, inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("run")
    store = inputs[0]
    if request.param == "some fail":
        store = shutil.copytree(inputs[0], folder / "parquet")
        for name in ("EMAAR", "MODON"):
            (store / f"{name}.parquet").write_bytes((store / f"{name}.parquet").read_bytes()[:500])
    return shown(request.param, (store, make_config(folder / "v1.json")), folder, "backtest", *RUNS[request.param])


@pytest.fixture(scope="module")
def sweep(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("sweep")
    return shown("sweep", (inputs[0], make_config(folder / "v1.json")), folder, "sweep", *SWEEP)


def cells(page: Page, caption: str) -> dict[str, dict[str, Node]]:
    """Return a table of the page by row and key of its columns."""
    [shown_table] = [table for table in page.root.all("table") if table.one("caption").text == caption]
    headings, rows = table(shown_table)
    keys = [heading.attributes.get("data-key", "") for heading in headings][1:]
    return {name: dict(zip(keys, row, strict=True)) for name, row in rows.items()}


def aed(value: float) -> str:
    return f"{round(value, 2) + 0.0:,.2f}"


def test_each_security_has_the_same_figures_everywhere(run: Shown) -> None:
    metrics, summary, page = run.read("metrics.json")["securities"], run.rows("backtest_summary.csv"), {}
    for caption in ("P&L", "Fills and orders", "Days"):
        for name, row in cells(run.page, caption).items():
            page[name] = page.get(name, {}) | row
    assert metrics
    assert set(run.told["securities"]) == set(summary) == {*metrics, *run.told["failed"]}
    for name, figures in metrics.items():
        reported = run.told["securities"][name]
        for key, column in (
            ("fills", "trades"),
            ("realized_pnl", "realized_pnl"),
            ("fees", "fees"),
            ("net_pnl", "net_pnl"),
        ):
            assert (
                reported[key]
                == figures[key]
                == float(summary[name][column])
                == float(page[name][key].attributes["data-value"])
            )
            text = f"{figures[key]:,}" if key == "fills" else aed(figures[key])
            assert page[name][key].text == text
            assert text in run.line(name) or (key in ("fees", "net_pnl") and not figures["fees"])
        assert reported["market_days"] == figures["market_days"] == int(summary[name]["market_dates"])
        assert page[name]["market_days"].text == f"{figures['market_days']}"


def test_the_total_is_the_portfolio_s_everywhere(run: Shown) -> None:
    figures, page = run.read("metrics.json")["portfolio"], cells(run.page, "P&L")["Portfolio"]
    tiles = {tile.attributes.get("data-figure"): tile for tile in run.page.root.all("dd")}
    for key in ("realized_pnl", "net_pnl"):
        assert run.told["total"][key] == figures[key]
        assert page[key].text == aed(figures[key])
        assert tiles[key].text.split()[0] == aed(figures[key])
    assert aed(figures["realized_pnl"]) in run.line("total")


def test_every_surface_counts_the_same_securities_and_days(run: Shown) -> None:
    failed, done = len(run.told["failed"]), len(run.read("metrics.json")["securities"])
    every = f"{done + failed} {'security' if done + failed == 1 else 'securities'}"
    header = " ".join(run.page.root.one("p", **{"class": "facts"}).text.split())
    assert f"· {f'{done} of {every}, {failed} failed' if failed else every} ·" in header
    assert (f"{failed} of {done + failed} failed" in run.lines[-1]) == bool(failed)
    days = run.read("metrics.json")["portfolio"]["market_days"]
    assert header.startswith(f"Backtest of {days} market days, 2025-01-12 to 2025-01-13 ·")
    warnings = run.read("run.json")["warnings"]
    assert any(text.startswith(f"The ticks cover {days} market days: ") for text in warnings)
    total = [row for row in (run.folder / "daily.csv").read_text().splitlines() if row.startswith("total,")]
    assert len(total) == days


def test_the_worst_switch_is_the_same_everywhere(run: Shown) -> None:
    with (run.folder / "sensitivity.csv").open(newline="") as content:
        totals = {
            row["execution"]: float(row["net_pnl"]) for row in csv.DictReader(content) if row["security"] == "total"
        }
    assert run.told["net_pnl_by_execution"] == totals
    verdict = " ".join(run.page.root.one("p", **{"class": "verdict"}).text.split())
    worst = run.told["worst_switch"]
    line = next(text.strip() for text in run.lines if "switch alone" in text)
    if run.kind == "no fills":
        assert worst is None
        assert line.startswith("no switch alone leaves less")
        assert verdict.endswith("; no switch alone leaves less.")
    else:
        assert totals[worst] == min(value for model, value in totals.items() if "=" in model and " " not in model)
        assert line.split() == ["worst", "switch", "alone:", worst, aed(totals[worst])]
        assert verdict.endswith(f"the worst single switch, {worst}, leaves {aed(totals[worst])} AED.")
    for model in ("classic", "strict"):
        assert any(
            line.endswith(f" {aed(totals[model])}") and model in line
            for line in run.lines
            if "Net P&L, AED: under" in line or "(strict)" in line
        )
    page = cells(run.page, "Net P&L by execution model, AED")["total"]
    shown = {model: aed(value) for model, value in totals.items() if not model.startswith("strict up to ")}
    assert {model: cell.text for model, cell in page.items()} == shown


def test_the_band_is_the_same_everywhere(run: Shown) -> None:
    low, high = run.told["band_low"], run.told["band_high"]
    verdict = run.read("run.json")["assumption_check"]
    assert (verdict["band_low"], verdict["band_high"]) == (low, high)
    assert low <= verdict["strict"] <= high
    line = next(text for text in run.lines if "strict, range over queue models" in text)
    assert line.endswith(f" {aed(low)} to {aed(high)}")
    page_verdict = " ".join(run.page.root.one("p", **{"class": "verdict"}).text.split())
    assert f"{aed(low)} to {aed(high)} AED over the queue models" in page_verdict


def by_view(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {"all" if name == "all together" else name: row for name, row in rows.items()}


def test_the_best_of_a_sweep_is_the_same_everywhere(sweep: Shown) -> None:
    summary = sweep.rows("sweep_summary.csv")
    page = by_view(table(sweep.page.root.one("table", id="best-table"))[1])
    best = {choice["security"]: choice for choice in sweep.told["best"]}
    assert set(summary) == set(page) == set(best) == {"EMAAR", "FAB", "MODON", "all"}
    for name, row in summary.items():
        assert row["setting"] == page[name][0].text == str(best[name]["setting"]) == sweep.line(name)[1]
        for at, part in ((3, "train"), (4, "test")):
            value = float(row[f"{part}_net_pnl"])
            assert best[name][part]["net_pnl"] == value == float(page[name][at].attributes["data-value"])
            assert page[name][at].text == aed(value)
            assert aed(value) in sweep.line(name)


def test_a_sweep_chooses_under_one_execution_model_and_says_which(sweep: Shown) -> None:
    assert sweep.told["chosen_under"] == sweep.read("sweep.json")["chosen_under"] == {"execution": "strict"}
    for file in ("sweep_summary.csv", "walk_forward.csv"):
        assert {row["execution"] for row in sweep.rows(file).values()} == {"strict"}
    assert {choice["execution"] for choice in sweep.told["best"]} == {"strict"}
    assert "Best settings under execution strict, chosen on the training days" in sweep.lines
    assert sweep.page.root.one("p", **{"class": "facts"}).text.endswith(" under execution strict.")


def test_a_walk_forward_is_the_same_everywhere(sweep: Shown) -> None:
    page = by_view(table(sweep.page.root.one("table", id="walk-table"))[1])
    start = sweep.lines.index("Walk forward, 1 part")
    lines = {words[0]: words for line in sweep.lines[start:] if (words := line.split())}
    for name, row in sweep.rows("walk_forward.csv").items():
        value = float(row["test_net_pnl"])
        assert [fold["test"]["net_pnl"] for fold in sweep.told["walk_forward"] if fold["security"] == name] == [value]
        assert [cell.text for cell in page[name][:2]] == [row["setting"], aed(value)] == lines[name][1:]
