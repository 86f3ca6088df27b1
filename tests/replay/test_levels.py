"""A strategy with several orders a side in a run: in parts, with many settings, in the check, and what is refused."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.engine.compiled import compiled_replay
from pipeline.engine.costs import checked_costs, costs_of
from pipeline.engine.execution import make_execution, variants
from pipeline.engine.outcome import Fills, Span, join_fills
from pipeline.engine.plain import PlainReplay
from pipeline.errors import PipelineError
from pipeline.replay.batch import Setting, simulate_many
from pipeline.replay.charges import Traded, charges_of
from pipeline.replay.simulate import CLASSIC, engine_facts, simulate
from pipeline.runs.recorded_security import Selection
from pipeline.ticks import NO_TICKS
from pipeline.tracing.explanation import Explanation
from pipeline.tracing.moment import Moment
from tests.engine.replays import ADX, bits, bits_of_fills, field_values, random_ticks, strategy_of
from tests.made import make_store, make_strategy, results

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.engine.execution import Execution
    from pipeline.ticks import Ticks

LADDER: Final = """
levels = 3
size: Shares = parameter(300, minimum=1)
bids: IntArray = IntArray(3)
asks: IntArray = IntArray(3)
heard: int = 0

def on_tick(self, m):
    if m.bid_size > 0 and m.ask_size > 0:
        for k in range(3):
            bid = m.round_to_tick(m.bid - k * 0.02)
            if not m.live(self.bids[k]):
                self.bids[k] = m.place(1, bid, self.size)
            elif m.order_price(self.bids[k]) != bid:
                m.replace(self.bids[k], bid, self.size)
            ask = m.round_to_tick(m.ask + k * 0.02)
            if not m.live(self.asks[k]):
                self.asks[k] = m.place(-1, ask, self.size)
            elif m.order_price(self.asks[k]) != ask:
                m.cancel(self.asks[k])

def on_fill(self, m, side, price, quantity, order):
    self.heard = (self.heard * 31 + order) % 1000003
"""


def ladder(folder: Path) -> Path:
    path = make_strategy(folder / "ladder.py", LADDER)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("import math", "from pipeline.engine.memory import IntArray\nimport math"), "utf-8")
    return path


def own(folder: Path) -> Any:
    body = "class Own(Strategy):\n" + "".join(f"    {line}\n" for line in LADDER.splitlines())
    return strategy_of(folder, body)


def cut(ticks: Ticks, first: int, end: int) -> Ticks:
    return type(ticks)(
        ticks.timestamp[first:end], ticks.kind[first:end], ticks.price[first:end], ticks.volume[first:end]
    )


@pytest.mark.parametrize("model", [CLASSIC, make_execution("strict", {"latency_ms": 45_000}, "")])
def test_parts_and_either_engine_after_the_other_give_what_one_piece_gives(model: Execution, tmp_path: Path) -> None:
    strategy, ticks, facts = own(tmp_path), random_ticks(2_000), engine_facts(ADX, model)
    values, span = field_values(strategy), Span.of(ticks)
    whole = compiled_replay(strategy).run(ticks, facts, values)
    assert len(whole.fills) > 50
    run = compiled_replay(strategy).begin(span, facts, values)
    first = run.feed(cut(ticks, 0, 700))
    on_plain = PlainReplay(strategy).begin(span, facts, values, run.checkpoint())
    second = run.feed(cut(ticks, 700, 2_000))
    assert bits_of_fills(join_fills([first, second])) == bits_of_fills(whole.fills)
    again = on_plain.feed(cut(ticks, 700, 2_000))
    assert bits_of_fills(again) == bits_of_fills(second)
    ended, other = run.end(NO_TICKS), on_plain.end(NO_TICKS)
    assert bits(ended) == bits(other)
    assert {name: value for name, value in ended.final.items() if name != "m_ends"} == dict(whole.final)


def test_many_settings_give_what_each_gives_alone(tmp_path: Path) -> None:
    strategy, ticks = own(tmp_path), random_ticks(1_200)
    models = [CLASSIC, make_execution("strict", {}, ""), make_execution("classic", {"latency_ms": 1_500}, "")]
    settings = [Setting({"size": size}, model) for size in (100, 700) for model in models]
    found = dict(simulate_many(ticks, strategy, settings, ADX, "compiled"))
    for number, setting in enumerate(settings):
        alone = simulate(ticks, strategy, setting.parameters, ADX, setting.execution, "python")
        assert bits(found[number]) == bits(alone)  # type: ignore[arg-type]
        assert found[number].orders == alone.orders  # type: ignore[union-attr]
    assert len({len(each.fills) for each in found.values()}) > 3  # type: ignore[union-attr]


def test_a_run_is_equal_on_both_engines_and_its_check_has_every_model(tmp_path: Path) -> None:
    store, strategy = make_store(tmp_path / "parquet", ("FAB",), a_day=400), str(ladder(tmp_path))
    common: dict[str, Any] = {"strategy": strategy, "config": tmp_path / "ladder.json", "parquet_dir": store}
    fast = api.backtest(**common, output_dir=tmp_path / "fast", report=False)
    api.backtest(**common, output_dir=tmp_path / "slow", engine="python", report=False)
    assert results(tmp_path / "fast") == results(tmp_path / "slow")
    assert fast.plan.engine == "compiled"
    with (tmp_path / "fast" / "sensitivity.csv").open(encoding="utf-8") as file:
        models = {row["execution"] for row in csv.DictReader(file)}
    assert models == {*variants(CLASSIC)}
    told = api.explain("FAB", 5, run=tmp_path / "fast", parquet_dir=store)
    assert isinstance(told, Explanation)
    [row] = api.recorded_security("FAB", tmp_path / "fast").fills(Selection(start=None, first=5))[4:]
    assert (told.side, told.price, told.quantity, told.account.pnl) == tuple(
        row[name] for name in ("side", "price", "quantity", "pnl")
    )
    moment = api.explain("FAB", at=row["time"], side="buy", run=tmp_path / "fast", parquet_dir=store)
    assert isinstance(moment, Moment)
    assert 0 < len(moment.orders) <= 3


def test_orders_that_were_filled_are_counted_once_and_pay_a_minimum_once(tmp_path: Path) -> None:
    strategy, ticks = own(tmp_path), random_ticks(2_000)
    found = simulate(ticks, strategy, {"size": 900}, ADX, CLASSIC)
    orders = found.fills.order
    assert orders is not None
    seen: set[int] = set()
    for number in orders.tolist():
        assert number == 0 or (number > 0) == (abs(number) not in seen)
        seen.add(abs(number))
    filled = len(seen - {0})
    assert filled < np.count_nonzero(orders)
    assert max(seen) <= (found.orders or 0)
    costs = costs_of(checked_costs({"minimum_per_order": 1_000_000}, ""), "ADX", 0.0)
    halves = [found.fills.at(slice(0, 60)), found.fills.at(slice(60, None))]
    traded = Traded()
    for fills in ([found.fills], halves):
        charged = np.concatenate([charges_of(each, strategy, costs, ADX, traded) for each in fills])  # type: ignore[misc]
        assert charged.sum() == pytest.approx(1_000_000 * (filled + np.count_nonzero(orders == 0)))
        traded = Traded()


PLACES: Final = "def on_tick(self, m):\n    m.place(1, 10.0, 5)\n\n"
REFUSED: Final = {
    "levels is 17; a side holds 1 to 16 orders": f"levels = 17\n{PLACES}",
    "levels is True; a side": f"levels = True\n{PLACES}",
    "the market has no 'quote_bid'": "levels = 2\n\ndef on_tick(self, m):\n    m.quote_bid(10.0, 5)",
    "the market has no 'bid_live'": "levels = 2\nc: int = 0\n\ndef on_tick(self, m):\n    self.c += m.bid_live",
    "the market has no 'place'": PLACES,
    "on_fill takes m, side, price, quantity, order; the engine gives it m, side, price, quantity": (
        "def on_tick(self, m):\n    pass\n\ndef on_fill(self, m, side, price, quantity, order):\n    pass"
    ),
    "place takes size as int": "levels = 2\n\ndef on_tick(self, m):\n    m.place(1, 10.0, 5.5)",
    "on_fill may not call buy_at_ask": (
        f"levels = 2\n\n{PLACES}def on_fill(self, m, side, price, quantity):\n    m.buy_at_ask(5)"
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_several_orders_cannot_be_is_refused_before_anything_runs(said: str, tmp_path: Path) -> None:
    store, strategy = (
        make_store(tmp_path / "parquet", ("FAB",), a_day=20),
        make_strategy(tmp_path / "own.py", REFUSED[said]),
    )
    with pytest.raises(PipelineError, match=said):
        api.backtest(strategy=str(strategy), config=tmp_path / "own.json", parquet_dir=store)


def test_more_orders_than_levels_are_refused_and_counted(tmp_path: Path) -> None:
    body = """
