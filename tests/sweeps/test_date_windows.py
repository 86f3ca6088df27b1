"""Choosing on one part of the days and judging on another, against a slow computation from the trades themselves."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

from pipeline import api
from pipeline.errors import BadRequest
from pipeline.store.parquet import read_table
from pipeline.ticks import Ticks
from tests.made import DAY, HOUR, MONDAY, make_config, make_store, random_ticks, write_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipeline.sweeps.run import SweepRun

DAYS: Final = {"EMAAR": (0, 1, 2, 4, 5, 8), "FAB": (0, 1, 3, 4, 5, 7, 8)}
START: Final = dt.date(2025, 1, 12)
UNTIL: Final = START + dt.timedelta(days=4)
GRID: Final = {
    "refill_interval_sec": [20, 60, 200],
    "execution": ["classic", "strict"],
    "execution.fees_bps": [3],
}
STRICT: Final = (2, 4, 6)
"""The settings that one may be chosen of: those under the careful one of the two execution models."""

ALL_DAYS: Final = [START + dt.timedelta(days=day) for day in sorted({day for days in DAYS.values() for day in days})]


def make_days(folder: Path, *, other_after: dt.date | None = None) -> Path:
    """Write a store whose securities trade on different days; with other ticks, and fewer days, after a date."""
    store = make_store(folder, tuple(DAYS))
    for seed, (ticker, days) in enumerate(DAYS.items()):
        ticks = on_days(random_ticks(seed, days=9, a_day=300), days)
        if other_after is not None:
            split = MONDAY + (other_after - START).days * DAY + DAY
            later = on_days(random_ticks(seed + 50, days=9, a_day=300), days[:-1])
            ticks = joined(ticks, ticks.timestamp < split, later, later.timestamp >= split)
        write_ticks(store / f"{ticker}.parquet", ticks, {"exchange": "ADX"})
    return store


def on_days(ticks: Ticks, days: Sequence[int]) -> Ticks:
    on = np.isin((ticks.timestamp - MONDAY) // DAY, days)
    return Ticks(ticks.timestamp[on], ticks.kind[on], ticks.price[on], ticks.volume[on])


def joined(first: Ticks, some: Any, second: Ticks, others: Any) -> Ticks:
    names = ("timestamp", "kind", "price", "volume")
    return Ticks(*(np.concatenate([getattr(first, n)[some], getattr(second, n)[others]]) for n in names))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepRun, Path]:
    folder = tmp_path_factory.mktemp("windows")
    return sweep(folder, make_days(folder / "parquet"), train_until=UNTIL, walk_forward=3, keep_trades="all"), folder


def sweep(folder: Path, store: Path, grid: Any = GRID, **options: Any) -> SweepRun:
    config = make_config(folder / "v1.json", tuple(DAYS))
    return api.sweep(grid=grid, config=config, parquet_dir=store, output_dir=folder / "out", **options)


def trades(folder: Path, number: int, tickers: Iterable[str]) -> pd.DataFrame:
    """Read the fills of a setting, as a notebook would."""
    some = [read_table(folder / "out" / "trades" / f"{number}_{ticker}.parquet").to_pandas() for ticker in tickers]
    frame = pd.concat(some)
    frame["day"] = frame["timestamp"].dt.date
    frame["net"] = frame["realized_pnl"] - frame.get("fee", 0.0)
    return frame


def slowly(fills: pd.DataFrame, tickers: Iterable[str], first: dt.date, last: dt.date) -> dict[str, Any]:
    own = sorted({START + dt.timedelta(days=day) for ticker in tickers for day in DAYS[ticker]})
    days = [day for day in own if first <= day <= last]
    some = fills[(fills["day"] >= first) & (fills["day"] <= last)]
    daily = some.groupby("day")["net"].sum().reindex(days, fill_value=0.0)
    equity = daily.cumsum()
    closing = some[some["realized_pnl"] != 0]
    spread = daily.std() if len(days) > 1 else 0.0
    return {
        "fills": len(some),
        "net_pnl": some["net"].sum(),
        "sharpe": daily.mean() / spread * 252**0.5 if spread > 0 else None,
        "daily_drawdown": float((equity.cummax().clip(lower=0.0) - equity).max()) if days else 0.0,
        "win_rate": (closing["realized_pnl"] > 0).mean() if len(closing) else None,
        "turnover": (some["fill_price"] * some["fill_qty"]).sum(),
        "market_days": len(days),
    }


def parts(figures: dict[str, Any], part: str) -> dict[str, Any]:
    return {name.removeprefix(part): value for name, value in figures.items() if name.startswith(part)}


def alike(left: dict[str, Any], other: dict[str, Any]) -> bool:
    return left.keys() == other.keys() and all(
        value == other[name] if value is None or other[name] is None else value == pytest.approx(other[name], rel=1e-9)
        for name, value in left.items()
    )


def test_both_parts_of_each_row_are_what_its_trades_say(swept: tuple[SweepRun, Path]) -> None:
    run, folder = swept
    rows = run.table.to_pylist()
    assert len(rows) == 12
    for row in rows:
        fills, own = trades(folder, row["setting"], [row["security"]]), [row["security"]]
        assert alike(parts(row, "train_"), slowly(fills, own, START, UNTIL))
        assert alike(parts(row, "test_"), slowly(fills, own, UNTIL + dt.timedelta(days=1), ALL_DAYS[-1]))
        assert row["train_fills"] + row["test_fills"] == row["fills"] == len(fills) > 20
        assert row["train_market_days"] + row["test_market_days"] == row["market_days"]
        assert row["train_net_pnl"] + row["test_net_pnl"] == pytest.approx(row["net_pnl"])
        assert row["train_turnover"] + row["test_turnover"] == pytest.approx(row["turnover"])


def test_a_setting_on_all_securities_together_is_what_its_trades_say(swept: tuple[SweepRun, Path]) -> None:
    _, folder = swept
    rows = read_table(folder / "out" / "sweep_all.parquet").to_pylist()
    assert [row["setting"] for row in rows] == [1, 2, 3, 4, 5, 6]
    for row in rows:
        fills = trades(folder, row["setting"], sorted(DAYS))
        assert alike(parts(row, "train_"), slowly(fills, DAYS, START, UNTIL))
        assert alike(parts(row, "test_"), slowly(fills, DAYS, UNTIL + dt.timedelta(days=1), ALL_DAYS[-1]))
        whole = slowly(fills, DAYS, START, ALL_DAYS[-1])
        whole |= {"realized_pnl": fills["realized_pnl"].sum(), "fees": fills["fee"].sum()}
        assert alike({name: row[name] for name in whole}, whole)
    summary = pd.read_csv(folder / "out" / "sweep_summary.csv").set_index("security").loc["all"]
    chosen = rows[int(summary["setting"]) - 1]
    same = [name for name in chosen if name in summary.index and name != "setting"]
    assert len(same) > 15
    assert [chosen[name] for name in same] == [summary[name] for name in same]


@pytest.mark.parametrize("objective", ["net_pnl", "sharpe"])
@pytest.mark.parametrize("until", [UNTIL, None])
def test_the_best_setting_has_the_highest_score_of_its_trades(
    swept: tuple[SweepRun, Path], tmp_path: Path, objective: str, until: dt.date | None
) -> None:
    _, folder = swept
    run = sweep(tmp_path, folder / "parquet", train_until=until, choose_by=objective)
    assert [choice.security for choice in run.best] == ["EMAAR", "FAB", "all"]
    summary = pd.read_csv(tmp_path / "out" / "sweep_summary.csv").set_index("security")
    for best in run.best:
        tickers = sorted(DAYS) if best.security == "all" else [best.security]
        last = until or ALL_DAYS[-1]
        scores = {number: slowly(trades(folder, number, tickers), tickers, START, last)[objective] for number in STRICT}
        assert best.trial.number == max(scores, key=lambda number: scores[number])
        assert best.score == pytest.approx(scores[best.trial.number])
        assert summary.loc[best.security, "setting"] == best.trial.number
        assert summary.loc[best.security, "score"] == best.score
        if until is not None:
            assert best.test is not None
            after = slowly(
                trades(folder, best.trial.number, tickers), tickers, until + dt.timedelta(days=1), ALL_DAYS[-1]
            )
            assert alike(asdict(best.test), after)
            assert summary.loc[best.security, "test_net_pnl"] == best.test.net_pnl


def test_a_walk_forward_chooses_on_the_past_and_its_parts_are_the_whole(swept: tuple[SweepRun, Path]) -> None:
    run, folder = swept
    walked = pd.read_csv(folder / "out" / "walk_forward.csv")
    parted = [[day.item() for day in part] for part in np.array_split(np.array(ALL_DAYS, "datetime64[D]"), 4)]
    for security in ("EMAAR", "FAB", "all"):
        tickers = sorted(DAYS) if security == "all" else [security]
        folds = [fold for fold in run.folds if fold.security == security]
        assert [fold.number for fold in folds] == [1, 2, 3]
        for fold, before, part in zip(folds, parted, parted[1:], strict=False):
            fills = {number: trades(folder, number, tickers) for number in STRICT}
            figures = {number: slowly(of_setting, tickers, START, before[-1]) for number, of_setting in fills.items()}
            assert fold.trial.number == max(figures, key=lambda number: figures[number]["net_pnl"])
            assert alike(asdict(fold.train), figures[fold.trial.number])
            assert alike(asdict(fold.test), slowly(fills[fold.trial.number], tickers, part[0], part[-1]))
            row = walked[(walked["security"] == security) & (walked["fold"] == fold.number)].iloc[0]
            assert (row["test_from"], row["test_to"]) == (str(part[0]), str(part[-1]))
            assert row["test_net_pnl"] == fold.test.net_pnl
        counted = sum(fold.test.market_days for fold in folds) + folds[0].train.market_days
        assert counted == len({day for ticker in tickers for day in DAYS[ticker]})


def test_a_rolling_walk_forward_chooses_on_the_last_days_and_leaves_some_out(
    swept: tuple[SweepRun, Path], tmp_path: Path
) -> None:
    _, folder = swept
    run = sweep(tmp_path, folder / "parquet", walk_forward=2, train_days=2, purge=1, embargo=1)
    parted = [[day.item() for day in part] for part in np.array_split(np.array(ALL_DAYS, "datetime64[D]"), 3)]
    folds = [fold for fold in run.folds if fold.security == "all"]
    assert len(folds) == 2
    for fold, before, part in zip(folds, (parted[0], parted[0] + parted[1]), parted[1:], strict=True):
        chosen_on = before[:-1][-2:]
        fills = {number: trades(folder, number, DAYS) for number in STRICT}
        figures = {number: slowly(some, DAYS, chosen_on[0], chosen_on[-1]) for number, some in fills.items()}
        assert fold.trial.number == max(figures, key=lambda number: figures[number]["net_pnl"])
        assert alike(asdict(fold.train), figures[fold.trial.number])
        assert alike(asdict(fold.test), slowly(fills[fold.trial.number], DAYS, part[1], part[-1]))
    recorded = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert [recorded[name] for name in ("folds", "train_days", "purge", "embargo")] == [2, 2, 1, 1]


def test_what_is_chosen_does_not_depend_on_what_comes_after(swept: tuple[SweepRun, Path], tmp_path: Path) -> None:
    run, folder = swept
    store = make_days(tmp_path / "parquet", other_after=UNTIL)
    for objective in ("net_pnl", "sharpe"):
        before = sweep(tmp_path, folder / "parquet", train_until=UNTIL, choose_by=objective)
        after = sweep(tmp_path, store, train_until=UNTIL, choose_by=objective)
        assert [(choice.trial.number, choice.score, choice.train) for choice in after.best] == [
            (choice.trial.number, choice.score, choice.train) for choice in before.best
        ]
        assert all(choice.test != other.test for choice, other in zip(after.best, before.best, strict=True))
    train = [name for name in run.table.column_names if name.startswith("train_")]
    assert after.table.select(train).equals(run.table.select(train))
    wide = {"refill_interval_sec": {"from": 5, "to": 500}, "execution": ["classic", "strict"]}
    searched = [
        sweep(tmp_path, ticks_dir, grid=wide, train_until=UNTIL, trials=40) for ticks_dir in (folder / "parquet", store)
    ]
    assert [[trial.combination for trial in run.results.trials.values()] for run in searched[:1]] == [
        [trial.combination for trial in run.results.trials.values()] for run in searched[1:]
    ]
    assert [run.best[-1].trial.number for run in searched[:1]] == [run.best[-1].trial.number for run in searched[1:]]


REFUSED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "before all days": ({"train_until": dt.date(2024, 1, 1)}, "the market days are 2025-01-12 to 2025-01-20"),
    "after all days": ({"train_until": ALL_DAYS[-1]}, "leaves no day on one side"),
    "no fold": ({"walk_forward": 0}, "walk_forward is 0; it takes a whole number of at least 1"),
    "too many folds": ({"walk_forward": 8}, "walk_forward is 8; with 8 market days it takes 1 to 7"),
    "an objective": ({"choose_by": "sharp"}, "Did you mean 'sharpe'?"),
    "trades": ({"keep_trades": "bets"}, "Did you mean 'best'?"),
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_cannot_be_parted_or_chosen_is_one_plain_error(
    swept: tuple[SweepRun, Path], tmp_path: Path, named: str
) -> None:
    options, words = REFUSED[named]
    with pytest.raises(BadRequest) as error:
        sweep(tmp_path, swept[1] / "parquet", **options)
    assert words in str(error.value)


@pytest.mark.parametrize("named", ["no fold", "an objective", "trades"])
def test_a_bad_request_leaves_the_folder_of_the_last_sweep_as_it_is(
    swept: tuple[SweepRun, Path], tmp_path: Path, named: str
) -> None:
    sweep(tmp_path, swept[1] / "parquet")
    with pytest.raises(BadRequest):
        sweep(tmp_path, swept[1] / "parquet", **REFUSED[named][0])
    assert (tmp_path / "out" / "sweep.parquet").exists()


@pytest.mark.parametrize("keep", ["best", "all"])
def test_kept_trades_are_those_of_a_backtest_with_the_setting(
    swept: tuple[SweepRun, Path], tmp_path: Path, keep: str
) -> None:
    store = swept[1] / "parquet"
    run = sweep(tmp_path, store, train_until=UNTIL, keep_trades=keep)
    best = {(pick.trial.number, ticker) for pick in run.best for ticker in DAYS if pick.security in ("all", ticker)}
    every = {(number, ticker) for number in run.results.trials for ticker in DAYS}
    wanted = best if keep == "best" else every
    names = {f"{number}_{ticker}.parquet" for number, ticker in wanted}
    assert {file.name for file in (tmp_path / "out" / "trades").iterdir()} == names
    for number, ticker in sorted(wanted):
        values = dict(run.results.trials[number].combination)
        done = api.backtest(
            config=tmp_path / "v1.json",
            parquet_dir=store,
            execution=values.pop("execution"),
            parameters=values,
            securities=[ticker],
            sensitivity=False,
        )
        fills = read_table(tmp_path / "out" / "trades" / f"{number}_{ticker}.parquet").to_pandas()
        frame = done.trades(ticker)
        frame["timestamp"] = frame["timestamp"].dt.tz_localize(None)
        pd.testing.assert_frame_equal(fills, frame, check_exact=True)


def test_the_next_sweep_into_a_folder_leaves_no_trades_of_the_last(
    swept: tuple[SweepRun, Path], tmp_path: Path
) -> None:
    sweep(tmp_path, swept[1] / "parquet", keep_trades="all", walk_forward=2)
    sweep(tmp_path, swept[1] / "parquet")
    left = {file.name for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert left == {
        *("sweep.parquet", "sweep_all.parquet", "sweep_summary.csv", "chosen_by_day.csv", "sweep.json", "report.html")
    }


@pytest.mark.parametrize("until", [START, START + dt.timedelta(days=1)])
def test_fills_on_days_without_a_print_are_in_one_part_and_one_only(tmp_path: Path, until: dt.date) -> None:
    store = make_store(tmp_path / "parquet", ("FAB",))
    random = random_ticks(10, days=4, a_day=300)
    day, clock = (random.timestamp - MONDAY) // DAY, random.timestamp % DAY
    keep = np.where(day % 2 == 1, random.kind != 2, clock < 13 * HOUR)
    ticks = Ticks(random.timestamp[keep], random.kind[keep], random.price[keep], random.volume[keep])
    write_ticks(store / "FAB.parquet", ticks, {"exchange": "ADX"})
    grid = {"execution.flatten": ["touch"], "refill_interval_sec": [5, 60]}
    run = sweep(tmp_path, store, grid=grid, train_until=until, walk_forward=1, keep_trades="all")
    for row in run.table.to_pylist():
        fills = trades(tmp_path, row["setting"], ["FAB"])
        assert len(set(fills["day"])) > row["market_days"] == 2
        assert row["train_fills"] == (fills["day"] <= until).sum()
        assert row["test_fills"] == (fills["day"] > until).sum()
        market_day = fills["day"].map(lambda day: (day - START).days // 2)  # the quotes of day 1 count to day 0
        daily = fills.groupby(market_day)["net"].sum()
        assert daily.sum() == pytest.approx(row["net_pnl"])
        assert row["sharpe"] == pytest.approx(daily.mean() / daily.std() * 252**0.5)
    [fold] = run.folds
    assert fold.train.fills + fold.test.fills == run.table.to_pylist()[fold.trial.number - 1]["fills"]
