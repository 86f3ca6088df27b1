"""v1 on this project's compiled loop: ticks in memory, as the others have them; it flattens before each close."""

from __future__ import annotations

import numpy as np
from shape import SECOND, Parameters, asked, measured

from pipeline.engine.execution import make_execution
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import simulate
from pipeline.strategies.loading.load import load_strategy
from pipeline.ticks import Ticks


def main() -> None:
    shape, runs = asked()
    v1 = Parameters()
    ticks = Ticks(shape.timestamp, shape.kind.astype(np.int8), shape.price, shape.volume)
    strategy, execution, market = load_strategy("v1_baseline"), make_execution("classic", {}, ""), facts_of("ADX")
    parameters = {
        "quote_size": v1.size,
        "quote_size_bid": v1.size,
        "quote_size_ask": v1.size,
        "refill_interval_sec": v1.refill / SECOND,
        "max_position": v1.most,
        "max_notional": 1e12,
        "min_local_currency_before_quote": 0.0,
    }

    def replay() -> int:
        return len(simulate(ticks, strategy, parameters, market, execution).fills)

    measured(runs, replay)


main()
