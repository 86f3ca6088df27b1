"""Puts an explanation into words, as lines of at most 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from pipeline.numbers import counted, money
from pipeline.times import MINUTE, SECOND, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.tracing.explanation import (
        Explanation,
        Line,
        Match,
        Order,
        Passed,
        Shrink,
        Taking,
        Tick,
        Touch,
    )

WIDTH: Final = 80
INDENT: Final = "  "
PRINTS_SHOWN: Final = 20
QUOTES_SHOWN: Final = 3
PRICE_DIGITS: Final = 6
"""More than any exchange's grid has; an average of several prices is shown to as many."""


def lines_of(fill: Explanation, *, verbose: bool = False) -> list[str]:
    """Return an explanation in words.

    Args:
        fill: The fill and why it happened.
        verbose: Also every print and resize, and the fields of the strategy.
    """
    parts = [("", _heading(fill)), ("The event", _event(fill))]
    if fill.order is not None:
        parts.append(("Our order", _order(fill, fill.order, verbose=verbose)))
    parts.append(("The fill", _fill(fill)))
    parts.append(("The position", _account(fill)))
    parts.append(
        ("Why, by the sections of docs/reference/rules.md", (f"{rule.section}: {rule.text}" for rule in fill.rules))
    )
    if verbose:
        parts.append(("The strategy's fields", _memory(fill)))
    lines: list[str] = []
    for title, body in parts:
        lines += ["", title] if title else []
        for line in body:
            lines += _wrapped(line, INDENT if title else "")
    return lines


def summary(fill: Explanation) -> str:
    """Return why a fill happened in one sentence."""
    return f"{fill.security} fill {fill.number:,}: {_did(fill)} {_because(fill)}"


def day_of(time: int) -> str:
    """Return the date of ns since 1970-01-01."""
    return moment_of(time).date().isoformat()


def clock_of(time: int) -> str:
    """Return the time of day of ns since 1970-01-01, with milliseconds where there are any."""
    return moment_of(time).time().isoformat(timespec="auto" if time % SECOND == 0 else "milliseconds")


def hour_of(time_of_day: int) -> str:
    """Return ns since midnight as HH:MM."""
    hours, minutes = divmod(time_of_day // MINUTE, 60)
    return f"{hours:02}:{minutes:02}"


def price(value: float) -> str:
    """Return a price, AED, to six decimals at most."""
    return repr(round(value, PRICE_DIGITS))


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


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line, WIDTH, initial_indent=indent, subsequent_indent=indent + INDENT, break_on_hyphens=False
    ) or [""]


def _heading(fill: Explanation) -> Iterator[str]:
    yield f"{fill.security}, fill {fill.number:,} of {fill.fills:,}: {_did(fill)}, {_when(fill.tick)}"
    yield f"{fill.run} ({fill.strategy}, {fill.execution} execution)"


def _event(fill: Explanation) -> Iterator[str]:
    yield f"{_tick(fill.tick)}"
    if fill.before is not None:
        skipped = ", a placeholder that nothing sees" if fill.before.price == 0.0 and fill.how != "trade" else ""
        yield f"before it: {_tick(fill.before)}{skipped}"
    yield f"the book: {_touch('bid', fill.bid)}, {_touch('ask', fill.ask)}"
    for other in fill.others:
        verb = "bought" if other.side == "buy" else "sold"
        yield f"on the same tick: fill {other.number:,}, {verb} {other.quantity:,} at {price(other.price)}"


def _order(fill: Explanation, order: Order, *, verbose: bool) -> Iterator[str]:
    yield f"our {order.side} at {price(order.price)}, placed {_on(order.placed, fill)}"
    if order.asked is not None:
        down = "down" if order.side == "bid" else "up"
        yield f"asked for at {price(order.asked)}, rounded {down} to the grid of ticks"
    yield from _on_way("decided", order, fill)
    if order.again:
        times = "once" if order.again == 1 else f"{order.again:,} times"
        yield f"placed anew at its price {times} since, last {_on(order.taken, fill)}"
    elif order.taken != order.placed:
        yield f"its place in the queue was noted {_on(order.taken, fill)}, while the side was out of the market"
    shown = f"of {order.shown:,} shown" if order.shown else "nothing shown"
    behind = f"behind {order.ahead:,} {shown}" if order.ahead else f"first in its queue, {shown}"
    yield f"{order.size:,} shares, {behind}"
    yield from _since(fill, order, verbose=verbose)
    if order.line is not None:
        yield from _line(order.line)


def _since(fill: Explanation, order: Order, *, verbose: bool) -> Iterator[str]:
    if order.resizes:
        last = order.resizes[-1]
        times = "once" if len(order.resizes) == 1 else f"{len(order.resizes):,} times"
        yield f"resized {times}, last {_on(last.tick, fill)}: {last.before:,} to {last.after:,}"
    count = len(order.prints)
    if not count:
        yield "no print reached it before" + (" this one" if fill.how == "print" else "")
    else:
        yield (
            f"{counted(count, 'print')} reached it before: {order.passed:,} of the queue ahead went, "
            f"{order.filled:,} of ours"
        )
    if verbose:
        yield from _listed([_passed(passed) for passed in order.prints], PRINTS_SHOWN)
    if order.touches:
        yield f"it met the {order.opposite} before: {sum(touch.filled for touch in order.touches):,} of ours went"
        yield from _listed([_passed(passed) for passed in order.touches], PRINTS_SHOWN if verbose else QUOTES_SHOWN)
    if order.shrinks:
        cancelled, capped = (sum(getattr(quote, of) for quote in order.shrinks) for of in ("cancelled", "capped"))
        yield (
            f"{counted(len(order.shrinks), 'quote')} shortened the queue ahead: by {cancelled:,} cancelled, by "
            f"{capped:,} beyond what was shown"
        )
        yield from _listed([_shrink(quote) for quote in order.shrinks], PRINTS_SHOWN if verbose else QUOTES_SHOWN)
    if verbose:
        resizes = [f"resized {_on(one.tick, fill)}: {one.before:,} to {one.after:,}" for one in order.resizes]
        yield from _listed(resizes, PRINTS_SHOWN)