class Own(Strategy):
    levels = 2
    first: int = 0
    last: int = 0

    def on_tick(self, m):
        for k in range(3):
            self.last = m.place(BUY, 9.0 + k / 100, 10)
            if k == 0 and self.first == 0:
                self.first = self.last
"""
    strategy, ticks = strategy_of(tmp_path, body), cut(random_ticks(60), 30, 32)
    found = simulate(ticks, strategy, {}, ADX, CLASSIC, "python")
    assert found.session_rows == 2
    assert (found.final["m_last_order"], found.final["m_beyond_levels"], found.orders) == (2, 4, 2)
    assert found.final["s_first"] > 0
    assert found.final["s_last"] == 0


def test_fills_of_no_order_have_none(tmp_path: Path) -> None:
    fills: Fills = simulate(random_ticks(1_000), own(tmp_path), {"size": 300}, ADX, CLASSIC).fills
    assert fills.order is not None
    assert fills.placed is not None
    assert ((fills.order == 0) == (fills.placed == -1)).all()
    assert 0 < (fills.order == 0).sum() <= 2


def test_a_sweep_gives_of_each_setting_what_its_own_run_gives(tmp_path: Path) -> None:
    store, strategy = make_store(tmp_path / "parquet", ("FAB", "EMAAR"), a_day=300), str(ladder(tmp_path))
    common: dict[str, Any] = {"strategy": strategy, "config": tmp_path / "ladder.json", "parquet_dir": store}
    swept = api.sweep(**common, grid={"size": [100, 700]}, output_dir=tmp_path / "sweep", report=False)
    rows = {(row["size"], row["security"]): row for row in swept.frame.to_dict("records")}
    for size in (100, 700):
        folder = tmp_path / f"of_{size}"
        api.backtest(**common, parameters=[f"size={size}"], output_dir=folder, sensitivity=False, report=False)
        with (folder / "backtest_summary.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found = rows[size, row["security"]]
                assert (found["fills"], found["realized_pnl"]) == (int(row["trades"]), float(row["realized_pnl"]))
                assert int(row["trades"]) > 0
