"""Runs over several currencies: apart without rates, and with rates each day's P&L at the rate of that day."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from pipeline import backtest, sweep
from pipeline.cli.replay import sensitivity
from pipeline.errors import BadRequest, RatesError
from pipeline.ticks import stack_ticks
from tests.made import DAY, MONDAY, PARAMETERS, make_config, make_store, random_ticks, write_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAYS = ("2025-01-12", "2025-01-13")
RATES = "day,currency,rate\n2025-01-12,GBP,4\n2025-01-13,GBP,5\n2025-01-10,USD,3.5\n"
EXCHANGES = {"FAB": "LSE", "MODON": "NYSE"}
POUNDS = {"max_notional": 15_000, "min_local_currency_before_quote": 5}
"""Of FAB, whose prices of about 10 are pence."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("currencies")
    store, config = make_store(folder / "parquet", a_day=600), make_config(folder / "v1.json")
    content = json.loads(config.read_text(encoding="utf-8"))
    for ticker, exchange in EXCHANGES.items():
        content[ticker] = {**content[ticker], "exchange": exchange, "tick_size": 0.01}
    content["FAB"] |= POUNDS
    config.write_text(json.dumps(content), encoding="utf-8")
    (folder / "rates.csv").write_text(RATES, encoding="utf-8")
    return {"parquet_dir": store, "config": config, "folder": folder, "backend": "sequential"}


def run_of(made: dict[str, Any], name: str, **options: Any) -> Any:
    folder = made["folder"] / name
    asked = {key: value for key, value in made.items() if key != "folder"}
    return backtest(**asked, output_dir=folder, report=False, **options), folder


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def daily(folder: Path, security: str, column: str) -> list[float | None]:
    rows = rows_of(folder / "daily.csv")
    return [float(row[column]) if row[column] else None for row in rows if row["security"] == security]


def by_rate(folder: Path, column: str, pounds: tuple[float, float]) -> list[float]:
    """Return what a column of daily.csv comes to in AED: EMAAR's as it is, FAB's pounds, MODON's dollars at 3.5."""
    own = {ticker: np.array(daily(folder, ticker, column), float) for ticker in ("EMAAR", "FAB", "MODON")}
    sums: list[float] = (own["EMAAR"] + own["FAB"] * np.array(pounds) + own["MODON"] * 3.5).tolist()
    return sums


def test_without_rates_amounts_of_several_currencies_are_not_added(made: dict[str, Any]) -> None:
    run, folder = run_of(made, "apart")
    portfolio = json.loads((folder / "metrics.json").read_bytes())["portfolio"]
    securities = json.loads((folder / "metrics.json").read_bytes())["securities"]
    for name in (
        "net_pnl",
        "turnover",
        "sharpe",
        "max_drawdown",
        "profit_factor",
        "pnl_by_hour",
        "spread_captured_bps",
    ):
        assert portfolio[name] is None
        assert "several currencies" in portfolio["reasons"][name]
    assert portfolio["markouts"]["60s"]["amount"] is None
    assert portfolio["fills"] == sum(values["fills"] for values in securities.values())
    assert portfolio["market_days"] == 2
    of_each = portfolio["currencies"]
    assert {unit: figures["net_pnl"] for unit, figures in of_each.items()} == {
        unit: securities[ticker]["net_pnl"] for unit, ticker in (("AED", "EMAAR"), ("GBP", "FAB"), ("USD", "MODON"))
    }
    manifest = json.loads((folder / "run.json").read_bytes())
    assert (manifest["currency"], manifest["fx"], manifest["assumption_check"]) == (None, None, None)
    assert daily(folder, "total", "net_pnl") == [None, None]
    assert daily(folder, "total USD", "net_pnl") == daily(folder, "MODON", "net_pnl")
    totals = {row["security"] for row in rows_of(folder / "sensitivity.csv")} - {"EMAAR", "FAB", "MODON"}
    assert totals == {"total AED", "total GBP", "total USD"}
    assert "--fx rates.csv --currency" in run.warnings[0]
    assert run.currency == "own currency"


