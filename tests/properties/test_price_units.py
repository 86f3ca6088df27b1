"""Prices in a part of the currency: the same security, quoted in the currency, has the same amounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.markets.tick_tables import TickTable
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import NAMES, Case

if TYPE_CHECKING:
    from pipeline.replay.simulate import Engine

COSTS: Final = {"maker_bps": 2, "taker_bps": 5, "minimum_per_order": 0.3, "per_trade": 0.07}
EXECUTION: Final = make_execution("classic", {"fees_bps": 1.5, "costs": COSTS}, "here")
BINARY: Final = 128.0
"""A unit by which prices are scaled without rounding, so that all is the same to the bit."""


def in_units(case: Case, units: float) -> Case:
    """Return a case whose prices are in a unit of which so many are one of the currency."""
    tables = tuple(
        TickTable(table.since, tuple((below * units, tick * units) for below, tick in table.levels))
        for table in case.market.tick_tables
    )
    market = replace(case.market, price_unit="part", price_units_per_currency=units, tick_tables=tables)
    price = (case.ticks.price * units).round(9)
    return replace(case, ticks=replace(case.ticks, price=price), own_market=market)


@pytest.mark.parametrize("engine", ["compiled", "python"])
@pytest.mark.parametrize("name", NAMES)
def test_amounts_are_the_same_to_the_bit_where_scaling_does_not_round(name: str, engine: Engine) -> None:
    def agree(case: Case) -> None:
        whole, parts = case.run(engine), in_units(case, BINARY).run(engine)
        for column in ("event", "side", "quantity", "position", "realized", "pnl"):
            assert getattr(whole.fills, column).tobytes() == getattr(parts.fills, column).tobytes()
        assert (whole.fills.price * BINARY).tobytes() == parts.fills.price.tobytes()
        assert whole.fill_fees.tobytes() == parts.fill_fees.tobytes()
        assert whole.realized_pnl == parts.realized_pnl

    for_seeded_cases([name], 40 if engine == "compiled" else 8, agree, EXECUTION)


@pytest.mark.parametrize("name", [name for name in NAMES if "stop" not in name])
def test_a_hundred_pence_are_a_pound_under_every_model(name: str) -> None:
    # A loss in per cent that is just at the threshold rounds to either side of it.
    def agree(case: Case) -> None:
        pounds, pence = case.run(), in_units(case, 100.0).run()
        assert pounds.fills.event.tolist() == pence.fills.event.tolist()
        assert pounds.fills.quantity.tolist() == pence.fills.quantity.tolist()
        assert pence.fills.price.tolist() == pytest.approx((pounds.fills.price * 100).tolist())
        assert pence.fills.pnl.tolist() == pytest.approx(pounds.fills.pnl.tolist(), abs=1e-6)
        assert pence.fill_fees.tolist() == pytest.approx(pounds.fill_fees.tolist(), abs=1e-6)
        assert pence.realized_pnl == pytest.approx(pounds.realized_pnl, abs=1e-6)

    for_seeded_cases([name], 40, agree)
