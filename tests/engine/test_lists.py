"""Parameters that are lists of numbers: alike in both engines, alone and together, in configs and in sweeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.engine.compiler.names import check_names
from pipeline.engine.compiler.specialise import loop_source
from pipeline.engine.execution import make_execution
from pipeline.errors import ConfigError, ReplayError, StrategyError
from pipeline.replay.simulate import CLASSIC
from tests.engine.replays import HEADER, compiled, plain, random_ticks, strategy_of
from tests.engine.walks import alone, settings_of, together
from tests.made import make_store

if TYPE_CHECKING:
    from pathlib import Path

FIRST: Final = HEADER.count("\n") + 1
"""The line of the class."""

OWN: Final = """\
class Own(Strategy):
    weights: Array = parameter((0.5, 0.25, 0.125), minimum=0)
    sizes: IntArray = parameter((10, 20), key="steps")
    recent: Array = Array(3)
    signal: float = 0.0

    def on_tick(self, m):
        self.recent[m.event % self.recent.size] = m.price - 10.0
        self.signal = 0.0
        for at in range(self.weights.size):
            self.signal += self.weights[at] * self.recent[at]
        size = self.sizes[0] if self.signal > 0.0 else self.sizes[1]
        if m.bid_size > 0 and m.kind < 2:
            m.quote_bid(m.bid, size)
        if m.ask_size > 0 and self.signal > self.weights[2] / 100:
            m.quote_ask(m.ask, self.sizes[m.volume % 2])
"""
VALUES: Final = (
    {},
    {"weights": (0.0, 1.0, 0.0)},
    {"steps": (1, 500)},
    {"weights": (0.1, 0.2, 0.3), "steps": (30, 7)},
)


def test_both_engines_and_a_walk_of_all_settings_find_the_same(tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, OWN), random_ticks()
    settings = settings_of(strategy, VALUES, [CLASSIC, make_execution("strict", {}, "here")])
    found = [alone(ticks, strategy, setting) for setting in settings]
    assert found == [alone(ticks, strategy, setting, engine="python") for setting in settings]
    assert found == together(ticks, strategy, settings)
    assert len({str(one) for one in found}) == len(settings)


def test_a_list_sums_by_hand(tmp_path: Path) -> None:
    body = """\
class Own(Strategy):
    weights: Array = parameter((1, 2.5))
    total: float = 0.0

    def on_tick(self, m):
        self.total += self.weights[0] + 2.0 * self.weights[1]
"""
    strategy, ticks = strategy_of(tmp_path, body), random_ticks(40)
    for engine in (compiled, plain):
        rows = engine(strategy, ticks).final["m_session_rows"]
        assert engine(strategy, ticks).final["s_total"] == 6.0 * rows
        assert engine(strategy, ticks, {"weights": (0.0, 0.25)}).final["s_total"] == 0.5 * rows


def test_an_index_outside_a_list_ends_the_replay_at_its_line(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, OWN.replace("self.weights[2]", "self.weights[3]"))
    for engine in (compiled, plain):
        with pytest.raises(ReplayError, match=rf"own\.py, line {FIRST + 14}"):
            engine(strategy, random_ticks())


def test_a_list_cannot_be_assigned_to(tmp_path: Path) -> None:
    body = (
        "class Own(Strategy):\n    x: Array = parameter((1, 2))\n    def on_tick(self, m):\n        self.x[0] = 3.0\n"
    )
    strategy = strategy_of(tmp_path, body)
    with pytest.raises(
        StrategyError, match=f"line {FIRST + 3}: x is a parameter; it keeps its values for the whole run"
    ):
        loop_source(strategy, {})
    with pytest.raises(Exception, match=r"item assignment|not callable"):
        plain(strategy, random_ticks(40))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("x: Array = parameter(5)", "its default is a list, as in `x: Array = parameter((0.5, 0.3))`."),
        ("x: Array = parameter(())", "its default is a list"),
        ("x: IntArray = parameter((1, 2.5))", "x is [1, 2.5]; it takes a list of 2, each a whole number."),
        ("x: Array = parameter((1, -1), minimum=0)", "it takes a list of 2, each a number at least 0."),
        ("x: list = parameter((1, 2))", "a parameter is int, float, bool, str, a list of numbers (Array, IntArray) or"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path: Path, field: str, words: str) -> None:
    own = strategy_of(tmp_path, f"class Own(Strategy):\n    {field}\n    def on_tick(self, m):\n        pass\n")
    with pytest.raises(StrategyError) as refused:
        check_names(own)
    assert words in str(refused.value)


def test_configs_and_sweeps_take_lists(tmp_path: Path) -> None:
    store, folder = make_store(tmp_path / "parquet"), tmp_path / "desk"
    folder.mkdir()
    strategy_of(folder, OWN)
    config, own = folder / "own.json", str(folder / "own.py")
    options: dict[str, Any] = {"config": config, "parquet_dir": store}
    for wrong in ([1, 2], 5, [1, 2, "x"], [1, 2, -3], [[1, 2, 3]]):
        config.write_text(json.dumps({"_defaults": {"weights": wrong}}), encoding="utf-8")
        with pytest.raises(ConfigError, match="it takes a list of 3, each a number at least 0"):
            api.backtest(own, output_dir=tmp_path / "run", **options)
    config.write_text(json.dumps({"_defaults": {"weights": [1, 0.5, 0]}, "FAB": {"steps": [3, 4]}}), encoding="utf-8")
    api.backtest(own, output_dir=tmp_path / "run", **options)
    content = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert content["how"]["engine"] == "compiled"
    assert content["parameters"]["FAB"] == {"weights": [1.0, 0.5, 0.0], "steps": [3, 4]}
    assert api.explain("FAB", 1, tmp_path / "run", parquet_dir=store, strategy=own)
    grid = {"weights": [[1, 0.5, 0], [0.2, 0.2, 0.2]], "steps": [[3, 4], [5, 6]]}
    api.sweep(grid=grid, strategy=own, output_dir=tmp_path / "sweep", **options)
    rows = pq.read_table(tmp_path / "sweep" / "sweep.parquet").to_pylist()
    of_fab = {(row["weights"], row["steps"]): row["fills"] for row in rows if row["security"] == "FAB"}
    assert len(of_fab) == 4
    assert of_fab["[1.0, 0.5, 0.0]", "[3, 4]"] == len(pq.read_table(tmp_path / "run" / "trades" / "FAB.parquet"))
    assert "[0.2, 0.2, 0.2]" in (tmp_path / "sweep" / "report.html").read_text(encoding="utf-8")
