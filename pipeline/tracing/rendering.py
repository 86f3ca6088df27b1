"""Renders an explanation as lines of at most 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from pipeline.numbers import money
from pipeline.tracing.text import clock_of, day_of, price

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.tracing.explanation import Explanation, Line, Match, Order, Tick, Touch

WIDTH: Final = 80
INDENT: Final = "  "
PRINTS_SHOWN: Final = 20


def lines_of(told: Explanation, *, verbose: bool = False) -> list[str]:
    """Return an explanation in words; verbose: with every print and resize, and what the strategy remembered."""
    parts = [("", _heading(told)), ("The event", _event(told))]
    if told.order is not None and told.match is not None:
        parts.append(("Our order", _order(told, told.order, verbose=verbose)))
        parts.append(("The fill", _fill(told, told.match)))
    else:
        parts.append(("The fill", _without_order(told)))
    parts.append(("The position", _account(told)))
    parts.append(
        ("Why, by the sections of docs/reference/rules.md", (f"{rule.section}: {rule.text}" for rule in told.rules))
    )
    if verbose:
        parts.append(("The strategy's fields", _memory(told)))
    lines: list[str] = []
    for title, body in parts:
        lines += ["", title] if title else []
        for line in body:
            lines += _wrapped(line, INDENT if title else "")
    return lines


def summary(told: Explanation) -> str:
    """Return why a fill happened in one sentence."""
    return f"{told.security} fill {told.number:,}: {_did(told)} {_because(told)}"


def _because(told: Explanation) -> str:
    if told.match is not None:
        return f"by a print of {told.match.print_size:,}, {told.match.ahead:,} ahead of us"
    if told.flatten is not None:
        return f"to close the day, at the {'touch' if told.how == 'touch' else 'auction'}"
    return f"as {told.trade.type}" if told.trade is not None else "from the touch"


def _did(told: Explanation) -> str:
    return f"{'bought' if told.side == 'buy' else 'sold'} {told.quantity:,} at {price(told.price)}"


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line, WIDTH, initial_indent=indent, subsequent_indent=indent + INDENT, break_on_hyphens=False
    ) or [""]


def _heading(told: Explanation) -> Iterator[str]:
    yield f"{told.security}, fill {told.number:,} of {told.fills:,}: {_did(told)}, {_when(told.tick)}"
    yield f"{told.run} ({told.strategy}, {told.execution} execution)"


def _event(told: Explanation) -> Iterator[str]:
    yield f"{_tick(told.tick)}"
    if told.before is not None:
        skipped = ", a placeholder that nothing sees" if told.before.price == 0.0 and told.how != "trade" else ""
        yield f"before it: {_tick(told.before)}{skipped}"
    yield f"the book: {_touch('bid', told.bid)}, {_touch('ask', told.ask)}"
    for other in told.others:
        verb = "bought" if other.side == "buy" else "sold"
        yield f"on the same tick: fill {other.number:,}, {verb} {other.quantity:,} at {price(other.price)}"


def _order(told: Explanation, order: Order, *, verbose: bool) -> Iterator[str]:
    yield f"our {order.side} at {price(order.price)}, placed {_on(order.placed, told)}"
    if order.sent is not None:
        yield f"decided {_on(order.sent, told)}, on its way until then"
    if order.again:
        times = "once" if order.again == 1 else f"{order.again:,} times"
        yield f"placed anew at its price {times} since, last {_on(order.taken, told)}"
    elif order.taken != order.placed:
        yield f"its place in the queue was noted {_on(order.taken, told)}, while the side was out of the market"
    shown = f"of {order.shown:,} shown" if order.shown else "nothing shown"
    behind = f"behind {order.ahead:,} {shown}" if order.ahead else f"first in its queue, {shown}"
    yield f"{order.size:,} shares, {behind}"
    yield from _since(told, order, verbose=verbose)
    if order.line is not None:
        yield from _line(order.line)


def _since(told: Explanation, order: Order, *, verbose: bool) -> Iterator[str]:
    if order.resizes:
        last = order.resizes[-1]
        times = "once" if len(order.resizes) == 1 else f"{len(order.resizes):,} times"
        yield f"resized {times}, last {_on(last.tick, told)}: {last.before:,} to {last.after:,}"
    count = len(order.prints)
    if not count:
        yield "no print reached it before this one"
    else:
        prints = "1 print" if count == 1 else f"{count:,} prints"
        yield f"{prints} reached it before: {order.passed:,} of the queue ahead went, {order.filled:,} of ours"
    if verbose:
        for one in order.prints[:PRINTS_SHOWN]:
            yield f"- {_tick(one.tick)}: {one.ahead:,} of the queue, {one.filled:,} of ours"
        if count > PRINTS_SHOWN:
            yield f"- and {count - PRINTS_SHOWN:,} more, which --json has"
        for change in order.resizes[:PRINTS_SHOWN]:
            yield f"- resized {_on(change.tick, told)}: {change.before:,} to {change.after:,}"
        if len(order.resizes) > PRINTS_SHOWN:
            yield f"- and {len(order.resizes) - PRINTS_SHOWN:,} more, which --json has"


def _fill(told: Explanation, match: Match) -> Iterator[str]:
    sums = f"print of {match.print_size:,}"
    if match.used:
        sums += f" - {match.used:,} used by the ask side"
    if match.cleared:
        yield f"the print is through our price: the {match.ahead:,} ahead of us are cleared"
    else:
        sums += f" - {match.passed:,} ahead of us"
    yield f"{sums} = {match.left:,} left"
    yield f"{match.remaining:,} of ours remained: {match.filled:,} filled, {match.remains:,} remain"
    if match.at_limit:
        yield f"booked at our order's price, {price(match.limit)}, not the print's, {price(told.tick.price)}"
    elif match.through:
        yield f"booked at the print's price, {price(told.price)}, not our order's, {price(match.limit)}"
    else:
        yield f"booked at the print's price, {price(told.price)}, which is our order's"


def _without_order(told: Explanation) -> Iterator[str]:
    if told.flatten is not None:
        position = f"the position of {told.account.position_before:,}"
        if told.how == "touch":
            touch = "bid" if told.side == "sell" else "ask"
            yield f"{position} is closed at the {touch}, {price(told.price)}, whatever that shows"
        elif told.flatten.waited:
            yield f"{position} was found open {_on(told.flatten.found, told)}: a {told.flatten.found.type}, no print"
            yield f"this is the first print since: it closes all of it at its price, {price(told.price)}"
        else:
            yield f"{position} is closed at this print's price, {price(told.price)}"
            yield f"its size of {told.tick.size:,} does not matter"
    if told.taking is not None:
        touch = "bid" if told.side == "sell" else "ask"
        took = told.taking
        yield f"{took.wanted:,} wanted; the {touch} shows {took.shown:,} at {price(told.price)}: {took.taken:,} taken"
        if took.aside_since is not None:
            yield f"our quotes stand aside since {_on(took.aside_since, told, preposition='')}"
        if took.line is not None:
            yield from _line(took.line)
    if told.trade is not None:
        yield f"a trade of the strategy's own: {told.trade.type}, measured against {price(told.trade.reference)}"
        if told.trade.line is not None:
            yield from _line(told.trade.line)
    yield from told.reasons


def _account(told: Explanation) -> Iterator[str]:
    account = told.account
    if account.closed and told.how != "trade":
        first, second = told.price, account.entry_before
        if told.side == "buy":
            first, second = second, first
        yield (
            f"{account.closed:,} closed: ({price(first)} - {price(second)}) x {account.closed:,} = "
            f"{money(account.realized)} AED realised"
        )
    if account.opened and told.how != "trade":
        side = "long" if told.side == "buy" else "short"
        yield f"{account.opened:,} opened {side}; average entry then {price(account.entry)}"
    yield (
        f"position {account.position_before:,} to {account.position:,}, P&L {money(account.pnl_before)} to "
        f"{money(account.pnl)} AED"
    )
    if account.fee:
        yield f"fee {money(account.fee)} AED, not in this P&L"


def _memory(told: Explanation) -> Iterator[str]:
    for name, value in told.memory.items():
        yield f"{name} = {value!r}"


def _tick(tick: Tick) -> str:
    return f"tick {tick.index:,}, {clock_of(tick.time)}: {tick.type} {price(tick.price)} x {tick.size:,}"


def _touch(name: str, touch: Touch | None) -> str:
    if touch is None:
        return f"no {name}"
    return f"{name} {price(touch.price)}" + ("" if touch.size is None else f" x {touch.size:,}")


def _on(tick: Tick, told: Explanation, preposition: str = "on ") -> str:
    """Return a tick's number and time, with its date where that is not the fill's."""
    if tick == told.tick:
        return f"{preposition}this very tick"
    day = "" if day_of(tick.time) == day_of(told.tick.time) else f"{day_of(tick.time)} "
    return f"{preposition}tick {tick.index:,} ({day}{clock_of(tick.time)})"


def _when(tick: Tick) -> str:
    return f"{day_of(tick.time)} {clock_of(tick.time)}"


def _line(line: Line) -> Iterator[str]:
    yield f"{line.file}, line {line.line}:"
    yield f"{INDENT}{line.text}"