def test_each_days_pnl_is_converted_at_the_rate_of_that_day(made: dict[str, Any]) -> None:
    run, folder = run_of(made, "by_day", fx=made["folder"] / "rates.csv", currency="AED")
    net = by_rate(folder, "net_pnl", (4.0, 5.0))
    assert daily(folder, "total", "net_pnl") == pytest.approx(net, rel=1e-12)
    assert daily(folder, "total", "equity") == pytest.approx(np.cumsum(net).tolist(), rel=1e-12)
    portfolio = json.loads((folder / "metrics.json").read_bytes())["portfolio"]
    securities = json.loads((folder / "metrics.json").read_bytes())["securities"]
    assert portfolio["net_pnl"] == pytest.approx(sum(net), rel=1e-12)
    assert portfolio["fills"] == sum(values["fills"] for values in securities.values())
    mean, deviation = np.mean(net), np.std(net, ddof=1)
    assert portfolio["sharpe"] == pytest.approx(mean / deviation * 252**0.5, rel=1e-9)
    assert portfolio["daily_drawdown"] == pytest.approx(max(0.0, -min(net[0], net[1], sum(net))), abs=1e-9)
    open_pnl = {
        ticker: np.array(daily(folder, ticker, "marked_equity"), float)
        - np.array(daily(folder, ticker, "equity"), float)
        for ticker in ("EMAAR", "FAB", "MODON")
    }
    marked = np.cumsum(net) + open_pnl["EMAAR"] + open_pnl["FAB"] * [4.0, 5.0] + open_pnl["MODON"] * 3.5
    assert daily(folder, "total", "marked_equity") == pytest.approx(marked.tolist(), rel=1e-12)
    assert run.currency == "AED"
    alone, _ = run_of(made, "alone", securities=["FAB"])
    assert securities["FAB"] == alone.results[0].ledger.figures


def test_the_assumption_check_is_converted_as_the_run_is(made: dict[str, Any]) -> None:
    _, folder = run_of(made, "by_day", fx=made["folder"] / "rates.csv", currency="AED")
    rows = {(row["security"], row["execution"]): row for row in rows_of(folder / "sensitivity.csv")}
    portfolio = json.loads((folder / "metrics.json").read_bytes())["portfolio"]
    assert float(rows["total", "classic"]["net_pnl"]) == pytest.approx(portfolio["net_pnl"], rel=1e-12)
    strict, strict_folder = run_of(
        made, "strict", fx=made["folder"] / "rates.csv", currency="AED", execution="strict", sensitivity=False
    )
    assert float(rows["total", "strict"]["net_pnl"]) == pytest.approx(strict.portfolio["net_pnl"], rel=1e-12)
    assert strict.portfolio["net_pnl"] == pytest.approx(sum(by_rate(strict_folder, "net_pnl", (4.0, 5.0))), rel=1e-12)


def test_the_check_by_itself_is_converted_too_and_names_what_each_column_is_in(
    made: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"config": made["config"], "parquet_dir": made["parquet_dir"], "workers": 1}
    shown = sensitivity(**asked, fx=[str(made["folder"] / "rates.csv")], currency="AED")
    _, folder = run_of(made, "by_day", fx=made["folder"] / "rates.csv", currency="AED")
    rows = {(row["security"], row["execution"]): float(row["net_pnl"]) for row in rows_of(folder / "sensitivity.csv")}
    assert shown.facts["net_pnl"]["strict"]["total"] == rows["total", "strict"]
    assert shown.facts["currency"] == "AED"
    assert shown.facts["currencies"] == {"EMAAR": "AED", "FAB": "GBP", "MODON": "USD"}
    heads = " ".join(capsys.readouterr().out.split())
    assert "execution EMAAR AED FAB GBP MODON USD total AED" in heads
    assert f"strict {rows['total', 'strict']:,.2f}" in shown.line
    apart = sensitivity(**asked)
    assert (apart.facts["currency"], apart.facts["band_low"]) == (None, None)
    assert apart.line.endswith("own currency: several currencies, which do not add up")


def test_the_rates_used_are_in_the_folder_and_carried_days_are_warned_of(made: dict[str, Any]) -> None:
    run, folder = run_of(made, "by_day", fx=[made["folder"] / "rates.csv", "KWD=12"], currency="AED")
    fx = json.loads((folder / "run.json").read_bytes())["fx"]
    assert (fx["currency"], fx["source"], fx["constants"]) == ("AED", "rates.csv", {"KWD": 12.0})
    assert fx["carried"] == {"USD": [*DAYS]}
    assert any(text.startswith("USD: 2 market days have no rate of their own") for text in run.warnings)
    known = {(row["security"], row["day"]): float(row["rate"]) for row in rows_of(folder / "rates.csv")}
    assert known == {("FAB", DAYS[0]): 4.0, ("FAB", DAYS[1]): 5.0} | {("MODON", day): 3.5 for day in DAYS}


def test_constants_scale_all_figures_of_all_securities_together(made: dict[str, Any]) -> None:
    _, folder = run_of(made, "constant", fx={"GBP": 4.0, "USD": 4.0}, currency="AED", securities=["FAB"])
    figures = json.loads((folder / "metrics.json").read_bytes())
    own, whole = figures["securities"]["FAB"], figures["portfolio"]
    for name in ("net_pnl", "turnover", "max_drawdown", "max_drawdown_marked", "peak_capital", "inventory_mean"):
        assert whole[name] == pytest.approx(4.0 * own[name], rel=1e-9)
    for name in ("sharpe", "fills", "profit_factor", "max_drawdown_pct", "time_in_market"):
        assert whole[name] == pytest.approx(own[name], rel=1e-9)


