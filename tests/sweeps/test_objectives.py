"""What a sweep chooses by: figures are those of a backtest's metrics.json, a desk's own function sees its days."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest

from pipeline import api
from pipeline.errors import BadRequest
from pipeline.pages.sweep_page import sweep_page
from pipeline.store.parquet import read_table
from pipeline.sweeps import shortlist, sweep_warnings
from tests.made import make_config, random_ticks, write_ticks
from tests.pages.reading import read_page
from tests.pages.swept import rows_of, value

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.sweeps.date_windows import SettingDays

DAYS: Final = 12
GRID: Final = {"refill_interval_sec": [20, 60, 200], "quote_size": [500, 3_000]}
SETTINGS: Final = [(refill, size) for refill in (20, 60, 200) for size in (500, 3_000)]
VIEWS: Final = ("EMAAR", "FAB", "all")
LESS_IS_BETTER: Final = ("daily_drawdown", "max_drawdown", "max_drawdown_pct", "minimum_track_record", "kurtosis")
BY_HAND: Final = {
    "max_drawdown": lambda held, view: held["daily_drawdown" if view == "all" else "max_drawdown"],
    "calmar": lambda held, _: (held["daily_drawdown"] and held["daily_net_pnl"] * 252 / held["daily_drawdown"]) or None,
}
"""Drawdowns of all together, and that of the Calmar ratio, are looked at when days end."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    base = tmp_path_factory.mktemp("objectives")
    (base / "parquet").mkdir()
    for seed, ticker in enumerate(("FAB", "EMAAR")):
        ticks = random_ticks(seed, days=DAYS, a_day=150)
        write_ticks(base / "parquet" / f"{ticker}.parquet", ticks, {"exchange": "ADX"})
    return {"config": make_config(base / "v1.json"), "parquet_dir": base / "parquet"}


