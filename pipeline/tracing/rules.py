"""Finds the rules that decided a fill, each with its section in docs/reference/rules.md or its execution switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.engine.rules.queue import FRONT
from pipeline.times import DAY, date_of
from pipeline.tracing.explanation import Rule
from pipeline.tracing.order_rendering import hour_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.engine.execution import Execution
    from pipeline.markets.market import MarketFacts
    from pipeline.tracing.explanation import Explanation, Match, Order

RULES: Final = {
    "reaches_ask": Rule("§5.1", "A print at or above our ask reaches it."),
    "reaches_bid": Rule("§5.1", "A print at or below our bid reaches it."),
    "both_sides": Rule(
        "§5.1",
        "Both our quotes are read before either is matched; then the ask side is matched, then the bid side.",
    ),
    "priority": Rule(
        "levels",
        "Of our orders of a side the one with the best price comes first, at one price the one that entered its queue "
        "first. What the queue and our orders of one price have used of a print is gone for the next price.",
    ),
    "same_shares": Rule(
        "levels",
        "What stands before one of our orders stands before those of ours behind it at its price as well, and passes "
        "once.",
    ),
    "touch_priority": Rule(
        "levels",
        "The opposite touch fills our orders from the best price on, at one price that which entered its queue first. "
        "What one of them had of it is gone for the next.",
    ),
    "each": Rule("§5.1", "Each side may use the whole print, even if the other side has just used it."),
    "once": Rule(
        "shared_print_volume=once",
        "What the ask side used of a print, its queue ahead and our fill, is gone for the bid side.",
    ),
    "queue": Rule(
        "§5.1",
        "A print first consumes what stands ahead of us; what is left of it fills us. Nothing but prints that reach us "
        "shortens the queue ahead: no cancellation, no change of the displayed quantity.",
    ),
    "queue_ahead": Rule("§5.1", "A print first consumes what stands ahead of us; what is left of it fills us."),
    "capped": Rule(
        "queue={queue}",
        "A quote at our price shows how many shares stand there: no more than those are ahead of us. One at a worse "
        "price, or of an empty side, shows that nobody is.",
    ),
    "front": Rule(
        "queue=front",
        "Shares that left our price without being printed there were cancelled ahead of us.",
    ),
    "power": Rule(
        "queue=power{power}",
        "Shares that left our price without being printed there were cancelled ahead of us and behind, divided by the "
        "shares ahead and behind to the power of {power}.",
    ),
    "through": Rule("§5.1", "A print through our price consumes only its own volume from the queue ahead of us."),
    "clears": Rule(
        "trade_through=clears",
        "A print strictly through our price clears the queue ahead of us before it is matched.",
    ),
    "print_price": Rule("§5.1", "The fill takes the price of the print, not that of our quote."),
    "order_price": Rule("fill_price=order", "The fill takes our own limit price, not that of the print."),
    "act_first": Rule(
        "§4, steps 8 and 9",
        "The strategy acts on a print before the print is matched, so an order placed on it can be filled by it.",
    ),
    "match_first": Rule("same_event_fill=no", "A print is matched before the strategy acts on it."),
    "overnight": Rule(
        "§4, step 1",
        "A new day empties the book and nothing else: orders, queue positions and timers survive the night.",
    ),
    "latency": Rule(
        "latency_ms={latency}",
        "Every message arrives at the first event of the session at or after decision plus latency, and meets the book "
        "as it stands before that event.",
    ),
    "grid": Rule(
        "order_price=grid", "A bid is rounded down and an ask up to the market's tick; within 1e-9 it stands on it."
    ),
    "crossing": Rule(
        "touch=fills",
        "A quote after which the opposite touch stands at our order or through it, in a book neither locked nor "
        "crossed, fills us at our price, at most what can be had of that touch. Nobody is ahead of us then. The "
        "ask is filled before the bid.",
    ),
    "marketable": Rule(
        "marketable=take",
        "An order placed at or through the opposite touch takes what can be had there, at the touch's price; the rest "
        "stands with nobody ahead. It is booked when the strategy's turn at that event is over.",
    ),
    "shown_again": Rule("shown_size=again", "A displayed quote can be had at every event anew."),
    "shown_once": Rule(
        "shown_size=once",
        "What we have had of a displayed quote is gone until its side shows another price or was empty; a new size at "
        "the same price brings nothing back.",
    ),
    "flatten": Rule(
        "§4, step 4",
        "The first event at or after {auction} is a print and finds an open position: it closes all of it, at its "
        "price, whatever its volume.",
    ),
    "pending": Rule(
        "§4, steps 4 and 5",
        "The first event at or after {auction} finds an open position and is no print: everything waits for the next "
        "print, which closes all of it, at its price, whatever its volume.",
    ),
    "touch": Rule(
        "flatten=touch",
        "At any event from {close} on with both sides of the book there, an open position is closed as a whole against "
        "the opposite touch.",
    ),
    "taken": Rule(
        "buy_at_ask, sell_at_bid",
        "A strategy may take from the opposite touch, at most what can be had there, at its price.",
    ),
    "account": Rule(
        "§5.2",
        "A fill first closes what stands against it, at the average entry price; what is left of it opens a position, "
        "or adds to it at the average of both prices.",
    ),
}


def rules_of(fill: Explanation, execution: Execution, market: MarketFacts) -> tuple[Rule, ...]:
    """Return the rules that decided a fill, in the order in which they did."""
    hours = market.hours_on(date_of(fill.tick.time // DAY))
    values = {
        "auction": hour_of(market.own_time(hours.prints_from)),
        "close": hour_of(market.own_time(hours.closes)),
        "latency": f"{float(str(execution.settings['latency_ms'])):g}",
        "queue": execution.settings["queue"],
        "power": str(execution.settings["queue"]).removeprefix("power"),
    }
    rules = [RULES[name] for name in _names(fill, execution)]
    return tuple(Rule(rule.section.format(**values), rule.text.format(**values)) for rule in rules)


def _names(fill: Explanation, execution: Execution) -> Iterator[str]:
    if fill.order is not None:
        yield from _of_order(fill, fill.order, execution)
    elif fill.flatten is not None and fill.how == "touch":
        yield "touch"
    elif fill.flatten is not None:
        yield "pending" if fill.flatten.waited else "flatten"
    elif fill.taking is not None:
        if fill.taking.sent is not None:
            yield "latency"
        yield "taken"
    if fill.taking is not None:
        yield "shown_once" if execution.fields()["shown_once"] else "shown_again"
    if fill.how != "trade":
        yield "account"


def _of_order(fill: Explanation, order: Order, execution: Execution) -> Iterator[str]:
    switches = execution.fields()
    if order.placed.time // DAY != fill.tick.time // DAY:
        yield "overnight"
    if order.sent is not None:
        yield "latency"
    if order.asked is not None:
        yield "grid"
    if fill.match is not None:
        yield from _of_print(fill, order, fill.match, switches)
    else:
        yield from _of_queue(order, switches)
        yield fill.how
        if fill.prior:
            yield "touch_priority"


def _of_print(fill: Explanation, order: Order, match: Match, switches: Mapping[str, int]) -> Iterator[str]:
    if switches["match_first"]:
        yield "match_first"
    elif fill.tick in (order.placed, order.taken):
        yield "act_first"
    yield f"reaches_{order.side}"
    if fill.prior:
        yield "priority"
    if match.older:
        yield "same_shares"
    if any(other.how == "print" and other.side != fill.side for other in fill.others):
        yield "both_sides"
        yield "once" if switches["print_used_once"] else "each"
    elif match.used:
        yield "once"
    if match.cleared or (match.through and switches["through_clears"]):
        yield "clears"
    yield "queue_ahead" if switches["queue_model"] else "queue"
    yield from _of_queue(order, switches)
    if match.through and not switches["through_clears"]:
        yield "through"
    yield "order_price" if match.at_limit else "print_price"


def _of_queue(order: Order, switches: Mapping[str, int]) -> Iterator[str]:
    if any(quote.cancelled for quote in order.shrinks):
        yield "front" if switches["queue_model"] == FRONT else "power"
    if any(quote.capped for quote in order.shrinks):
        yield "capped"
