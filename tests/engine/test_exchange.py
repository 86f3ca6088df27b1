"""What an exchange would not let stand: each stream worked out by hand, under every model, by every player of it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest

from pipeline.engine.execution import make_execution
from pipeline.engine.rules.replay_state import BUY
from pipeline.engine.strategy import fields_of
from pipeline.replay.simulate import simulate
from pipeline.strategies.loading.load import load_strategy
from tests.engine.latency_by_hand import LATENCY
from tests.engine.orders_by_hand import ORDERS
from tests.engine.queues_by_hand import QUEUES
from tests.engine.replays import ADX, moment, written
from tests.engine.touches_by_hand import TOUCHES
from tests.reference.records import Switches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.simulate import Engine
    from pipeline.ticks import Ticks
    from tests.engine.cases_by_hand import Case

Fill: TypeAlias = tuple[int, str, float, int, int]
"""When (ns), side, price, shares, position after."""
Player: TypeAlias = "Callable[[str, Ticks, dict[str, Any], dict[str, Any]], Sequence[Fill]]"

STANDARD: Final = {"min_local_currency_before_quote": 0, "max_position": 1_000_000}


def reference(strategy: str, ticks: Ticks, parameters: dict[str, Any], switches: dict[str, Any]) -> list[Fill]:
    """Play with the slow reference."""
    module = importlib.import_module(f"tests.reference.{strategy}")
    columns = (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)
    fills = module.replay(*columns, parameters, "ADX", Switches(**switches)).fills
    return [(fill.timestamp_ns, fill.side, fill.price, fill.quantity, fill.position) for fill in fills]


def engine(
    name: Engine, strategy: str, ticks: Ticks, parameters: dict[str, Any], switches: dict[str, Any]
) -> list[Fill]:
    """Play with one of the engines."""
    execution = make_execution("classic", switches, "here")
    replayed = simulate(ticks, load_strategy(strategy), defaults(strategy) | parameters, ADX, execution, name).fills
    sides = ["buy" if side == BUY else "sell" for side in replayed.side.tolist()]
    columns = (replayed.price, replayed.quantity, replayed.position)
    return list(zip(replayed.timestamp.tolist(), sides, *(column.tolist() for column in columns), strict=True))


def defaults(strategy: str) -> dict[str, Any]:
    """Give a strategy's parameters as they are when a config names none."""
    return {key: parameter.default for key, parameter in fields_of(load_strategy(strategy)).by_key().items()}


EXCHANGE: Final = QUEUES | TOUCHES | ORDERS | LATENCY
PLAYERS: Final[dict[str, Player]] = {
    "reference": reference,
    "plain": lambda *inputs: engine("python", *inputs),
    "compiled": lambda *inputs: engine("compiled", *inputs),
}


@pytest.mark.parametrize("player", ["reference", "plain", pytest.param("compiled", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "model"), [(name, model) for name, case in EXCHANGE.items() for model in case.fills])
def test_an_exchange_would_give_the_fills_worked_out_by_hand(name: str, model: str, player: str) -> None:
    case = EXCHANGE[name]
    fills = PLAYERS[player](case.strategy, written(case.stream), STANDARD | case.parameters, switches_of(model))
    assert [(*fill[:2], pytest.approx(fill[2], abs=1e-8), *fill[3:]) for fill in fills] == by_hand(case, model)


def switches_of(model: str) -> dict[str, Any]:
    """Read a model's switches, `key=value` each."""
    switches: dict[str, Any] = dict(word.split("=") for word in model.split())
    return switches | {"latency_ms": float(switches.get("latency_ms", 0))}


def by_hand(case: Case, model: str) -> list[Fill]:
    """Read the fills of a case, one a line."""
    fills = []
    for line in case.fills[model].strip().splitlines():
        day, clock, side, price, shares, position = line.split()
        fills.append((moment(day, clock), side, float(price), int(shares), int(position)))
    return fills
