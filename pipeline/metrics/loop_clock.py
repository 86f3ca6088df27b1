"""Walks fills and marks of one or several securities on one clock: equity, capital, inventory; compiled as it stands.

What all securities have together is the sum of what each has, which is carried as two floats, the sum and what its
rounding lost: it is the same, to the last digit, in whatever stretches of time they are walked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pipeline.metrics.loop_session import session_time

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int64s

FACTS: Final = ("events", "fills", "securities", "limited")
"""The whole numbers that the walk takes, in this order."""

STATE: Final = (
    *("open", "rank", "session", "in_market", "moment", "is_pending", "is_in_session", "moments", "marks", "at_limit"),
    *("first_clock", "peak_clock", "fall_begins", "fall_ends", "is_recovered", "has_fill"),
)
VALUES: Final = (
    *("equity", "equity_rest", "capital", "capital_rest", "marked", "marked_rest", "inventory", "inventory_rest"),
    *("peak", "max_drawdown", "fall_from", "peak_capital", "marked_peak", "max_drawdown_marked"),
    *("shares_limit", "notional_limit"),
)
"""What is carried from one stretch to the next: whole numbers, and money."""

SECURITY_VALUES: Final = ("equity", "cash", "price", "mark", "capital", "marked", "inventory")
"""What is carried of each security, money, besides its position."""

_FAR: Final = 2**62
_EVENTS, _FILLS, _SECURITIES, _LIMITED = range(len(FACTS))
_OPEN, _RANK, _SESSION, _IN_MARKET, _MOMENT, _IS_PENDING, _IS_IN_SESSION, _MOMENTS, _MARKS, _AT_LIMIT = range(10)
_FIRST_CLOCK, _PEAK_CLOCK, _FALL_BEGINS, _FALL_ENDS, _IS_RECOVERED, _HAS_FILL = range(10, 16)
_EQUITY, _CAPITAL, _MARKED, _INVENTORY = 0, 2, 4, 6
_PEAK, _MAX_DRAWDOWN, _FALL_FROM, _PEAK_CAPITAL, _MARKED_PEAK, _MAX_MARKED, _SHARES_LIMIT, _NOTIONAL = range(8, 16)
_OWN_EQUITY, _OWN_CASH, _OWN_PRICE, _OWN_MARK, _OWN_CAPITAL, _OWN_MARKED, _OWN_INVENTORY = range(7)


def replace_in(total: int, before: float, after: float, securities: int, values: Float64s) -> float:
    """Replace what one security adds to a total and return the total."""
    if securities == 1:
        values[total] = after
        return after
    change = after - before
    of_after = change + before
    rest = (after - of_after) - (before - (of_after - change))
    whole = values[total]
    moved = whole + change
    of_change = moved - whole
    rest += (whole - (moved - of_change)) + (change - of_change)
    values[total] = moved
    values[total + 1] += rest
    return moved + values[total + 1]  # type: ignore[no-any-return]


def value_position(security: int, positions: Int64s, own: Float64s, securities: int, values: Float64s) -> None:
    """Put the marked equity and the inventory of a security into the totals."""
    at = 7 * security
    position = positions[security]
    price = own[at + _OWN_PRICE] if math.isnan(own[at + _OWN_MARK]) else own[at + _OWN_MARK]
    marked = own[at + _OWN_EQUITY] if position == 0 else own[at + _OWN_CASH] + position * price
    inventory = abs(position) * price
    replace_in(_MARKED, own[at + _OWN_MARKED], marked, securities, values)
    replace_in(_INVENTORY, own[at + _OWN_INVENTORY], inventory, securities, values)
    own[at + _OWN_MARKED] = marked
    own[at + _OWN_INVENTORY] = inventory


def follow_equity(clock: int, equity: float, state: Int64s, values: Float64s) -> None:
    """Note the equity after a fill: its peak, and the first of its deepest falls, from when to when."""
    if state[_HAS_FILL] == 0:
        state[_HAS_FILL] = 1
        state[_FIRST_CLOCK] = clock
        state[_PEAK_CLOCK] = clock
    if equity >= values[_PEAK]:
        values[_PEAK] = equity
        state[_PEAK_CLOCK] = clock
    elif values[_PEAK] - equity > values[_MAX_DRAWDOWN]:
        values[_MAX_DRAWDOWN] = values[_PEAK] - equity
        values[_FALL_FROM] = values[_PEAK]
        state[_FALL_BEGINS] = state[_PEAK_CLOCK]
        state[_IS_RECOVERED] = 0
    if state[_IS_RECOVERED] == 0 and values[_MAX_DRAWDOWN] > 0.0 and equity >= values[_FALL_FROM]:
        state[_IS_RECOVERED] = 1
        state[_FALL_ENDS] = clock


def pass_time(clock: int, spans: Int64s, state: Int64s) -> None:
    """Count the session time up to a fill, if a position was open."""
    session, rank = session_time(clock, state[_RANK], spans)
    state[_RANK] = rank
    if state[_OPEN] > 0:
        state[_IN_MARKET] += session - state[_SESSION]
    state[_SESSION] = session


def end_moment(state: Int64s, values: Float64s, inventory: Float64s) -> None:
    """Look at the totals at a moment of the price paths, when all that happened then has."""
    if state[_IS_PENDING] == 0:
        return
    state[_IS_PENDING] = 0
    state[_MOMENTS] += 1
    marked = values[_MARKED] + values[_MARKED + 1]
    values[_MARKED_PEAK] = max(values[_MARKED_PEAK], marked)
    values[_MAX_MARKED] = max(values[_MAX_MARKED], values[_MARKED_PEAK] - marked)
    if state[_IS_IN_SESSION] != 0:
        inventory[state[_MARKS]] = values[_INVENTORY] + values[_INVENTORY + 1]
        state[_MARKS] += 1
    state[_IS_IN_SESSION] = 0


def look_at_limit(position: int, price: float, state: Int64s, values: Float64s) -> None:
    """Count a mark at which one security's position is at its limit."""
    limit = values[_SHARES_LIMIT]
    if price > 0.0 and values[_NOTIONAL] / price < limit:
        limit = values[_NOTIONAL] / price
        if limit < _FAR:
            limit = 1.0 * math.trunc(limit)
    if position != 0 and abs(position) >= limit:
        state[_AT_LIMIT] += 1


