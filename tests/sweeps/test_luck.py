"""How much of a sweep's best setting is luck: the numbers of sweep.json, from the daily P&L that backtests write."""

from __future__ import annotations

import csv
import json
import math
import statistics
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.numbers import amounts_in
from pipeline.pages.sweep_luck import BY_SECURITY
from pipeline.sweeps import luck as luck_module
from pipeline.sweeps.folder import begun
from pipeline.sweeps.luck_words import in_words, too_few
from tests.made import make_config, random_ticks, write_ticks
from tests.pages.reading import read_page, table

if TYPE_CHECKING:
    from pathlib import Path

DAYS: Final = 12
GRID: Final = {"refill_interval_sec": [20, 60, 200], "quote_size": [500, 3_000]}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    base = tmp_path_factory.mktemp("luck")
    for seed, ticker in enumerate(("FAB", "EMAAR")):
        (base / "parquet").mkdir(exist_ok=True)
        ticks = random_ticks(seed, days=DAYS, a_day=150)
        write_ticks(base / "parquet" / f"{ticker}.parquet", ticks, {"exchange": "ADX"})
    return {"config": make_config(base / "v1.json"), "parquet_dir": base / "parquet"}


@pytest.fixture(scope="module")
def daily(inputs: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[list[float]]:
    """Return the daily net P&L of both securities together of each setting, by single backtests."""
    base, rows = tmp_path_factory.mktemp("single"), []
    for number, (refill, size) in enumerate((refill, size) for refill in (20, 60, 200) for size in (500, 3_000)):
        values = {"refill_interval_sec": refill, "quote_size": size}
        folder = base / str(number)
        api.backtest(**inputs, parameters=values, output_dir=folder, sensitivity=False, report=False)
        with (folder / "daily.csv").open(newline="") as file:
            rows.append([float(row["net_pnl"]) for row in csv.DictReader(file) if row["security"] == "total"])
    return rows


def luck_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "sweep.json").read_text())["luck"]
    return found


def test_the_numbers_are_those_of_the_daily_pnl(
    inputs: dict[str, Any], daily: list[list[float]], tmp_path: Path
) -> None:
    api.sweep(**inputs, grid=GRID, output_dir=tmp_path / "one", report=False)
    luck = luck_of(tmp_path / "one")
    totals = [sum(row) for row in daily]
    best = daily[totals.index(max(totals))]
    ratios = [statistics.fmean(row) / statistics.stdev(row) for row in daily]
    correlation = np.corrcoef(daily)[np.triu_indices(6, 1)].mean()
    trials = correlation + (1 - correlation) * 6
    normal = statistics.NormalDist()
    highest = 0.4227843351 * normal.inv_cdf(1 - 1 / 6) + 0.5772156649 * normal.inv_cdf(1 - 1 / (6 * math.e))
    expected = statistics.stdev(ratios) * highest
    assert (luck["settings"], luck["settings_ever"], luck["sweeps"], luck["market_days"]) == (6, 6, 1, DAYS)
    assert luck["figure"] == "net_pnl"
    assert luck["best"] == pytest.approx(max(totals) / DAYS)
    assert luck["average_correlation"] == pytest.approx(correlation)
    assert luck["independent_trials"] == pytest.approx(trials)
    assert luck["sharpe"] == pytest.approx(statistics.fmean(best) / statistics.stdev(best) * math.sqrt(252))
    assert luck["sharpe_by_chance"] == pytest.approx(expected * math.sqrt(252), rel=1e-6)
    assert luck["out_of_sample_from"] == "cross-validation"
    assert 0.0 <= luck["deflated_sharpe"] <= luck["probabilistic_sharpe"] <= 1.0


def test_what_is_chosen_on_some_days_is_judged_on_the_others(
    inputs: dict[str, Any], daily: list[list[float]], tmp_path: Path
) -> None:
    until = "2025-01-22"  # after 11 of the 12 days
    run = api.sweep(**inputs, grid=GRID, train_until=until, choose_by="sharpe", output_dir=tmp_path, report=False)
    luck, at = luck_of(tmp_path), run.best[-1].trial.number - 1
    assert (luck["market_days"], luck["figure"], luck["out_of_sample_from"]) == (11, "sharpe", "test")
    train = daily[at][:11]
    assert luck["best"] == pytest.approx(statistics.fmean(train) / statistics.stdev(train) * math.sqrt(252))
    assert luck["out_of_sample"] is None  # one day has no Sharpe ratio
    run = api.sweep(**inputs, grid=GRID, train_until=until, output_dir=tmp_path, report=False)
    assert luck_of(tmp_path)["out_of_sample"] == pytest.approx(daily[run.best[-1].trial.number - 1][11])


