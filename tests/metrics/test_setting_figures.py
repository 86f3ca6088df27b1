"""The figures and days of many settings in one pass against those of each setting's own ledger, and numpy's sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.engine.execution import make_execution
from pipeline.errors import ReplayError
from pipeline.markets.facts import facts_of
from pipeline.metrics.figures import numbers_of
from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.replay.batch import Setting, simulate_many
from pipeline.strategies.loading.load import load_strategy
from pipeline.sweeps.codec import DAY_TYPES, encode_figures
from pipeline.sweeps.tasks import Replays
from pipeline.ticks import ASK, BID, TRADE, Ticks
from tests.engine.replays import ADX
from tests.engine.test_replay import QUOTES
from tests.engine.walks import settings_of
from tests.made import DAY, HOUR, SECOND
from tests.metrics.booked import FIRST, replay_portfolio
from tests.properties.seeded import for_seeded_cases, many_of

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Engine, Replayed
    from tests.properties.streams import Case

CHARGED: Final = (
    {},
    {"fees_bps": 3},
    {"costs.ADX.per_trade": 2.5},
    {"costs.ADX.maker_bps": 1.5, "fees_bps": 1},
    {"costs.ADX.minimum_per_order": 1.0},
)


def encoded(
    ticks: Ticks, strategy: type[Strategy], settings: list[Setting], market: MarketFacts, engine: Engine
) -> dict[str, Any]:
    replays = Replays(ticks, strategy, settings, market, engine)
    block = encode_figures(replays)
    assert sorted([*replays.ended, *replays.errors]) == list(range(len(settings)))
    return block


def check(ticks: Ticks, strategy: type[Strategy], settings: list[Setting], market: MarketFacts, engine: Engine) -> int:
    """See that a block has what each setting's own replay comes to; return how many fills there were."""
    block = encoded(ticks, strategy, settings, market, engine)
    each = [found for _, found in sorted(simulate_many(ticks, strategy, settings, market, engine))]
    for row, replayed in enumerate(each):
        assert not isinstance(replayed, ReplayError)
        numbers = numbers_of(replay_portfolio(replayed), SWEEP_FIGURES).values()
        figures = [np.nan if value is None else value for value in numbers]
        assert block["figures"][row].tobytes() == np.array(figures).tobytes()
        by_day = days_of(replayed)
        for name, kind in DAY_TYPES.items():
            assert block[name][row].tolist() == [by_day[name].get(day, 0) for day in block["days"].tolist()]
            assert block[name].dtype == kind
        assert by_day["net"].keys() <= {*block["days"].tolist()}
        assert block["days"][block["market"]].tolist() == replayed.market_days.tolist()
    return int(block["figures"][:, 0].sum())


def busy_days() -> Ticks:
    """Return two days of quotes that move, each followed by a print at either side."""
    rounds = np.arange(1_200)
    bid = np.round(10.0 + 0.02 * (rounds * rounds // 40 % 9), 2)
    ask = np.round(bid + 0.02, 2)
    return Ticks(
        np.repeat((FIRST + rounds // 600) * DAY + 10 * HOUR + rounds % 600 * 20 * SECOND, 4),
        np.tile(np.array([BID, ASK, TRADE, TRADE], np.int8), len(rounds)),
        np.stack([bid, ask, bid, ask], axis=1).ravel(),
        np.tile([500, 700, 3_000, 2_000], len(rounds)),
    )


def days_of(replayed: Replayed) -> dict[str, dict[int, Any]]:
    """Return what was done on each day with a fill, added up by numpy."""
    fills, fees = replayed.fills, replayed.fill_fees
    of_fills = np.maximum.accumulate(fills.timestamp) // DAY
    days, starts = np.unique(of_fills, return_index=True)
    sums: dict[str, Any] = dict.fromkeys(DAY_TYPES, np.empty(0))
    if len(starts):
        sums = {
            "net": np.add.reduceat(fills.realized, starts) - np.add.reduceat(fees, starts),
            "turnover": np.add.reduceat(fills.price * fills.quantity, starts),
            "fills": np.diff(starts, append=len(of_fills)),
            "closing": np.add.reduceat(fills.realized != 0.0, starts, dtype=np.int64),
            "wins": np.add.reduceat(fills.realized > 0.0, starts, dtype=np.int64),
        }
    return {name: dict(zip(days.tolist(), values.tolist(), strict=True)) for name, values in sums.items()}


@pytest.mark.parametrize("name", ["v1_baseline", "closing_auction"])
def test_many_settings_come_to_what_each_of_them_comes_to_alone(name: str) -> None:
    strategy, fills = load_strategy(name), 0

    def agree(case: Case) -> None:
        nonlocal fills
        settings = [Setting(one.parameters, one.execution) for one in many_of(case, 12)]
        fills += check(case.ticks, strategy, settings, facts_of(case.exchange), "compiled")

    for_seeded_cases([name], 25, agree)
    assert fills > 50


@pytest.mark.parametrize("engine", ["compiled", "python"])
@pytest.mark.parametrize("charges", CHARGED, ids=str)
def test_what_fills_cost_is_in_them(charges: dict[str, object], engine: Engine) -> None:
    """A day has more fills here than numpy adds up in one go."""
    strategy, ticks = load_strategy("v1_baseline"), busy_days()
    models = [make_execution("classic", changes, "") for changes in (charges, {})]
    settings = settings_of(strategy, [{**QUOTES, "quote_size": size} for size in (900, 7_000)], models)
    assert check(ticks, strategy, settings, ADX, engine) > 4 * 2 * 300
    block = encoded(ticks, strategy, settings, ADX, engine)
    fees = block["figures"][:, [figure.name for figure in SWEEP_FIGURES].index("fees")]
    assert (fees[:2] > 0.0).tolist() == [charges != {}] * 2
    assert fees[2:].tolist() == [0.0, 0.0]


def test_what_no_fill_was_written_into_is_not_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    empty, no_number = np.empty, 0x7FF0_0000_0000_0001  # of the kind that a processor warns of

    def as_it_was(size: int, dtype: Any = float) -> Any:
        column = empty(size, dtype)
        if column.dtype == np.float64:
            column.view(np.uint64)[:] = no_number
        return column

    monkeypatch.setattr(np, "empty", as_it_was)
    strategy, pence = load_strategy("v1_baseline"), facts_of("LSE").of_security("VOD", None)
    settings = settings_of(strategy, [QUOTES, {**QUOTES, "quote_size": 7}])
    assert encoded(busy_days(), strategy, settings, pence, "compiled")["figures"][:, 0].all()