@pytest.fixture(scope="module")
def singles(inputs: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the folder of a backtest of each setting."""
    folders = []
    for number, (refill, size) in enumerate(SETTINGS):
        folder = tmp_path_factory.mktemp(f"single{number}")
        values = {"refill_interval_sec": refill, "quote_size": size}
        api.backtest(**inputs, parameters=values, output_dir=folder, sensitivity=False, report=False)
        folders.append(folder)
    return folders


def held(folder: Path, view: str) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    figures: dict[str, Any] = metrics["portfolio"] if view == "all" else metrics["securities"][view]
    return figures


def figure(folder: Path, view: str, name: str) -> float | None:
    found: Any = held(folder, view)
    if name in BY_HAND:
        return BY_HAND[name](found, view)
    for key in name.split("."):
        found = found[key]
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("win_rate", "turnover", "fills", "daily_drawdown", "sortino", "calmar", "daily_net_pnl", "fills_per_day"),
        *("probabilistic_sharpe", "minimum_track_record", "skew", "kurtosis"),
        *("profit_factor", "average_win", "average_loss", "max_drawdown"),
        *("spread_captured_bps", "markouts.60s.bps", "max_drawdown_pct", "return_on_limit"),
    ],
)
def test_the_best_by_a_figure_is_the_best_of_single_backtests(
    inputs: dict[str, Any], singles: list[Path], tmp_path: Path, name: str
) -> None:
    run = api.sweep(**inputs, grid=GRID, choose_by=name, output_dir=tmp_path, report=False)
    columns = {
        view: read_table(tmp_path / "sweep.parquet").to_pandas().query("security == @view") for view in VIEWS[:2]
    }
    columns["all"] = read_table(tmp_path / "sweep_all.parquet").to_pandas()
    sign = -1 if name in LESS_IS_BETTER else 1
    for view in VIEWS:
        each = [figure(folder, view, name) for folder in singles]
        written = columns[view]["score"].tolist()
        assert written == pytest.approx([float("nan") if one is None else one for one in each], nan_ok=True, rel=1e-9)
        known = {number: one for number, one in enumerate(each, 1) if one is not None}
        best = next((best for best in run.best if best.security == view), None)
        if not known:
            assert best is None
            continue
        assert best is not None
        assert sign * known[best.trial.number] == pytest.approx(max(sign * one for one in known.values()), rel=1e-9)
        assert best.score == pytest.approx(known[best.trial.number], rel=1e-9)
        none = len(each) - len(known)
        said = f"{none} of 6 settings have no {name} ("
        assert view != "all" or any(text.startswith(said) for text in run.warnings) == (none > 0)


def test_what_needs_a_whole_replay_is_of_the_settings_with_the_highest_net_pnl(
    inputs: dict[str, Any], singles: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "SHORTLIST", 2)
    monkeypatch.setattr(sweep_warnings, "SHORTLIST", 2)
    run = api.sweep(**inputs, grid=GRID, choose_by="spread_captured_bps")
    for best in run.best:
        net = [figure(folder, best.security, "net_pnl") or 0.0 for folder in singles]
        highest = sorted(range(len(net)), key=lambda at: -net[at])[:2]
        captured = {at + 1: figure(singles[at], best.security, "spread_captured_bps") or 0.0 for at in highest}
        assert captured[best.trial.number] == max(captured.values()) == pytest.approx(best.score)
    assert "Of 6 settings only the 2 with the highest net P&L" in "\n".join(run.warnings)


def test_cross_validation_says_nothing_of_what_it_cannot_choose_by(inputs: dict[str, Any]) -> None:
    for name, is_known in (("net_pnl", True), ("sharpe", True), ("skew", False), ("spread_captured_bps", False)):
        luck = api.sweep(**inputs, grid=GRID, choose_by=name).luck
        assert luck is not None
        assert (luck.out_of_sample is not None, luck.out_of_sample_from) == (is_known, "cross-validation")


def sees(days: SettingDays) -> float:
    SEEN.append(days)
    return float(days.net_pnl.sum() - 0.5 * days.turnover.sum() / 1e6)


SEEN: Final[list[Any]] = []


def test_a_function_of_ones_own_sees_the_days_that_daily_csv_has(inputs: dict[str, Any], singles: list[Path]) -> None:
    SEEN.clear()
    run = api.sweep(**inputs, grid=GRID, choose_by=sees)
    assert len(SEEN) == len(SETTINGS) * len(VIEWS)
    for at, days in enumerate(SEEN):
        view, folder = ("EMAAR", "FAB", "total")[at // len(SETTINGS)], singles[at % len(SETTINGS)]
        with (folder / "daily.csv").open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["security"] == view]
        assert days.market_days.astype(str).tolist() == [row["day"] for row in rows]
        assert days.net_pnl.tolist() == pytest.approx([float(row["net_pnl"]) for row in rows])
        assert days.fills.tolist() == [int(row["fills"]) for row in rows]
        figures = held(folder, "all" if view == "total" else view)
        assert days.turnover.sum() == pytest.approx(figures["turnover"])
        assert days.closing_fills.sum() * figures["win_rate"] == pytest.approx(days.gaining_fills.sum())
    scores = [days.net_pnl.sum() - 0.5 * days.turnover.sum() / 1e6 for days in SEEN]
    for at, best in enumerate(run.best):
        own = scores[at * len(SETTINGS) : (at + 1) * len(SETTINGS)]
        assert (best.trial.number, best.score) == (1 + own.index(max(own)), pytest.approx(max(own)))


def test_a_function_of_a_file_chooses_in_each_part_and_stands_on_the_page(
    inputs: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "desk.py"
    file.write_text("def steady(days):\n    return None if days.fills.sum() == 0 else float(min(days.net_pnl))\n")
    run = api.sweep(
        **inputs, grid=GRID, choose_by=f"{file}:steady", train_until="2025-01-17", output_dir=tmp_path / "out"
    )
    frame = read_table(tmp_path / "out" / "sweep.parquet").to_pandas().set_index(["security", "setting"])
    recorded = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert (recorded["chosen_by"], recorded["score"]["label"], recorded["luck"]) == ("steady", "steady", None)
    rows = rows_of(read_page(sweep_page(tmp_path / "out")), "best-table")
    summary = pd.read_csv(tmp_path / "out" / "sweep_summary.csv").set_index("security")
    assert set(summary["chosen_by"]) == {"train_steady"}
    for best in run.best[:2]:
        own = frame.loc[best.security]["train_score"]
        assert (own.idxmax(), own.max()) == (best.trial.number, best.score)
        chosen = frame.loc[best.security, best.trial.number]
        expected = [best.trial.number, chosen["train_score"], chosen["test_score"], chosen["score"]]
        cells = rows[best.security]
        assert [value(cell) for cell in [cells[0], *cells[3:6]]] == pytest.approx(expected)


def test_a_setting_without_the_figure_ranks_after_those_that_have_it_and_that_is_said(inputs: dict[str, Any]) -> None:
    grid = {"min_local_currency_before_quote": [1e12, 10.0]}
    for name, why in (
        ("sharpe", "every market day earned the same"),
        ("daily_drawdown", "no market day), or no fill,"),
    ):
        run = api.sweep(**inputs, grid=grid, choose_by=name)
        assert [best.trial.number for best in run.best] == [2, 2, 2]
        [said] = [text for text in run.warnings if "rank after" in text]
        assert said.startswith(f"1 of 2 settings have no {name} ({why}")
    idle = api.sweep(**inputs, grid={"min_local_currency_before_quote": [1e12, 2e12]}, choose_by="sortino")
    assert not idle.best
    assert [text for text in idle.warnings if "no setting could be chosen" in text] == [
        f"{view}: no setting could be chosen: none has a figure to choose by." for view in VIEWS
    ]


@pytest.mark.parametrize(
    ("choose_by", "options", "said"),
    [
        ("sortin", {}, "Did you mean 'sortino'?"),
        ("spread_captured", {"walk_forward": 2}, "leave out train_until and walk_forward"),
        ("fills_by_kind", {}, "it takes net_pnl"),
        ("profit_factor", {"walk_forward": 2}, "which a sweep has of all days only"),
        ("nowhere.py:own", {}, "there is no file nowhere.py"),
        ("{}", {}, "say which function of it"),
        ("{}:steadi", {}, "Did you mean 'steady'?"),
        ("{}:wrong", {}, "wrong failed (setting 1, EMAAR): ZeroDivisionError"),
        ("{}:text", {}, "text failed (setting 1, EMAAR): ValueError"),
    ],
)
def test_what_cannot_be_chosen_by_is_refused_by_name(
    inputs: dict[str, Any], tmp_path: Path, choose_by: str, options: dict[str, Any], said: str
) -> None:
    bodies = {"steady": "1", "wrong": "1 / 0", "text": "'x'"}
    functions = [f"def {name}(days):\n    return {body}\n" for name, body in bodies.items()]
    (tmp_path / "own.py").write_text("".join(functions))
    with pytest.raises(BadRequest) as caught:
        api.sweep(**inputs, grid=GRID, choose_by=choose_by.format(tmp_path / "own.py"), **options)
    assert said in str(caught.value)


def test_of_a_few_days_an_annualised_objective_is_warned_of(inputs: dict[str, Any]) -> None:
    few = api.sweep(**inputs, grid=GRID, choose_by="sharpe", train_until="2025-01-17")
    assert any(text.startswith("Settings were chosen by the sharpe of 6 market days") for text in few.warnings)
    assert not [
        text for text in api.sweep(**inputs, grid=GRID, choose_by="sharpe").warnings if "next to nothing" in text
    ]
