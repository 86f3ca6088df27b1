"""What the engines and the slow reference found, in the same words, so that it can be compared bit for bit."""

from __future__ import annotations

import dataclasses
import importlib
import struct
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.rules.account import NO_ORDER, TAKE, TOUCH
from pipeline.times import date_of
from tests.engine.replays import bits
from tests.properties.streams import columns
from tests.reference.records import DAY, DayHours, Switches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.replay.simulate import Replayed
    from tests.properties.streams import Case
    from tests.reference.records import Fill, Replay

UNKNOWN_TO_REFERENCES: Final = {"how", "placed", "limit", "order"}
KNOWN_TO_REFERENCES: Final = {field.name for field in dataclasses.fields(Switches)}


def check_engines(case: Case) -> None:
    """Compiled and plain find the same fills, each with its order and its kind, counts and final state, to the bit."""
    fast, slow = case.run("compiled"), case.run("python")
    assert told(fast) == told(slow)
    assert bits(fast) == bits(slow)


def check_reference(case: Case) -> None:
    """The compiled engine finds what the reference finds."""
    found = case.run()
    assert told(found) == told_by_reference(reference(case), found)


def reference(case: Case) -> Replay:
    """Replay a case with its strategy's reference, which takes a parameter that is null as one not given."""
    module = importlib.import_module(f"tests.reference.{case.name}")
    known = {key: value for key, value in case.execution.settings.items() if key in KNOWN_TO_REFERENCES}
    if case.own_market is not None:
        known |= {"hours": hours_of(case), "break_orders": case.execution.cancels_over_break(case.own_market)}
        known["break_orders"] = "cancelled" if known["break_orders"] else "kept"
    input_values = {key: value for key, value in case.parameters.items() if value is not None}
    found: Replay = module.replay(*columns(case.ticks), input_values, case.exchange, Switches(**known))  # type: ignore[arg-type]
    return found


def hours_of(case: Case) -> dict[int, DayHours]:
    """Say the hours of each day of a case in the reference's words."""
    days = {int(day): case.market.hours_on(date_of(int(day))) for day in set((case.ticks.timestamp // DAY).tolist())}
    return {day: DayHours(hours.continuous, hours.prints_from) for day, hours in days.items()}


def told(found: Replayed) -> dict[str, Any]:
    """Say what an engine found in the reference's words."""
    touched = found.fills.how == TOUCH
    taken = (found.fills.how == TAKE) & (found.fills.placed != NO_ORDER)
    return {
        "fills": [tuple(map(exact, row)) for row in rows_of_fills(found)],
        "rows": (found.rows, found.events),
        "session": (found.session_rows, found.bid_count, found.ask_count, found.trade_count, found.last_price)
        if not found.trade_types
        else None,
        "account": (found.position, exact(found.realized_pnl)),
        "touched": (int(touched.sum()), int(found.fills.quantity[touched].sum())),
        "taken by orders": (int(taken.sum()), int(found.fills.quantity[taken].sum())),
        "market_dates": dates(found.market_days.tolist()),
        "strategy_dates": dates(sorted({*(found.fills.timestamp // DAY).tolist()})),
        "days_not_flat": dates(found.days_not_flat.tolist()),
        "counters": dict(found.counters),
    }


def told_by_reference(found: Replay, engine: Replayed) -> dict[str, Any]:
    """Say the same of the reference; its days not flat include days without a print, which are no market days."""
    trade_types = engine.trade_types
    return {
        "fills": [tuple(map(exact, row_of(fill, trade_types))) for fill in found.fills],
        "rows": (found.rows, found.rows_after_clean),
        "session": (found.session_rows, found.bid_count, found.ask_count, found.trade_count, found.last_price)
        if not trade_types
        else None,
        "account": (found.final_position, exact(found.pnl)),
        "touched": (found.crossed_fills, found.crossed_shares),
        "taken by orders": (found.takes, found.taken_shares),
        "market_dates": found.market_dates,
        "strategy_dates": found.strategy_dates,
        "days_not_flat": tuple(day for day in found.days_not_flat if day in found.market_dates),
        "counters": {name: getattr(found, name) for name in engine.counters},
    }


def rows_of_fills(found: Replayed) -> Iterable[tuple[Any, ...]]:
    fills = found.fills
    known = [field.name for field in dataclasses.fields(fills) if field.name not in UNKNOWN_TO_REFERENCES]
    several = [getattr(fills, name) for name in known]
    return zip(*(column.tolist() for column in several if column is not None), strict=True)


def row_of(fill: Fill, trade_types: tuple[str, ...]) -> tuple[Any, ...]:
    side = {"buy": 1, "sell": -1}[fill.side]
    account = (fill.realized, fill.position, fill.pnl)
    auction = (trade_types.index(fill.trade_type), fill.vwap_reference) if trade_types else ()
    return (fill.event, fill.timestamp_ns, side, fill.price, fill.quantity, *account, *auction)


def exact(value: float) -> float | bytes:
    """Make a float its bits, so that -0.0 and 0.0 differ."""
    return struct.pack("<d", value) if isinstance(value, float) else int(value)


def dates(days: Iterable[int]) -> tuple[date, ...]:
    return tuple(date(1970, 1, 1) + timedelta(days=day) for day in days)