def walk_clock(
    facts: Int64s,
    spans: Int64s,
    order: Int64s,
    owners: Int64s,
    in_session: Int64s,
    fill_numbers: Int64s,
    fill_amounts: Float64s,
    mark_numbers: Int64s,
    mark_amounts: Float64s,
    state: Int64s,
    values: Float64s,
    positions: Int64s,
    own: Float64s,
    inventory: Float64s,
) -> int:
    """Walk events in order of time; return how many values of `inventory` there are then, one a mark of the session.

    order: numbers of the events, fills before marks at one time; those of fills come first, those of marks follow.
    owners: the security of each. in_session: whether each mark is of its security's session, 0 or 1. spans: those in
    which any of them trades, as `session_table` returns them.
    A mark below 0 is one carried to another rate: it is no moment to look at.
    The records of fills and of marks, as `loop_fills` writes them, are whole numbers and amounts of the same memory.
    The columns from `state` to `own` are carried on.
    """
    fills = facts[_FILLS]
    securities = facts[_SECURITIES]
    for event in range(facts[_EVENTS]):
        number = order[event]
        security = owners[number]
        at = 7 * security
        is_fill = number < fills
        now = fill_numbers[5 * number] if is_fill else mark_numbers[2 * (number - fills)]
        if now > state[_MOMENT]:
            end_moment(state, values, inventory)
            state[_MOMENT] = now
        if is_fill:
            position = fill_numbers[5 * number + 1]
            price = fill_amounts[5 * number + 2]
            equity = fill_amounts[5 * number + 3]
            capital = abs(position) * price
            pass_time(now, spans, state)
            if positions[security] != 0:
                state[_OPEN] -= 1
            if position != 0:
                state[_OPEN] += 1
            positions[security] = position
            own[at + _OWN_PRICE] = price
            own[at + _OWN_CASH] = fill_amounts[5 * number + 4]
            total = replace_in(_EQUITY, own[at + _OWN_EQUITY], equity, securities, values)
            own[at + _OWN_EQUITY] = equity
            follow_equity(now, total, state, values)
            total = replace_in(_CAPITAL, own[at + _OWN_CAPITAL], capital, securities, values)
            own[at + _OWN_CAPITAL] = capital
            values[_PEAK_CAPITAL] = max(values[_PEAK_CAPITAL], total)
        else:
            mark = mark_amounts[2 * (number - fills) + 1]
            own[at + _OWN_MARK] = abs(mark)
            is_moment = math.isnan(mark) or mark >= 0.0
            if is_moment:
                state[_IS_PENDING] = 1
            if is_moment and in_session[number - fills] != 0:
                state[_IS_IN_SESSION] = 1
                if facts[_LIMITED] != 0:
                    price = own[at + _OWN_PRICE] if math.isnan(own[at + _OWN_MARK]) else own[at + _OWN_MARK]
                    look_at_limit(positions[security], price, state, values)
        value_position(security, positions, own, securities, values)
    return state[_MARKS]  # type: ignore[no-any-return]
