"""--trials: the same settings each time for one seed, judged as a grid would judge them, nothing computed twice."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.errors import BadRequest, MissingExtra
from pipeline.sweeps.grid import read_grid
from tests.made import contents, make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.sweeps.run import SweepRun

GRID: Final = {
    "refill_interval_sec": {"from": 5, "to": 600, "log": True},
    "quote_size": {"from": 500, "to": 4500, "step": 500},
    "quote_size_bid": [None, 100],
    "min_local_currency_before_quote": {"from": 0.1, "to": 0.9, "step": 0.1},
    "max_notional": {"from": 1e5, "to": 2e6},
    "execution": ["classic", "strict"],
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("made")
    return make_store(folder / "parquet", ("FAB", "EMAAR")), make_config(folder / "v1.json", ("FAB", "EMAAR"))


def search(inputs: tuple[Path, Path], output: Path, grid: Any = None, **options: Any) -> SweepRun:
    return api.sweep(
        grid=GRID if grid is None else grid,
        parquet_dir=inputs[0],
        config=inputs[1],
        output_dir=output,
        **{"trials": 50, "seed": 3} | options,
    )


def test_the_same_seed_gives_the_same_bytes_and_the_second_run_computes_nothing(
    inputs: tuple[Path, Path], tmp_path: Path, kept_results: Path
) -> None:
    first = search(inputs, tmp_path / "first")
    assert kept_results.exists()
    second = search(inputs, tmp_path / "second")
    assert (first.results.cached, second.results.computed) == (0, 0)
    assert second.results.cached == len(first.results) == 2 * len(first.results.trials)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    content = json.loads((tmp_path / "first" / "sweep.json").read_text())
    assert (content["searched"], content["seed"]) == (50, 3)
    search(inputs, tmp_path / "other", seed=4)
    assert contents(tmp_path / "other")["sweep.parquet"] != contents(tmp_path / "first")["sweep.parquet"]


def test_it_asks_for_the_same_settings_whatever_computes_them(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    for name, how in {"one": {"backend": "sequential"}, "two": {"backend": "threading", "workers": 2}}.items():
        where: dict[str, Any] = {"parquet_dir": inputs[0], "config": inputs[1], "output_dir": tmp_path / name}
        api.sweep(grid=GRID, **where, **how, trials=50, seed=3, choose_by="sharpe")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_it_asks_for_is_within_the_axes_and_in_decimal_steps(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    run = search(inputs, tmp_path / "out")
    tried = [trial.combination for trial in run.results.trials.values()]
    assert len(tried) == len({json.dumps(dict(values)) for values in tried}) > 32
    for values in tried:
        assert isinstance(values["refill_interval_sec"], int)
        assert 5 <= values["refill_interval_sec"] <= 600
        assert values["quote_size"] in range(500, 5_000, 500)
        assert values["quote_size_bid"] in (None, 100)
        assert values["min_local_currency_before_quote"] in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
        assert 1e5 <= values["max_notional"] <= 2e6
    assert {values["execution"] for values in tried} == {"classic", "strict"}


def test_it_finds_the_best_of_a_small_grid_with_the_grids_rows(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    grid = {"refill_interval_sec": [5, 30, 300], "execution": ["classic", "strict"]}
    walked = api.sweep(grid=grid, parquet_dir=inputs[0], config=inputs[1])
    searched = search(inputs, tmp_path / "out", grid, trials=64)
    assert len(searched.results.trials) == 6
    numbers = ["setting"]
    by = ["refill_interval_sec", "execution", "security"]
    rows = [run.frame.drop(columns=numbers).sort_values(by).reset_index(drop=True) for run in (walked, searched)]
    assert rows[0].equals(rows[1])
    for objective in ("net_pnl", "sharpe"):
        best = search(inputs, tmp_path / "out", grid, trials=64, choose_by=objective).best[-1]
        chosen = api.sweep(grid=grid, parquet_dir=inputs[0], config=inputs[1], choose_by=objective).best[-1]
        assert (best.trial.combination, best.score) == (chosen.trial.combination, chosen.score)


def test_settings_that_fail_are_passed_over(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    damaged = make_store(tmp_path / "parquet", ("FAB", "EMAAR"))
    content = bytearray((damaged / "FAB.parquet").read_bytes())
    content[len(content) // 2] ^= 0x10
    (damaged / "FAB.parquet").write_bytes(content)
    run = search((damaged, inputs[1]), tmp_path / "out", {"refill_interval_sec": {"from": 5, "to": 600}}, trials=40)
    assert len(run.failed) == len(run.results.trials)
    assert [choice.security for choice in run.best] == ["EMAAR"]


REFUSED: Final[dict[str, tuple[list[str], int, str]]] = {
    "none": (["quote_size=1,2"], 0, "trials is 0; it takes a whole number of at least 1"),
    "fewer than none": (["quote_size=1,2"], -3, "trials is -3"),
    "no axis": ([], 5, "give one strategy and at least one parameter"),
    "only execution": (["execution=classic,strict"], 5, "give one strategy and at least one parameter"),
    "two strategies": (["strategy=v1_baseline,v3_liquidity_monitor", "quote_size=1,2"], 5, "give one strategy"),
}


@pytest.mark.parametrize("named", REFUSED)
def test_a_search_that_makes_no_sense_is_refused_and_touches_nothing(
    inputs: tuple[Path, Path], tmp_path: Path, named: str
) -> None:
    texts, trials, words = REFUSED[named]
    assert read_grid(texts).spans == ()
    with pytest.raises(BadRequest) as error:
        search(inputs, tmp_path / "out", texts, trials=trials)
    assert words in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_no_generator_takes_is_refused(inputs: tuple[Path, Path], tmp_path: Path, seed: int) -> None:
    with pytest.raises(BadRequest, match=f"seed is {seed}; it takes a whole number from 0 to 4,294,967,295"):
        search(inputs, tmp_path / "out", seed=seed)
    assert not (tmp_path / "out").exists()


def test_without_optuna_it_says_what_to_install(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return importing(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(MissingExtra, match=r"trials needs Optuna: .*python\S* -m pip install optuna\."):
        search(inputs, tmp_path / "out")
