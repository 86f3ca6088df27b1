"""A sweep with figures of its strategy's own: what each setting has of them, and for whom one is chosen by one."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest

from pipeline import backtest, sweep
from pipeline.console.sweep import show_sweep
from pipeline.errors import BadRequest
from tests.made import make_store, make_strategy
from tests.pages.reading import read_page

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.sweeps.run import SweepRun

FUNCTIONS: Final = '''
def evenness(fills, series):
    """Minus the mean of the largest positions, shares."""
    return -float(abs(fills["position"]).mean()) + len(series["fair"].value) / 1_000_000

def bought(fills, series):
    return fills["fill_qty"][fills["side"] > 0].sum()
'''
BODY: Final = """
figures = {"evenness": evenness, "bought": (bought, "sum")}
lot: Shares = parameter(100)
fair: Series = Series(every=60)

def on_tick(self, m):
    if m.bid_size > 0 and m.ask_size > 0:
        self.fair.record(m, (m.bid + m.ask) / 2)
        m.quote_bid(m.bid, self.lot)
        m.quote_ask(m.ask, self.lot)
"""
LOTS: Final = (50, 150, 450)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    make_store(tmp_path / "parquet", ("FAB", "EMAAR"), days=3, a_day=400)
    file = make_strategy(tmp_path / "own.py", BODY)
    text = file.read_text(encoding="utf-8").replace("class Own", f"{FUNCTIONS}\nclass Own")
    file.write_text(f"from pipeline.engine.series import Series\n{text}", encoding="utf-8")
    return tmp_path


def swept(desk: Path, **options: Any) -> SweepRun:
    options = {"grid": {"lot": list(LOTS)}, "output_dir": desk / "swept"} | options
    return sweep(strategy=str(desk / "own.py"), parquet_dir=desk / "parquet", config=desk / "own.json", **options)


def of_backtests(desk: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the own figures of each security and of all together, by lot, as backtests have them."""
    figures = {}
    for lot in LOTS:
        config = desk / f"{lot}.json"
        config.write_text(f'{{"_defaults": {{"lot": {lot}}}}}', encoding="utf-8")
        run = backtest(
            str(desk / "own.py"), parquet_dir=desk / "parquet", config=config, output_dir=desk / str(lot), report=False
        )
        for security, row in run.metrics[["evenness", "bought"]].to_dict("index").items():
            view = "all" if security == "portfolio" else str(security)
            figures[view, lot] = {name: None if math.isnan(value) else value for name, value in row.items()}
    return figures


def own_columns(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the own figures that a sweep's tables have, by security and lot."""
    each = pq.read_table(folder / "sweep.parquet").to_pylist()
    lots = {row["setting"]: row["lot"] for row in each}
    every = [*each, *({"security": "all"} | row for row in pq.read_table(folder / "sweep_all.parquet").to_pylist())]
    return {
        (row["security"], lots[row["setting"]]): {name: row[f"own.{name}"] for name in ("evenness", "bought")}
        for row in every
    }


def test_a_setting_is_chosen_for_each_security_by_what_whole_replays_give(desk: Path) -> None:
    known = of_backtests(desk)
    of_lot = {key: figures["evenness"] for key, figures in known.items() if key[0] != "all"}
    assert len({*of_lot.values()}) == len(of_lot)
    run = swept(desk, choose_by="evenness")
    scores = {(row.security, row.lot): row.score for row in run.frame.itertuples()}
    assert {key: scores[key] for key in of_lot} == of_lot
    chosen = {best.security: best.trial.changes["lot"] for best in run.best}
    assert chosen == {
        ticker: max(LOTS, key=lambda lot, ticker=ticker: of_lot[ticker, lot])  # type: ignore[misc]
        for ticker in ("FAB", "EMAAR")
    }
    assert any("all: no setting could be chosen" in text for text in run.warnings)
    assert own_columns(desk / "swept") == known  # of the replays that were made all the same


def test_every_setting_has_its_own_figures_where_they_are_asked_for(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sweeps.shortlist.SHORTLIST", 1)
    known, seen = of_backtests(desk), []
    run = swept(desk, own_figures=True, on_whole=lambda done, of: seen.append((done, of)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert own_columns(desk / "swept") == known
    assert all(known["all", lot]["evenness"] is None and known["all", lot]["bought"] > 0 for lot in LOTS)
    of_all = next(best for best in run.best if best.security == "all")
    lot = of_all.trial.changes["lot"]
    assert of_all.own == {"evenness": None, "bought": known["all", lot]["bought"]}
    assert show_sweep(run).facts["best"][-1]["own"] == dict(of_all.own)
    rows = [*csv.DictReader((desk / "swept" / "sweep_summary.csv").read_text(encoding="utf-8").splitlines())]
    assert float(rows[-1]["own.bought"]) == known["all", lot]["bought"]
    page = read_page((desk / "swept" / "report.html").read_bytes())
    figures = {figure["name"]: figure["label"] for figure in page.data["sweep"]["figures"]}
    assert (figures["own.evenness"], figures["own.bought"]) == ("evenness", "bought")
    drawn = page.settings()["FAB\nown.evenness"]
    assert drawn == pytest.approx([known["FAB", lot]["evenness"] for lot in LOTS], rel=1e-6)
    chosen = swept(desk, own_figures=True, choose_by="bought", report=False)
    assert {best.security: best.trial.changes["lot"] for best in chosen.best} == dict.fromkeys(run.results.views, 450)
    assert not any("replayed whole" in text for text in chosen.warnings)


def test_a_map_over_two_axes_has_an_own_figure(desk: Path) -> None:
    grid = {"lot": list(LOTS), "execution.fees_bps": [0, 1]}
    run = swept(desk, own_figures=True, output_dir=None, grid=grid)
    chart = run.heatmap("lot", "execution.fees_bps", figure="bought", security="FAB")
    assert [list(row) for row in chart.data[0].z] == [[run.results.own["bought"]["FAB", at] for at in (1, 3, 5)]] * 2


def test_own_figures_of_a_strategy_that_has_none_are_refused(desk: Path) -> None:
    text = (desk / "own.py").read_text(encoding="utf-8")
    (desk / "own.py").write_text(text.replace("    figures =", "    counters = ()  #"), encoding="utf-8")
    with pytest.raises(BadRequest, match=r"own has no figures of its own\. Write"):
        swept(desk, own_figures=True)
    assert not (desk / "swept").exists()


def test_a_name_that_is_nearly_one_is_told_it(desk: Path) -> None:
    with pytest.raises(BadRequest, match="Did you mean 'evenness'"):
        swept(desk, choose_by="eveness")