def _listed(lines: Sequence[str], most: int) -> Iterator[str]:
    """Yield the last lines of a list, and how many there are before."""
    if len(lines) > most:
        yield f"- {len(lines) - most:,} before, which --json has"
    yield from (f"- {line}" for line in lines[-most:])


def _passed(passed: Passed) -> str:
    return f"{_tick(passed.tick)}: {passed.ahead:,} of the queue, {passed.filled:,} of ours"


def _shrink(quote: Shrink) -> str:
    sums = []
    if quote.gone:
        printed = f" - {quote.printed:,} printed" if quote.printed else ""
        sums.append(f"{quote.shown_before:,} shown - {quote.shown:,}{printed} = {quote.gone:,} gone")
        sums.append(f"{quote.share:.2%} of them ahead of us: {quote.cancelled:,}".replace("%", " %"))
    if quote.capped:
        sums.append(f"no more than {quote.shown:,} can be ahead" if quote.shown else "nobody stands there any more")
    return f"{_tick(quote.tick)}: {', '.join(sums)}; {quote.ahead:,} ahead to {quote.left:,}"


def _on_way(decided: str, order: Order | Taking, fill: Explanation) -> Iterator[str]:
    if order.sent is not None and order.due is not None:
        yield f"{decided} {_on(order.sent, fill)}, on its way until then: due from {clock_of(order.due)} on"


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
        yield f"{touch}, is at or through {limit}, and the book is not crossed"
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
        yield f"taken {_on(take.tick, fill)}, booked on this one"
    if take.earlier:
        yield f"booked with {take.earlier:,} taken just before: {fill.quantity:,}"


def _available(take: Taking) -> str:
    had = f" - {take.had:,} that we have had" if take.had else ""
    return f"{take.shown:,} shown{had} = {take.available:,}"


def _of_print(fill: Explanation, match: Match) -> Iterator[str]:
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
            yield f"{position} was found open {_on(fill.flatten.found, fill)}: a {fill.flatten.found.type}, no print"
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
        yield from _on_way("asked for", took, fill)
        yield from _booked_with(fill, took)
        if took.aside_since is not None:
            yield f"our quotes stand aside since {_on(took.aside_since, fill, preposition='')}"
        if took.line is not None:
            yield from _line(took.line)
    if fill.trade is not None:
        yield f"a trade of the strategy's own: {fill.trade.type}, measured against {price(fill.trade.reference)}"
        if fill.trade.line is not None:
            yield from _line(fill.trade.line)
    yield from fill.reasons


def _account(fill: Explanation) -> Iterator[str]:
    account = fill.account
    if account.closed and fill.how != "trade":
        first, second = fill.price, account.entry_before
        if fill.side == "buy":
            first, second = second, first
        yield (
            f"{account.closed:,} closed: ({price(first)} - {price(second)}) x {account.closed:,} = "
            f"{money(account.realized)} AED realised"
        )
    if account.opened and fill.how != "trade":
        side = "long" if fill.side == "buy" else "short"
        yield f"{account.opened:,} opened {side}; average entry then {price(account.entry)}"
    yield (
        f"position {account.position_before:,} to {account.position:,}, P&L {money(account.pnl_before)} to "
        f"{money(account.pnl)} AED"
    )
    if account.fee:
        yield f"fee {money(account.fee)} AED, not in this P&L"


def _memory(fill: Explanation) -> Iterator[str]:
    for name, value in fill.memory.items():
        yield f"{name} = {value!r}"


def _tick(tick: Tick) -> str:
    return f"tick {tick.index:,}, {clock_of(tick.time)}: {tick.type} {price(tick.price)} x {tick.size:,}"


def _touch(name: str, touch: Touch | None) -> str:
    if touch is None:
        return f"no {name}"
    return f"{name} {price(touch.price)}" + ("" if touch.size is None else f" x {touch.size:,}")


def _on(tick: Tick, fill: Explanation, preposition: str = "on ") -> str:
    """Return a tick's number and time, with its date where that is not the fill's."""
    if tick == fill.tick:
        return f"{preposition}this very tick"
    day = "" if day_of(tick.time) == day_of(fill.tick.time) else f"{day_of(tick.time)} "
    return f"{preposition}tick {tick.index:,} ({day}{clock_of(tick.time)})"


def _when(tick: Tick) -> str:
    return f"{day_of(tick.time)} {clock_of(tick.time)}"


def _line(line: Line) -> Iterator[str]:
    yield f"{line.file}, line {line.line}:"
    yield f"{INDENT}{line.text}"