def test_a_walk_forward_says_what_choosing_anew_made(inputs: dict[str, Any], tmp_path: Path) -> None:
    run = api.sweep(**inputs, grid=GRID, walk_forward=3, output_dir=tmp_path, report=False)
    tests = [fold.test for fold in run.folds if fold.security == "all"]
    luck = luck_of(tmp_path)
    made = sum(test.net_pnl or 0.0 for test in tests) / sum(test.market_days for test in tests)
    assert (luck["out_of_sample"], luck["out_of_sample_from"]) == (pytest.approx(made), "walk forward")


def test_settings_of_sweeps_beside_it_count_once(inputs: dict[str, Any], tmp_path: Path) -> None:
    api.sweep(**inputs, grid=GRID, output_dir=tmp_path / "one", report=False)
    first = (tmp_path / "one" / "sweep.json").read_bytes()
    both = {"refill_interval_sec": [30, 40], "execution": ["classic", "strict"]}  # chosen under one of them
    api.sweep(**inputs, grid=both, output_dir=tmp_path / "two", report=False)
    api.sweep(**inputs, grid=GRID, securities=("FAB",), output_dir=tmp_path / "fewer", report=False)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "sweep.json").write_text('{"status": "complete", "data": 3}')
    assert [luck_of(tmp_path / name)["settings_ever"] for name in ("one", "two", "fewer")] == [6, 8, 14]
    assert luck_of(tmp_path / "two")["sweeps"] == 2
    api.sweep(**inputs, grid=GRID, output_dir=tmp_path / "again", report=False)
    assert luck_of(tmp_path / "again")["settings_ever"] == 8  # "fewer" is of other ticks
    (tmp_path / "elsewhere").mkdir()
    api.sweep(**inputs, grid=GRID, output_dir=tmp_path / "elsewhere" / "one", report=False)
    assert (tmp_path / "elsewhere" / "one" / "sweep.json").read_bytes() == first


def test_sweeps_that_were_replaced_still_count(inputs: dict[str, Any], tmp_path: Path) -> None:
    grids = [{"refill_interval_sec": values} for values in ([10, 20, 30], [40, 50, 60], [70, 80, 90])]
    for grid, ever, sweeps in zip(grids, (3, 6, 9), (1, 2, 3), strict=True):
        api.sweep(**inputs, grid=grid, output_dir=tmp_path / "own" / str(ever), report=False)
        api.sweep(**inputs, grid=grid, output_dir=tmp_path / "one" / "same", report=False)
        luck = luck_of(tmp_path / "one" / "same")
        assert (luck["settings_ever"], luck["sweeps"]) == (ever, sweeps)
    assert luck == luck_of(tmp_path / "own" / "9")
    once = (tmp_path / "one" / "same" / "sweep.json").read_bytes()
    api.sweep(**inputs, grid=grids[-1], output_dir=tmp_path / "one" / "same", report=False)
    assert (tmp_path / "one" / "same" / "sweep.json").read_bytes() == once
    api.sweep(**inputs, grid=grids[0], output_dir=tmp_path / "one" / "beside", report=False)
    assert luck_of(tmp_path / "one" / "beside")["settings_ever"] == 9  # its own were tried before, too


@pytest.mark.parametrize("status", ["running", "failed", "interrupted"])
def test_sweeps_replaced_by_one_that_did_not_end_still_count(
    inputs: dict[str, Any], tmp_path: Path, status: str
) -> None:
    folder = tmp_path / "sweeps" / "same"
    for values in ([10, 20], [30, 40]):
        api.sweep(**inputs, grid={"refill_interval_sec": values}, output_dir=folder, report=False)
    with pytest.raises(ZeroDivisionError), begun(folder):  # a sweep under way, which ends before its end
        raise ZeroDivisionError
    manifest = json.loads((folder / "sweep.json").read_text())
    assert manifest["status"] == "failed"
    (folder / "sweep.json").write_text(json.dumps({**manifest, "status": status}))
    api.sweep(**inputs, grid={"refill_interval_sec": [50, 60]}, output_dir=folder, report=False)
    assert luck_of(folder)["settings_ever"] == 6