def test_frames_are_in_the_exchanges_time_and_of_several_in_utc_over_a_change_of_clocks(tmp_path: Path) -> None:
    store = tmp_path / "parquet"
    store.mkdir()
    friday, monday = 20_175, 20_178  # London's clocks go on an hour on 30 March 2025, between them
    ticks = random_ticks(1, days=1, a_day=600)
    for ticker, exchange in (("FAB", "ADX"), ("VOD", "LSE")):
        days = [replace(ticks, timestamp=ticks.timestamp - MONDAY + day * DAY) for day in (friday, monday)]
        write_ticks(
            store / f"{ticker}.parquet",
            stack_ticks(days, 2 * len(ticks)),
            {"exchange": exchange, "fingerprint": ticker},
        )
    config = make_config(tmp_path / "v1.json", ("FAB",), VOD={**PARAMETERS, **POUNDS})
    run = backtest(parquet_dir=store, config=config, backend="sequential", fx="GBP=4", currency="AED")
    trades = run.trades("VOD")
    assert str(trades["timestamp"].dt.tz) == "Europe/London"
    offsets = {(at.date().isoformat(), at.utcoffset().total_seconds()) for at in trades["timestamp"]}
    assert offsets == {("2025-03-28", 0.0), ("2025-03-31", 3600.0)}
    equity = run.equity()
    assert str(equity.index.tz) == "UTC"
    assert equity.index.is_monotonic_increasing
    assert equity.index[equity.index.isin(trades["timestamp"])].nunique() == trades["timestamp"].nunique()
    assert str(run.equity("VOD").index.tz) == "UTC"
    ends = equity.iloc[-1]
    assert ends["portfolio"] == pytest.approx(ends["FAB"] + ends["VOD"] * 4.0)


def test_pages_and_lists_say_apart_what_does_not_add_up(made: dict[str, Any]) -> None:
    from pipeline import all_runs, compare, compare_page

    asked = {key: value for key, value in made.items() if key != "folder"}
    folder = made["folder"] / "listed"
    backtest(**asked, output_dir=folder / "apart")
    run = backtest(**asked, output_dir=folder / "added", fx=made["folder"] / "rates.csv", currency="AED")
    net = f"{run.portfolio['net_pnl']:,.2f}"
    pages = {name: (folder / name / "report.html").read_text("utf-8") for name in ("apart", "added")}
    assert "amounts in own currency" in pages["apart"]
    assert "amounts in AED" in pages["added"]
    for unit in ("AED", "GBP", "USD"):
        assert f'<tr><th scope="row">Portfolio, {unit}</th>' in pages["apart"]
    assert (net in pages["added"], net in pages["apart"]) == (True, False)
    assert 'id="equity"' not in pages["apart"]
    rows = {row.name: row for row in all_runs(output_dir=folder)}
    assert (rows["apart"].currency, rows["apart"].net_pnl, [*rows["apart"].equity]) == ("own currency", None, [])
    assert (rows["added"].currency, rows["added"].net_pnl) == ("AED", run.portfolio["net_pnl"])
    both = compare(folder / "apart", folder / "added")
    assert both.same_fills
    assert [(one.subject, one.name, one.setting) for one in both.differences] == [("version", "rates", "FX rates")]
    assert both.b.total.minus(both.a.total).net_pnl is None
    page = compare_page([folder / "apart", folder / "added"], folder / "compare.html").read_text("utf-8")
    assert "amounts in own currency" in page
    assert net in page


def test_a_missing_rate_ends_the_request_before_anything_runs(made: dict[str, Any]) -> None:
    with pytest.raises(RatesError, match="MODON is in USD"):
        run_of(made, "missing", fx="GBP=4", currency="AED")
    late = made["folder"] / "late.csv"
    late.write_text("day,currency,rate\n2025-01-13,GBP,4\n", encoding="utf-8")
    with pytest.raises(RatesError, match=r"FAB has ticks from 2025-01-12 on.* of GBP .* 2025-01-13"):
        run_of(made, "missing", fx=late, currency="AED", securities=["FAB"])
    assert not (made["folder"] / "missing").exists()


def test_results_under_one_rate_are_not_those_under_another(made: dict[str, Any]) -> None:
    wanted = {}
    for pounds in (4.0, 5.0, 4.0):
        run, folder = run_of(made, f"cached {pounds}", fx={"GBP": pounds, "USD": 3.5}, currency="AED")
        wanted.setdefault(pounds, []).append(run.portfolio["net_pnl"])
        assert wanted[pounds][-1] == pytest.approx(sum(by_rate(folder, "net_pnl", (pounds, pounds))), rel=1e-12)
    assert wanted[4.0][0] == wanted[4.0][1]


