"""Books the fills of settings that were replayed together into sums and days, a setting a row; compiled as it stands.

Each setting has a part of its own of the columns of fills. Sums go with what their rounding lost, as in `loop_fills`;
those of a day are added up in the order in which numpy adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int8s, Int64s

FACTS: Final = ("settings", "days", "market_days")
"""The whole numbers that the loop takes, in this order."""

COUNTS: Final = ("fills", "gains", "losses", "strategy_days", "days_not_flat")
AMOUNTS: Final = ("fees", "turnover", "gained", "lost", "max_drawdown", "shares")
"""What it returns of each setting: whole numbers, and money."""

_AT_ONCE, _MOST_IN_ORDER = 8, 128
_FAR: Final = -(2**62)


def lost_by(before: float, value: float, after: float) -> float:
    """Return what the sum of two numbers lost in rounding."""
    added = after - before
    return (before - (after - added)) + (value - added)


def sum_of(values: Float64s, start: int, count: int) -> float:
    """Return the sum of some values in numpy's order: eight sums side by side, halves of more than 128 values."""
    if count > _MOST_IN_ORDER:
        half = count // 2 // _AT_ONCE * _AT_ONCE
        return sum_of(values, start, half) + sum_of(values, start + half, count - half)
    if count < _AT_ONCE:
        some = -0.0
        for at in range(start, start + count):
            some += values[at]
        return some
    s0, s1, s2, s3 = values[start], values[start + 1], values[start + 2], values[start + 3]
    s4, s5, s6, s7 = values[start + 4], values[start + 5], values[start + 6], values[start + 7]
    whole = count // _AT_ONCE * _AT_ONCE
    for at in range(start + _AT_ONCE, start + whole, _AT_ONCE):
        s0 += values[at]
        s1 += values[at + 1]
        s2 += values[at + 2]
        s3 += values[at + 3]
        s4 += values[at + 4]
        s5 += values[at + 5]
        s6 += values[at + 6]
        s7 += values[at + 7]
    every = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for at in range(start + whole, start + count):
        every += values[at]
    return every  # type: ignore[no-any-return]


def sum_of_day(values: Float64s, start: int, count: int) -> float:
    """Return the sum of a day's values, at least one, as `numpy.add.reduceat` adds them: to the first the others."""
    day = values[start]
    return day if count == 1 else day + sum_of(values, start + 1, count - 1)  # type: ignore[no-any-return]


def book_settings(  # noqa: C901, PLR0912, PLR0915 - one pass, whose parts share what it carries
    facts: Int64s,
    days: Int64s,
    is_market: Int8s,
    counts_to: Int64s,
    times: Int64s,
    starts: Int64s,
    fills: Int64s,
    events: Int64s,
    prices: Float64s,
    quantities: Int64s,
    realized: Float64s,
    positions: Int64s,
    fee_rates: Float64s,
    charge_starts: Int64s,
    charges: Float64s,
    counts: Int64s,
    amounts: Float64s,
    daily: Float64s,
    day_net: Float64s,
    day_turnover: Float64s,
    day_fills: Int64s,
    day_closing: Int64s,
    day_wins: Int64s,
    values: Float64s,
    fees: Float64s,
) -> int:
    """Book every setting's fills; return how many settings there are.

    days: all days of the ticks, ascending, whether each is a market day, and to which market day each counts. times: of
    the ticks, by event. starts, fills: where each setting's part of the columns begins and how long it is. fee_rates:
    charges by value; below 0 where they stand in `charges` instead, from `charge_starts` on. Written are, a row a
    setting, COUNTS, AMOUNTS, net P&L by market day, and what was done by day; the last two columns have room for the
    fills of a day.
    """
    for setting in range(facts[0]):
        fill = starts[setting]
        end = fill + fills[setting]
        rate = fee_rates[setting]
        charge = charge_starts[setting] - fill
        clock, day, position, not_flat, traded, gains, losses = _FAR, 0, 0, 0, 0, 0, 0
        equity, peak, drawdown, shares = 0.0, 0.0, 0.0, 0.0
        fee_sum, fee_lost, turnover, turnover_lost = 0.0, 0.0, 0.0, 0.0
        gained, gained_lost, lost, lost_lost = 0.0, 0.0, 0.0, 0.0
        while fill < end:
            clock = max(clock, times[events[fill]])
            today = clock // DAY
            day_end = (today + 1) * DAY
            while days[day] < today:
                if is_market[day] != 0 and position != 0:
                    not_flat += 1
                day += 1
            first, net_of_day = fill, 0.0
            gains_before, losses_before = gains, losses
            while fill < end:
                clock = max(clock, times[events[fill]])
                if clock >= day_end:
                    break
                shares += abs(quantities[fill])
                value = prices[fill] * quantities[fill]
                gain = realized[fill]
                fee = 0.0
                if rate > 0.0:
                    fee = value * rate
                elif rate < 0.0:
                    fee = charges[charge + fill]
                net = gain - fee
                equity += net
                net_of_day += net
                if equity >= peak:
                    peak = equity
                elif peak - equity > drawdown:
                    drawdown = peak - equity
                values[fill - first] = value
                fees[fill - first] = fee
                after = turnover + value
                turnover_lost += lost_by(turnover, value, after)
                turnover = after
                after = fee_sum + fee
                fee_lost += lost_by(fee_sum, fee, after)
                fee_sum = after
                if gain > 0.0:
                    gains += 1
                    after = gained + gain
                    gained_lost += lost_by(gained, gain, after)
                    gained = after
                elif gain < 0.0:
                    losses += 1
                    after = lost + gain
                    lost_lost += lost_by(lost, gain, after)
                    lost = after
                fill += 1
            count = fill - first
            at = facts[1] * setting + day
            position = positions[fill - 1]
            traded += 1
            day_net[at] = sum_of_day(realized, first, count) - sum_of_day(fees, 0, count)
            day_turnover[at] = sum_of_day(values, 0, count)
            day_fills[at] = count
            day_closing[at] = gains - gains_before + losses - losses_before
            day_wins[at] = gains - gains_before
            if facts[2] > 0:
                daily[facts[2] * setting + counts_to[day]] += net_of_day
        while day < facts[1]:
            if is_market[day] != 0 and position != 0:
                not_flat += 1
            day += 1
        at = 5 * setting
        counts[at] = fills[setting]
        counts[at + 1] = gains
        counts[at + 2] = losses
        counts[at + 3] = traded
        counts[at + 4] = not_flat
        at = 6 * setting
        amounts[at] = fee_sum + fee_lost
        amounts[at + 1] = turnover + turnover_lost
        amounts[at + 2] = gained + gained_lost
        amounts[at + 3] = lost + lost_lost
        amounts[at + 4] = drawdown
        amounts[at + 5] = shares
    return facts[0]  # type: ignore[no-any-return]