def test_of_many_settings_some_are_looked_at_the_best_among_them(
    inputs: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = {"refill_interval_sec": list(range(10, 210, 10))}
    every = api.sweep(**inputs, grid=grid, output_dir=tmp_path / "every").luck
    monkeypatch.setattr(luck_module, "MOST_SETTINGS", 8)
    some = api.sweep(**inputs, grid=grid, output_dir=tmp_path / "some").luck
    assert every is not None
    assert some is not None
    assert (some.settings, some.settings_used, every.settings_used) == (20, pytest.approx(8, abs=1), 20)
    assert (some.best, some.sharpe) == (every.best, every.sharpe)
    assert some.by_chance == pytest.approx(every.by_chance, rel=0.3)


def test_the_page_and_the_terminal_say_what_sweep_json_has(inputs: dict[str, Any], tmp_path: Path) -> None:
    api.sweep(**inputs, grid=GRID, output_dir=tmp_path)
    luck = luck_of(tmp_path)
    page = read_page((tmp_path / "report.html").read_bytes())
    rows = {
        row.attributes["data-row"]: float(row.one("td").attributes["data-value"] or "nan")
        for row in page.root.one("table", id="luck").all("tr")
        if "data-row" in row.attributes
    }
    assert rows == {name: luck[name] for name in luck.keys() - {"settings", "figure", "out_of_sample_from"}}
    with amounts_in("AED"):
        said = in_words(luck)
    assert [each.text for each in page.root.all("p", **{"class": "luck"})] == said
    assert said[0] == (
        f"Of 6 settings the best looks like {luck['best']:,.2f} AED a market day; luck alone would give "
        f"{luck['by_chance']:,.2f}; out of sample (cross-validation) it made {luck['out_of_sample']:,.2f}."
    )


def test_the_numbers_are_captioned_with_the_settings_that_they_are_of(inputs: dict[str, Any], tmp_path: Path) -> None:
    captions = {
        "one": "The choice among 6 settings, in numbers",
        "two": "The choice among 6 of 12 settings, those under execution strict, in numbers",
    }
    api.sweep(**inputs, grid=GRID, output_dir=tmp_path / "one")
    api.sweep(**inputs, grid={**GRID, "execution": ["classic", "strict"]}, output_dir=tmp_path / "two")
    for name, caption in captions.items():
        page = read_page((tmp_path / name / "report.html").read_bytes())
        assert page.root.one("table", id="luck").one("caption").text == caption


def test_each_security_has_the_luck_of_a_sweep_of_it_alone(inputs: dict[str, Any], tmp_path: Path) -> None:
    api.sweep(**inputs, grid=GRID, walk_forward=3, output_dir=tmp_path / "both" / "sweep")
    recorded = json.loads((tmp_path / "both" / "sweep" / "sweep.json").read_text())["luck_by_security"]
    assert recorded.keys() == {"EMAAR", "FAB"}
    page = read_page((tmp_path / "both" / "sweep" / "report.html").read_bytes())
    _, rows = table(page.root.one("table", id="luck-by-security"))
    for ticker, luck in recorded.items():
        folder = tmp_path / ticker / "sweep"
        api.sweep(**inputs, grid=GRID, walk_forward=3, securities=ticker, output_dir=folder, report=False)
        assert luck == luck_of(folder)
        shown = [float(cell.attributes["data-value"]) for cell in rows[ticker]]
        assert shown == [luck[name] for name in BY_SECURITY]
    alone = json.loads((tmp_path / "FAB" / "sweep" / "sweep.json").read_text())
    assert alone["luck_by_security"] == {}


def test_of_a_few_days_or_of_one_setting_nothing_is_said(inputs: dict[str, Any], tmp_path: Path) -> None:
    ticks = random_ticks(4, days=9, a_day=100)
    (tmp_path / "few").mkdir()
    write_ticks(tmp_path / "few" / "FAB.parquet", ticks, {"exchange": "ADX"})
    api.sweep(config=inputs["config"], parquet_dir=tmp_path / "few", grid=GRID, output_dir=tmp_path / "run")
    assert luck_of(tmp_path / "run") is None
    page = read_page((tmp_path / "run" / "report.html").read_bytes())
    assert [each.text for each in page.root.all("p", **{"class": "luck"})] == [
        "9 market days: too few to say how much of the best of 6 settings is luck; it takes 10."
    ]
    assert api.sweep(**inputs, grid={"quote_size": [500]}).luck is None
    assert too_few(1, 5) == too_few(6, 10) == ""
