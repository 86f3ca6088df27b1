"""Matches the desk's fills with a run's, one to one, and says how far the two agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.runs.reader import RecordedFills
    from pipeline.ticks import Float64s, Int64s

SAME_PRICE: Final = 1e-9
"""Prices that a file and a computation write differently are no further apart than this."""


@dataclass(frozen=True, slots=True)
class Matched:
    """One security's fills of the desk and of a run, and which of them are the same, by their numbers from 0.

    units: how many units of their prices are one of the currency.
    """

    desk: RecordedFills
    run: RecordedFills
    of_desk: Int64s
    of_run: Int64s
    units: float = 1.0


@dataclass(frozen=True, slots=True)
class Apart:
    """How far matched fills are apart, without sign: half of them at most `median`, nine in ten at most `p90`."""

    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a run agrees with the desk.

    found: fills that are in both. *_shares: in them all; shared_shares: what matched fills have in common. seconds,
    prices: between matched fills; run_later: the median of run less desk, seconds. *_pnl: realised by average
    entry price from no position on, before fees, money.
    """

    desk_fills: int
    run_fills: int
    found: int
    desk_shares: int
    run_shares: int
    shared_shares: int
    seconds: Apart
    prices: Apart
    run_later: float | None
    desk_pnl: float | None
    run_pnl: float | None

    @property
    def missed(self) -> int:
        """Fills of the desk that the run does not have."""
        return self.desk_fills - self.found

    @property
    def invented(self) -> int:
        """Fills of the run that the desk does not have."""
        return self.run_fills - self.found

    @property
    def share_found(self) -> float | None:
        """Share of the desk's fills that the run has."""
        return self.found / self.desk_fills if self.desk_fills else None

    @property
    def fit(self) -> float:
        """Shares on which both agree, of all that either has: 1 where all fills are the same, 0 where none is."""
        every = self.desk_shares + self.run_shares - self.shared_shares
        return self.shared_shares / every if every else 1.0


def match(desk: RecordedFills, run: RecordedFills, window_ms: int, tolerance: Float64s, units: float = 1.0) -> Matched:
    """Match fills one to one: the same side, times and prices near enough, the nearest in time first.

    Among pairs as near in time that nearest in price goes first, then in quantity, then the earlier of the desk's and
    of the run's. tolerance: the largest difference of price, of each of the desk's fills. units: how many units of
    price are one of the currency.
    """
    order = np.argsort(run.timestamp, kind="stable")
    times = run.timestamp[order]
    low = np.searchsorted(times, desk.timestamp - window_ms, side="left")
    high = np.searchsorted(times, desk.timestamp + window_ms, side="right")
    counts = high - low
    of_desk = np.repeat(np.arange(len(desk)), counts)
    within = np.arange(len(of_desk)) - np.repeat(np.cumsum(counts) - counts, counts)
    of_run = order[np.repeat(low, counts) + within]
    price = np.abs(desk.price[of_desk] - run.price[of_run])
    near = (desk.side[of_desk] == run.side[of_run]) & (price <= tolerance[of_desk] + SAME_PRICE)
    of_desk, of_run, price = of_desk[near], of_run[near], price[near]
    time = np.abs(desk.timestamp[of_desk] - run.timestamp[of_run])
    shares = np.abs(desk.quantity[of_desk] - run.quantity[of_run])
    free_desk, free_run = [True] * len(desk), [True] * len(run)
    pairs = []
    for at in np.lexsort((of_run, of_desk, shares, np.round(price, 9), time)).tolist():
        ours, theirs = int(of_desk[at]), int(of_run[at])
        if free_desk[ours] and free_run[theirs]:
            free_desk[ours] = free_run[theirs] = False
            pairs.append((ours, theirs))
    matched = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return Matched(desk, run, matched[:, 0], matched[:, 1], units)


def agreement(securities: Sequence[Matched]) -> Agreement:
    """Return how far a run agrees with the desk on some securities together."""

    def over(values: Any) -> Any:
        return np.concatenate([np.empty(0), *(values(each) for each in securities)])

    seconds = over(lambda each: (each.run.timestamp[each.of_run] - each.desk.timestamp[each.of_desk]) / 1_000)
    prices = over(lambda each: each.run.price[each.of_run] - each.desk.price[each.of_desk])
    shared = over(lambda each: np.minimum(each.run.quantity[each.of_run], each.desk.quantity[each.of_desk]))
    return Agreement(
        desk_fills=sum(len(each.desk) for each in securities),
        run_fills=sum(len(each.run) for each in securities),
        found=len(seconds),
        desk_shares=sum(int(each.desk.quantity.sum()) for each in securities),
        run_shares=sum(int(each.run.quantity.sum()) for each in securities),
        shared_shares=int(shared.sum()),
        seconds=_apart(seconds),
        prices=_apart(prices),
        run_later=float(np.median(seconds)) if len(seconds) else None,
        desk_pnl=sum(realized_pnl(each.desk) / each.units for each in securities),
        run_pnl=sum(realized_pnl(each.run) / each.units for each in securities),
    )


def _apart(differences: Float64s) -> Apart:
    if not len(differences):
        return Apart(None, None)
    median, p90 = np.quantile(np.abs(differences), (0.5, 0.9))
    return Apart(float(median), float(p90))


def realized_pnl(fills: RecordedFills) -> float:
    """Return what fills realise by average entry price, from no position on, before fees, in units of price."""
    position, entry, pnl = 0, 0.0, 0.0
    for side, price, quantity in zip(fills.side.tolist(), fills.price.tolist(), fills.quantity.tolist(), strict=True):
        same_way = side * position
        closing = min(quantity, max(-same_way, 0))
        pnl += side * (entry - price) * closing
        if quantity > closing:
            before, opening = max(same_way, 0), quantity - closing
            entry = (entry * before + price * opening) / (before + opening)
        position += side * quantity
    return pnl
