"""Puts an explanation into words, as lines of at most 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.numbers import money
from pipeline.tracing.order_rendering import (
    books,
    call_line,
    lines_of_parts,
    of_day,
    on_tick,
    on_way,
    order_lines,
    per_currency,
    price,
    seen_line,
    tick_line,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.tracing.explanation import Explanation, Match, Order, Taking


def lines_of(fill: Explanation, *, verbose: bool = False) -> list[str]:
    """Return an explanation in words.

    Args:
        fill: The fill and why it happened.
        verbose: Also every print and resize, and the fields of the strategy.
    """
    parts = [("", _heading(fill)), ("The event", _event(fill))]
    if fill.order is not None:
        before = " this one" if fill.how == "print" else ""
        parts.append(("Our order", order_lines(fill.order, fill.tick, before=before, verbose=verbose)))
    if fill.prior:
        parts.append(("Our orders that come first, by price and time", _prior(fill)))
    parts.append(("The fill", _fill(fill)))
    parts.append(("The position", _account(fill)))
    parts.append(
        ("Why, by the sections of docs/reference/rules.md", (f"{rule.section}: {rule.text}" for rule in fill.rules))
    )
    if verbose:
        parts.append(("The strategy's fields", _memory(fill)))
    return lines_of_parts(parts)


def summary(fill: Explanation) -> str:
    """Return why a fill happened in one sentence."""
    return f"{fill.security} fill {fill.number:,}: {_did(fill)} {_because(fill)}"


def _because(fill: Explanation) -> str:
    if fill.match is not None:
        return f"by a print of {fill.match.print_size:,}, {fill.match.ahead:,} ahead of us"
    if fill.order is not None and fill.taking is not None:
        came = "that came to our order" if fill.how == "crossing" else "at which our order was placed"
        return f"by the {fill.order.opposite} {came}, {fill.taking.available:,} available"
    if fill.flatten is not None:
        return f"to close the day, at the {'touch' if fill.how == 'touch' else 'auction'}"
    return f"as {fill.trade.type}" if fill.trade is not None else "from the touch"


def _did(fill: Explanation) -> str:
    return f"{'bought' if fill.side == 'buy' else 'sold'} {fill.quantity:,} at {price(fill.price)}"


def _heading(fill: Explanation) -> Iterator[str]:
    at = f"{when(fill.tick.time)}{of_day(fill.tick.time, fill.day)}"
    yield f"{fill.security}, fill {fill.number:,} of {fill.fills:,}: {_did(fill)}, {at}"
    yield f"{fill.run} ({fill.strategy}, {fill.execution} execution)"


def _event(fill: Explanation) -> Iterator[str]:
    yield tick_line(fill.tick, fill.tick)
    if fill.before is not None:
        yield f"before it: {(tick_line if fill.how == 'trade' else seen_line)(fill.before, fill.tick)}"
    yield books(fill.bid, fill.ask)
    for other in fill.others:
        verb = "bought" if other.side == "buy" else "sold"
        of_order = "" if other.order is None else f", order {other.order:,}"
        yield f"on the same tick: fill {other.number:,}, {verb} {other.quantity:,} at {price(other.price)}{of_order}"


def _prior(fill: Explanation) -> Iterator[str]:
    for order in fill.prior:
        yield f"order {order.number:,} at {price(order.price)}: {order.filled:,} of {order.remaining:,} filled"


def _fill(fill: Explanation) -> Iterator[str]:
    if fill.match is not None:
        yield from _of_print(fill, fill.match)
    elif fill.order is not None and fill.taking is not None:
        yield from _of_touch(fill, fill.order, fill.taking)
    else:
        yield from _without_order(fill)


def _of_touch(fill: Explanation, order: Order, take: Taking) -> Iterator[str]:
    touch, limit = f"the {order.opposite}, {price(take.price)}", f"our {order.side} at {price(order.price)}"
    if fill.how == "crossing":
        yield f"{touch}, is at or through {limit}, in a book neither locked nor crossed"
        if order.still_ahead:
            yield f"the {order.still_ahead:,} still ahead of us count no more"
    else:
        yield f"{limit} is placed at or through {touch}"
    yield f"{_available(take)} available"
    if fill.how == "crossing":
        yield f"{take.wanted:,} of ours remained: {take.taken:,} filled, {take.remains:,} remain"
        yield f"booked at our order's price, {price(order.price)}"
    else:
        yield f"{take.wanted:,} of ours: {take.taken:,} taken, the rest of {take.remains:,} stands with nobody ahead"
        yield f"booked at the touch's price, {price(fill.price)}"
    yield from _booked_with(fill, take)


def _booked_with(fill: Explanation, take: Taking) -> Iterator[str]:
    if take.tick != fill.tick:
        yield f"taken {on_tick(take.tick, fill.tick)}, booked on this one"
    if take.earlier:
        yield f"booked with {take.earlier:,} taken just before: {fill.quantity:,}"


def _available(take: Taking) -> str:
    had = f" - {take.had:,} that we have had" if take.had else ""
    return f"{take.shown:,} shown{had} = {take.available:,}"


def _of_print(fill: Explanation, match: Match) -> Iterator[str]:
    sums = f"print of {match.print_size:,}"
    if match.used:
        sums += f" - {match.used:,} used by the ask side"
    if match.better:
        sums += f" - {match.better:,} used at better prices"
    if match.older:
        sums += f" - {match.older:,} of older orders of ours at this price"
    if match.cleared:
        yield f"the print is through our price: the {match.ahead:,} ahead of us are cleared"
    else:
        sums += f" - {match.passed:,} ahead of us"
    yield f"{sums} = {match.left:,} left"
    yield f"{match.remaining:,} of ours remained: {match.filled:,} filled, {match.remains:,} remain"
    if match.at_limit:
        yield f"booked at our order's price, {price(match.limit)}, not the print's, {price(fill.tick.price)}"
    elif match.through:
        yield f"booked at the print's price, {price(fill.price)}, not our order's, {price(match.limit)}"
    else:
        yield f"booked at the print's price, {price(fill.price)}, which is our order's"


def _without_order(fill: Explanation) -> Iterator[str]:
    if fill.flatten is not None:
        position = f"the position of {fill.account.position_before:,}"
        if fill.how == "touch":
            touch = "bid" if fill.side == "sell" else "ask"
            yield f"{position} is closed at the {touch}, {price(fill.price)}, whatever that shows"
        elif fill.flatten.waited:
            found = fill.flatten.found
            yield f"{position} was found open {on_tick(found, fill.tick)}: a {found.type}, no print"
            yield f"this is the first print since: it closes all of it at its price, {price(fill.price)}"
        else:
            yield f"{position} is closed at this print's price, {price(fill.price)}"
            yield f"its size of {fill.tick.size:,} does not matter"
    if fill.taking is not None:
        touch = "bid" if fill.side == "sell" else "ask"
        took = fill.taking
        had = f", of which we have had {took.had:,}" if took.had else ""
        shows = f"the {touch} shows {took.shown:,} at {price(fill.price)}{had}"
        yield f"{took.wanted:,} wanted; {shows}: {took.taken:,} taken"
        yield from on_way("asked for", took, fill.tick)
        yield from _booked_with(fill, took)
        if took.aside_since is not None:
            yield f"our quotes stand aside since {on_tick(took.aside_since, fill.tick, preposition='')}"
        if took.line is not None:
            yield from call_line(took.line)
    if fill.trade is not None:
        yield f"a trade of the strategy's own: {fill.trade.type}, measured against {price(fill.trade.reference)}"
        if fill.trade.line is not None:
            yield from call_line(fill.trade.line)
    yield from fill.reasons


def _account(fill: Explanation) -> Iterator[str]:
    account = fill.account
    if account.closed and fill.how != "trade":
        first, second = fill.price, account.entry_before
        if fill.side == "buy":
            first, second = second, first
        yield (
            f"{account.closed:,} closed: ({price(first)} - {price(second)}) x {account.closed:,}{per_currency(fill)} = "
            f"{money(account.realized)} {fill.currency} realised"
        )
    if account.opened and fill.how != "trade":
        side = "long" if fill.side == "buy" else "short"
        yield f"{account.opened:,} opened {side}; average entry then {price(account.entry)}"
    yield (
        f"position {account.position_before:,} to {account.position:,}, P&L {money(account.pnl_before)} to "
        f"{money(account.pnl)} {fill.currency}"
    )
    if account.fee:
        yield f"fee {money(account.fee)} {fill.currency}, not in this P&L"


def _memory(fill: Explanation) -> Iterator[str]:
    for name, value in fill.memory.items():
        yield f"{name} = {value!r}"
