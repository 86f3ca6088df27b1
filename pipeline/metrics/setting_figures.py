"""Books the figures and the days of settings that were replayed together, all in one compiled pass over their fills."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import check_shares
from pipeline.metrics.formulas import first_of_each_day, sharpe_of_each
from pipeline.metrics.loop_settings import AMOUNTS, COUNTS, book_settings
from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.native.functions import compiled
from pipeline.replay.charges import charges_of, rate_of
from pipeline.ticks import union_of
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.engine.batch_outcome import BatchBlock
    from pipeline.engine.costs import Costs
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.ticks import Float64s, Int64s

DAY_SUMS: Final = {"net": np.float64, "turnover": np.float64, "fills": np.int64, "closing": np.int64, "wins": np.int64}
"""What is added up by day, money and counts of fills."""

_COLUMNS: Final = {
    "event": np.int64,
    "price": np.float64,
    "quantity": np.int64,
    "realized": np.float64,
    "position": np.int64,
}


@dataclass(frozen=True, slots=True, eq=False)
class BookedSettings:
    """What settings came to on one security.

    figures: a row a setting, SWEEP_FIGURES, NaN where one cannot be computed. market_days, days: those with a print and
    those with a tick, since 1970-01-01, ascending. by_day: DAY_SUMS, each of shape (settings, days).
    """

    figures: Float64s
    market_days: Int64s
    days: Int64s
    by_day: Mapping[str, Any]


def book(
    block: BatchBlock,
    rows: Sequence[int],
    costs: Sequence[Costs],
    strategy: type[Strategy],
    market: MarketFacts,
    market_days: Int64s,
) -> BookedSettings:
    """Return what settings came to.

    Args:
        block: Their replays.
        rows: The row of each setting in the block; settings that differ in costs only have the same.
        costs: What each is charged.
        strategy: The strategy.
        market: Where they trade.
        market_days: Since 1970-01-01, ascending.

    Raises:
        ReplayError: More shares than a position can be told of.
    """
    of_ticks = block.times.times // DAY
    days = union_of([of_ticks[first_of_each_day(of_ticks)]])  # a clock may step back
    counts, amounts = np.zeros((len(rows), len(COUNTS)), np.int64), np.zeros((len(rows), len(AMOUNTS)))
    daily = np.zeros((len(rows), len(market_days)))
    by_day = {name: np.zeros((len(rows), len(days)), kind) for name, kind in DAY_SUMS.items()}
    starts, fills = block.starts[rows], block.counts[rows]
    most = int(fills.max(initial=1))
    columns = {**block.columns, "price": _prices_in_currency(block, market)}
    compiled(book_settings)(
        np.array([len(rows), len(days), len(market_days)], np.int64),
        days,
        np.isin(days, market_days).view(np.int8),
        np.maximum(np.searchsorted(market_days, days, side="right") - 1, 0),
        *(np.ascontiguousarray(block.times.times), starts, fills),
        *(np.ascontiguousarray(columns[name], kind) for name, kind in _COLUMNS.items()),
        *_charges(block, rows, costs, strategy, market),
        *(counts, amounts, daily, *by_day.values(), np.empty(most), np.empty(most)),
    )
    check_shares(float(amounts[:, AMOUNTS.index("shares")].max(initial=0.0)))
    # What the figures of a sweep are computed from, by the names of `Portfolio`.
    sums = [each.tolist() for each in (counts, amounts, sharpe_of_each(daily), starts + fills)]
    pnl, positions = block.columns["pnl"], block.of_each("m_position")
    figures = []
    for row, whole, money, ratio, last in zip(rows, *sums, strict=True):
        of_setting = dict(zip((*COUNTS, *AMOUNTS), (*whole, *money), strict=True))
        realized = math.fsum(pnl[last - 1 : last]) if whole[0] else 0.0
        totals: Any = SimpleNamespace(
            sums=of_setting,
            **{name: of_setting[name] for name in ("strategy_days", "days_not_flat", "max_drawdown")},
            market_days=market_days,
            sharpe=None if math.isnan(ratio) else ratio,
            realized_pnl=realized,
            net_pnl=realized - of_setting["fees"],
            closing_fills=of_setting["gains"] + of_setting["losses"],
            position=int(positions[row]),
        )
        values = [figure.compute(totals) for figure in SWEEP_FIGURES]
        figures.append([math.nan if value is None else value for value in values])
    return BookedSettings(np.array(figures), market_days, days, by_day)


def _prices_in_currency(block: BatchBlock, market: MarketFacts) -> Float64s:
    """Return the prices of all fills; between the settings' parts of the column there is what was in memory."""
    if market.price_units_per_currency == 1.0:
        return block.columns["price"]  # type: ignore[no-any-return]
    prices = np.zeros(len(block.columns["price"]))
    for some in map(slice, block.starts, block.starts + block.counts):
        prices[some] = market.in_currency(block.columns["price"][some])
    return prices


def _charges(
    block: BatchBlock, rows: Sequence[int], costs: Sequence[Costs], strategy: type[Strategy], market: MarketFacts
) -> tuple[Float64s, Int64s, Float64s]:
    """Return the rate of each setting, -1 where its fills are charged otherwise, and where these charges stand."""
    rates, starts = np.zeros(len(rows)), np.zeros(len(rows), np.int64)
    charges: list[Float64s] = []
    by_costs = {id(own): rate_of(own) for own in {id(own): own for own in costs}.values()}
    for at, (row, own) in enumerate(zip(rows, costs, strict=True)):
        rate = by_costs[id(own)]
        rates[at] = -1.0 if rate is None else rate
        if rate is None and (of_fills := charges_of(block.fills(row), strategy, own, market)) is not None:
            starts[at] = sum(map(len, charges))
            charges.append(of_fills)
    return rates, starts, np.concatenate(charges) if charges else np.empty(0)
