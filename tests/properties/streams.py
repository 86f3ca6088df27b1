"""Random streams, parameters and execution models for the property tests: short days, dense in everything that counts.

A stream is one to four days; a day goes through opening, midday, last minutes, closing auction and close, each a few
events long, so that orders fill, positions are flattened, stops work and auctions are entered within few rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from hypothesis import strategies as st

from pipeline.engine.execution import SWITCHES, Execution, make_execution
from pipeline.engine.strategy import fields_of
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import simulate
from pipeline.strategies.loading.load import load_strategy, strategy_names
from pipeline.ticks import Ticks
from tests.engine.replays import DAY, FIRST_DAY, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Engine, Replayed
    from pipeline.settings import Value

NAMES: Final = tuple(strategy_names())
MAKERS: Final = tuple(name for name in NAMES if name != "closing_auction")

PHASES: Final = (
    (36_000, 35_990, 36_100, 36_299, 36_300, 36_600),
    range(36_000, 52_001),
    (52_200, 52_199, 53_000, 53_090),
    (53_100, 53_099, 53_101, 53_690),
    (53_700, 53_699, 53_701, 54_000, 86_390),
)
"""When each phase of a day may start, in seconds since midnight."""

STEPS: Final = (0, 0, 0, 1, 1, 2, 7, 29, 30, 31, 60, 61, -1, -2)
KINDS: Final = (0, 0, 1, 1, 2, 2, 2)
PRICES: Final = (10.0, 10.0, 10.01, 10.01, 9.99, 10.02, 9.5, 10.6, 0.0)
VOLUMES: Final = (100, 10, 1, 5, 40, 99, 101, 250, 1_000, 7_777, 0)
ROW: Final = tuple(len(table) for table in (STEPS, KINDS, PRICES, VOLUMES))
"""A row is four indices, into STEPS, KINDS, PRICES and VOLUMES; each is below this."""

ROWS_A_PHASE: Final = (2, 12)
MOST_DAYS: Final = 4
MOST_DAYS_LATER: Final = 2
EXCHANGES: Final = ("ADX", "DFM")

Day: TypeAlias = "tuple[int, Sequence[tuple[int, Sequence[Sequence[int]]]]]"
"""How many days after the one before, and each phase's start and rows."""

Choices: TypeAlias = "Mapping[str, Sequence[Any]]"

PARTS_OF_MAKERS: Final[Choices] = {
    "quote_size": (100, 30, 5_000, 1, 0),
    "quote_size_bid": (None, 100, 30, 0),
    "quote_size_ask": (None, 100, 30, 0),
    "refill_interval_sec": (0, 0.5, 1, 1.5, 2.000000001, 30, 60, 600.25, 86_400, 1e9),
    "max_position": (130, 50, 2_000_000, 2_000_000, 1, 0),
    "max_notional": (None, 499.5, 1_295.0, 1_301.3, 1.5e6, 1e300, 10.0, 9.99, 0.001),
    "min_local_currency_before_quote": (0, 0, 50, 99.9, 400.4, 1_000),
}
PARTS_OF_STOPS: Final[Choices] = {"stop_loss_threshold_pct": (0.05, 0.1, 0.5, 2.0, -0.05)}
PARTS_OF_AUCTION: Final[Choices] = {
    "vwap_preclose_period_min": (15, 10, 285, 0),
    "spread_vwap_pct": (0.2, 0.5, 0.0, 3.3),
    "order_notional": (250_000, 1_000, 4, 0),
    "stop_loss_threshold_pct": (0.1, 2.0, -0.05),
    "trend_filter_sell_enabled": (False, True),
    "trend_filter_sell_threshold_bps_hr": (-1e6, 10, 0),
    "trend_filter_buy_enabled": (False, True),
    "trend_filter_buy_threshold_bps_hr": (-1e6, 10, 0),
    "auction_fill_pct": (50, 10, 100, 0),
}
PARTS: Final[Mapping[str, Choices]] = {
    "closing_auction": PARTS_OF_AUCTION,
    **{name: {**PARTS_OF_MAKERS, **(PARTS_OF_STOPS if "stop" in name else {})} for name in MAKERS},
}
SETTINGS: Final[Choices] = {
    **{key: switch.words for key, switch in SWITCHES.items() if switch.words},
    "latency_ms": (0, 0, 0, 0.001, 1_000, 1_500, 45_000, 7_200_000),
    "fees_bps": (0, 1.5, {"ADX": 2, "DFM": 3}),
}


@dataclass(frozen=True)
class Case:
    """What one property test replays; parameters by config key, those not given at their defaults."""

    name: str
    ticks: Ticks
    given: Mapping[str, Value]
    execution: Execution
    exchange: str
    own_market: MarketFacts | None = None

    def __repr__(self) -> str:
        """Show the case as it would be typed."""
        rows = list(zip(*(column.tolist() for column in columns(self.ticks)), strict=True))
        return f"{self.name} {self.given} [{self.execution.name}] on {self.exchange}: {rows}"

    @property
    def parameters(self) -> dict[str, Value]:
        """All parameters by config key; small books are worth quoting here unless said otherwise."""
        known = fields_of(load_strategy(self.name)).by_key()
        standard = {key: parameter.default for key, parameter in known.items()}
        small = {"min_local_currency_before_quote": 0, "quote_size": 100} if "quote_size" in known else {}
        return standard | small | dict(self.given)

    def run(self, engine: Engine = "compiled") -> Replayed:
        """Replay the case."""
        strategy = load_strategy(self.name)
        return simulate(self.ticks, strategy, self.parameters, self.market, self.execution, engine)

    @property
    def market(self) -> MarketFacts:
        """The exchange's facts, or those of the case's own."""
        return self.own_market or facts_of(self.exchange)


def some_of(choices: Choices) -> st.SearchStrategy[dict[str, Any]]:
    """Draw values for some of the keys."""
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in choices.items()})


ROWS: Final = st.lists(
    st.tuples(*(st.integers(0, below - 1) for below in ROW)), min_size=ROWS_A_PHASE[0], max_size=ROWS_A_PHASE[1]
)
DAYS: Final = st.lists(
    st.tuples(
        st.integers(1, MOST_DAYS_LATER), st.tuples(*(st.tuples(st.sampled_from(starts), ROWS) for starts in PHASES))
    ),
    min_size=1,
    max_size=MOST_DAYS,
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a strategy, its parameters, an execution model, an exchange and a stream."""
    name = draw(st.sampled_from(NAMES))
    execution = make_execution("classic", draw(some_of(SETTINGS)), "here")
    return Case(
        name, ticks_of_days(draw(DAYS)), draw(some_of(PARTS[name])), execution, draw(st.sampled_from(EXCHANGES))
    )


def columns(ticks: Ticks) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the ticks' columns."""
    return ticks.timestamp, ticks.kind, ticks.price, ticks.volume


def ticks_of_days(days: Sequence[Day]) -> Ticks:
    """Make ticks; the clock steps back inside a day but never over midnight, as on an exchange."""
    rows = []
    day = 0
    for days_later, phases in days:
        day += days_later
        clock = 0
        for start, events in phases:
            clock = max(clock, start)
            for step, kind, price, volume in events:
                clock = min(clock + STEPS[step], 86_399)
                rows.append((FIRST_DAY + day * DAY + clock * SECOND, KINDS[kind], PRICES[price], VOLUMES[volume]))
    types = (np.int64, np.int8, np.float64, np.int64)
    made = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return Ticks(*(np.array(column, dtype) for column, dtype in zip(made, types, strict=True)))