def test_a_sweep_chooses_for_all_together_on_converted_days(made: dict[str, Any]) -> None:
    asked = {key: value for key, value in made.items() if key != "folder"}
    grid = {"refill_interval_sec": [30, 60]}
    with pytest.raises(BadRequest, match=r"several currencies \(AED, GBP, USD\).*fx rates\.csv currency AED"):
        sweep(**asked, grid=grid)
    folder = made["folder"] / "sweep"
    done = sweep(**asked, grid=grid, fx=made["folder"] / "rates.csv", currency="AED", output_dir=folder, report=False)
    best = next(each for each in done.best if each.security == "all")
    net = []
    for seconds in grid["refill_interval_sec"]:
        run, _ = run_of(
            made,
            f"of {seconds}",
            fx=made["folder"] / "rates.csv",
            currency="AED",
            parameters={"refill_interval_sec": seconds},
        )
        net.append(run.portfolio["net_pnl"])
    assert best.score == pytest.approx(max(net), rel=1e-12)
    assert best.trial.number == 1 + int(np.argmax(net))
    content = json.loads((folder / "sweep.json").read_bytes())
    assert (content["currency"], content["currencies"]["FAB"], content["fx"]["source"]) == ("AED", "GBP", "rates.csv")
    assert content["fx"]["carried"] == {"USD": [*DAYS]}


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every text of a folder: files as they stand, sheets of a workbook, a page without its library."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                for name in book.namelist():
                    yield f"{path.name}/{name}", book.read(name).decode("utf-8", "replace")
        elif path.suffix in (".json", ".csv"):
            yield path.name, path.read_text(encoding="utf-8")
        elif path.suffix == ".html":
            yield path.name, re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", path.read_text("utf-8"))


def test_nothing_of_a_run_or_a_sweep_in_pounds_says_another_currency(
    made: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline import compare, compare_page
    from pipeline.console.backtest import show_backtest
    from pipeline.console.compare import show_comparison
    from pipeline.console.show import show_security
    from pipeline.console.sweep import show_sweep
    from pipeline.recorded import recorded_security

    folder = made["folder"] / "pounds"
    asked = {key: value for key, value in made.items() if key != "folder"} | {"securities": ["FAB"]}
    run = backtest(**asked, output_dir=folder / "a", excel=True)
    backtest(**asked, output_dir=folder / "b", parameters={"refill_interval_sec": 600})
    swept = sweep(**asked, grid={"refill_interval_sec": [30, 60]}, output_dir=folder / "sweep")
    compare_page([folder / "a", folder / "b"], folder / "compare.html")
    shown = [
        show_backtest(run),
        show_comparison(compare(folder / "a", folder / "b")),
        show_security(recorded_security("FAB", folder / "a")),
        show_sweep(swept),
    ]
    notebook = run._repr_html_() + swept._repr_html_() + compare(folder / "a", folder / "b")._repr_html_()
    said = dict(texts_of(folder)) | {"terminal": capsys.readouterr().out, "notebook": notebook}
    said |= {f"line {number}": one.line for number, one in enumerate(shown)}
    assert {name for name, text in said.items() if "AED" in text} == set()
    assert len(said) > 20
    for name in ("report.html", "compare.html", "terminal", "notebook"):
        assert "GBP" in said[name]


def test_drawdown_of_dubai_london_and_new_york_is_that_of_their_fills_in_utc(made: dict[str, Any]) -> None:
    run, _ = run_of(made, "by_day", fx=made["folder"] / "rates.csv", currency="AED")
    drawdowns = []
    for zone in ("UTC", None):
        parts = []
        for ticker, rate in (("EMAAR", 1.0), ("FAB", None), ("MODON", 3.5)):
            trades = run.trades(ticker)
            local = trades["timestamp"].dt.tz_localize(None)
            rates = rate or np.where(local < DAYS[1], 4.0, 5.0)
            at = (trades["timestamp"].dt.tz_convert(zone) if zone else local).cummax()
            parts.append(pd.DataFrame({"at": at, "net": trades["realized_pnl"] * rates}))
        equity = pd.concat(parts).sort_values("at", kind="stable")["net"].cumsum()
        drawdowns.append((equity.cummax().clip(lower=0.0) - equity).max())
    assert run.portfolio["max_drawdown"] == pytest.approx(drawdowns[0], rel=1e-9)
    assert drawdowns[1] != pytest.approx(drawdowns[0], rel=1e-3)
