"""One security's ticks and parameters in, its result out: no files, no processes, nothing shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from pipeline.engine.market import DAY
from pipeline.engine.strategy import Strategy, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.engine.outcome import Fills, Outcome
    from pipeline.market.sessions import Sessions
    from pipeline.settings import Values
    from pipeline.ticks import Int64s, Ticks

Engine: TypeAlias = Literal["compiled", "python"]
ENGINES: Final[tuple[Engine, ...]] = ("compiled", "python")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one security's replay gave.

    market_days, days_not_flat: int64, days since 1970-01-01, ascending: days with a print, and those of them that
    ended with a position. rows: ticks read. events: those with a price above zero. *_count: events inside the quoting
    session. last_price: of the last print inside the session, AED, None without one. realized_pnl: AED.
    """

    fills: Fills
    market_days: Int64s
    days_not_flat: Int64s
    rows: int
    events: int
    session_rows: int
    bid_count: int
    ask_count: int
    trade_count: int
    last_price: float | None
    position: int
    realized_pnl: float
    final: Mapping[str, float]

    @property
    def strategy_days(self) -> Int64s:
        """Days since 1970-01-01 with at least one fill, ascending."""
        return distinct(self.fills.timestamp // DAY)


def simulate(
    ticks: Ticks,
    strategy: type[Strategy],
    parameters: Values,
    sessions: Sessions,
    engine: Engine = "compiled",
    on_compile: Callable[[str], None] | None = None,
) -> Replayed:
    """Replay one security; parameters by config key, in config units, checked.

    Raises StrategyError for a strategy that the engine cannot run.
    """
    session = {
        "quoting_opens": sessions.continuous_opens,
        "quoting_closes": sessions.continuous_closes,
        "auction_prints": sessions.auction_prints,
    }
    held = fields_of(strategy).held(parameters)
    if engine == "python":
        from pipeline.engine.plain import PlainReplay  # noqa: PLC0415 - one engine a run

        outcome = PlainReplay(strategy).run(ticks, session, held)
    else:
        from pipeline.engine.compiled import compiled_replay  # noqa: PLC0415

        outcome = compiled_replay(strategy, on_compile).run(ticks, session, held)
    return _replayed(ticks, outcome)


def _replayed(ticks: Ticks, outcome: Outcome) -> Replayed:
    final = outcome.final
    return Replayed(
        fills=outcome.fills,
        market_days=outcome.market_days,
        days_not_flat=days_not_flat(outcome.fills, outcome.market_days, ticks.timestamp),
        rows=len(ticks),
        events=int(final["m_events"]),
        session_rows=int(final["m_session_rows"]),
        bid_count=int(final["m_bid_count"]),
        ask_count=int(final["m_ask_count"]),
        trade_count=int(final["m_trade_count"]),
        last_price=float(final["m_last_price"]) if final["m_trade_count"] else None,
        position=int(final["m_position"]),
        realized_pnl=float(final["m_realized_pnl"]),
        final=final,
    )


def days_not_flat(fills: Fills, market_days: Int64s, timestamps: Int64s) -> Int64s:
    """Return the market days whose last event left a position; days since 1970-01-01, ascending."""
    if not len(fills):
        return market_days[:0]
    days = np.maximum.accumulate(timestamps[fills.event] // DAY)
    last_fill = np.searchsorted(days, market_days, side="right") - 1
    held = np.where(last_fill >= 0, fills.position[last_fill], 0)
    not_flat: Int64s = market_days[held != 0]
    return not_flat


def distinct(days: Int64s) -> Int64s:
    """Return the distinct values, ascending; numpy's own would load masked arrays for it, 10 ms of a short run."""
    return np.array(sorted(set(days.tolist())), np.int64)
