"""Strategies are found by name or by file; what is not one is named."""

from __future__ import annotations

import inspect
import json
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from pipeline.engine.compiler.parts import source_of
from pipeline.engine.strategy import fields_of
from pipeline.errors import StrategyError, UnknownStrategy
from pipeline.settings import read_config
from pipeline.strategies.loading import load
from pipeline.strategies.loading.load import load_strategy, strategy_label, strategy_names, strategy_source

ROOT: Final = Path(__file__).parents[2]
STRATEGY: Final = "from pipeline.engine.strategy import Strategy\n"
TICKERS: Final = {
    *("EMAAR", "ALDAR", "ADNOCDRI", "ADNOCGAS", "ADNOCLS", "EAND", "ADCB", "ADIB"),
    *("EMIRATES", "TALABAT", "SPINNEYS", "FAB", "SALIK", "PARKIN", "MULTIPLY", "MODON"),
}


def written(folder: Path, text: str) -> str:
    file = folder / "mine.py"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_strategy_is_loaded_by_name() -> None:
    assert "v1_baseline" in strategy_names()
    assert "load" not in strategy_names()
    assert load_strategy("v1_baseline").__name__ == "V1Baseline"


def test_a_strategy_is_loaded_by_file_and_goes_by_its_files_name(tmp_path: Path) -> None:
    name = written(tmp_path, STRATEGY + "class Mine(Strategy):\n    ticks: int = 4\n")
    assert fields_of(load_strategy(name)).memory["ticks"].start == 4
    assert load_strategy(name) is load_strategy(name)
    assert (strategy_label(name), strategy_label("v1_baseline")) == ("mine", "v1_baseline")


def test_a_strategy_file_is_what_it_held_when_it_was_read(tmp_path: Path) -> None:
    name = written(tmp_path, STRATEGY + "class Mine(Strategy):\n    ticks: int = 4\n")
    travels = pickle.dumps(strategy_source(name))
    written(tmp_path, STRATEGY + "class Mine(Strategy):\n    ticks: int = 5\n")
    newer = load_strategy(name)
    Path(name).unlink()
    older = load_strategy(pickle.loads(travels))  # noqa: S301 - our own
    assert [fields_of(one).memory["ticks"].start for one in (older, newer)] == [4, 5]
    assert ["= 4" in source_of(sys.modules[one.__module__]) for one in (older, newer)] == [True, False]
    assert sys.modules[older.__module__].__file__ == name
    assert "= 4" in inspect.getsource(older)


def test_threads_that_load_one_file_at_once_all_get_its_class(tmp_path: Path) -> None:
    source = strategy_source(written(tmp_path, STRATEGY + "import time\ntime.sleep(0.1)\nclass Mine(Strategy): pass\n"))
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(load_strategy, [source] * 4))) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("v1_basline", "Unknown strategy 'v1_basline'. Did you mean 'v1_baseline'? There are: closing_auction, v1_"),
        ("V1_BASELINE", "Unknown strategy 'V1_BASELINE'. Did you mean 'v1_baseline'?"),
        ("load", "Unknown strategy 'load'."),
        ("__init__", "Unknown strategy '__init__'."),
        ("../engine/market", "Unknown strategy '../engine/market'."),
        ("", "Unknown strategy ''. There are: "),
        ("nowhere/mine.py", "mine.py: no strategy file there can be read (No such file or directory)."),
    ],
)
def test_a_strategy_that_is_not_there_is_named_with_the_nearest(name: str, words: str) -> None:
    with pytest.raises(UnknownStrategy) as refused:
        load_strategy(name)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a strategy file holds one class built on Strategy; found none."),
        ("class Mine:\n    pass\n", "found none."),
        (STRATEGY, "found none."),
        (STRATEGY + "class B(Strategy): pass\nclass A(Strategy): pass\n", "found A, B."),
        ("class Mine(:\n", "cannot be imported (SyntaxError: "),
        ("import no_such_module\n", "cannot be imported (ModuleNotFoundError: No module named 'no_such_module')."),
        ("1 / 0\n", "cannot be imported (ZeroDivisionError: division by zero)."),
    ],
)
def test_a_file_without_exactly_one_strategy_is_refused_by_name(text: str, words: str, tmp_path: Path) -> None:
    name = written(tmp_path, text)
    for _ in range(2):
        with pytest.raises(StrategyError) as refused:
            load_strategy(name)
        assert str(refused.value).startswith(name)
        assert words in str(refused.value)


def test_loading_a_users_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    load_strategy(written(tmp_path, STRATEGY + "class Mine(Strategy): pass\n"))
    assert [file.name for file in tmp_path.iterdir()] == ["mine.py"]


def test_v1_baseline_is_short() -> None:
    assert len((load.FOLDER / "v1_baseline.py").read_text(encoding="utf-8").splitlines()) < 80


EMAAR: Final = {
    "v1_baseline": {
        "quote_size": 32300,
        "quote_size_bid": None,
        "quote_size_ask": None,
        "refill_interval_sec": 180.0,
        "max_position": 64600,
        "max_notional": 1500000.0,
        "min_local_currency_before_quote": 6460.0,
    },
}


@pytest.mark.parametrize("name", strategy_names())
def test_a_shipped_config_knows_the_sixteen_tickers(name: str) -> None:
    path = ROOT / "configs" / f"{name}.json"
    config = read_config(path, fields_of(load_strategy(name)).by_key())
    assert set(config.securities) == TICKERS
    assert len(TICKERS) == 16
    assert config.defaults is None
    assert set(json.loads(path.read_text(encoding="utf-8"))) - {"_comment"} == TICKERS
    assert config.securities["EMAAR"] == EMAAR.get(name, config.securities["EMAAR"])


def test_what_two_strategies_share_is_shared() -> None:
    v2 = load_strategy("v2_price_follow_qty_cooldown")
    assert issubclass(load_strategy("v2_1_stop_loss"), v2)
    assert issubclass(load_strategy("v3_liquidity_monitor"), v2)
