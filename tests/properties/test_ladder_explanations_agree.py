"""Every fill and moment of random ladders is explained with what the slow reference has of each order."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.errors import UnknownMoment
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import simulate
from pipeline.runs.recorded_setting import Setting
from pipeline.ticks import TRADE
from pipeline.tracing import moment_rendering, rendering
from pipeline.tracing.explain import explain_fill
from pipeline.tracing.explain_moment import explain_moment
from tests.engine.replays import strategy_of
from tests.properties.agreement import exact, rows_of_fills
from tests.properties.ladder_cases import SCATTERED, case_of, model_of
from tests.properties.streams import columns
from tests.reference.orders import Event
from tests.reference.records import ASK, BID, Switches
from tests.tracing.noted_ladder import NotedLadder
from tests.tracing.ticks_at_hand import TicksAtHand

if TYPE_CHECKING:
    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.ticks import Ticks
    from pipeline.tracing.explanation import Explanation
    from pipeline.tracing.moment import Moment, Standing
    from tests.properties.streams import Case
    from tests.tracing.noted_ladder import Noted

LEVELS: Final = 5
SLOTS: Final = 32
SIDES: Final = {"buy": BID, "sell": ASK}
VERBS: Final = {"place": "m.place(", "replace": "m.replace("}


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> type[Strategy]:
    return strategy_of(tmp_path_factory.mktemp("ladder"), SCATTERED.format(levels=LEVELS), "ladder.py")


def noted(case: Case, seed: int, execution: Execution, ticks: int | None = None) -> NotedLadder:
    known = {key: value for key, value in execution.settings.items() if key != "fees_bps"}
    found = NotedLadder({"seed": seed, "levels": LEVELS}, Switches(**known), case.exchange)  # type: ignore[arg-type]
    found.run(*(column[:ticks] for column in columns(case.ticks)))
    return found


def check_recorded(found: Explanation, row: tuple[Any, ...], placed: int) -> None:
    """The explanation is of the fill that the run recorded, to the last bit."""
    account, side = found.account, 1 if found.side == "buy" else -1
    told = found.tick.index, found.tick.time, side, found.price, found.quantity, account.realized
    assert tuple(map(exact, (*told, account.position, account.pnl))) == tuple(map(exact, row[:8]))
    assert (-1 if found.order is None else found.order.placed.index) == placed


def check_order(found: Explanation, noted: Noted, latency: int) -> None:
    """The order is the one that the reference filled, and has its history."""
    order, place = found.order, noted.place
    assert order is not None
    assert order.number is not None
    assert order.first is not None
    assert order.line is not None
    told = order.first.index, order.moves, order.placed.index, order.again, order.taken.index
    assert told == (place.first, place.moves, place.placed, place.again, place.taken)
    assert (order.number // SLOTS, order.price) == (noted.number, place.price)
    assert (order.ahead, order.size) == (place.ahead, place.size)
    assert any(verb in order.line.text for verb in VERBS.values())
    if latency:
        assert order.sent is not None
        assert order.taken.time - order.sent.time >= latency


def check_print(found: Explanation, noted: Noted, execution: Execution) -> None:
    """The print was shared out as the reference did, and the order's history leads to what it found."""
    match, order, on = found.match, found.order, execution.settings
    assert match is not None
    assert order is not None
    assert match.print_size - match.used == noted.volume
    assert match.left == noted.volume - match.better - match.older - match.passed
    assert match.filled == found.quantity == min(match.remaining, match.left)
    assert found.price == (order.price if on["fill_price"] == "order" else found.tick.price)
    assert order.still_ahead == match.ahead
    if noted.calm:
        assert (match.ahead, match.remaining) == noted.found
        through = on["trade_through"] == "clears" and match.through
        assert (match.cleared, match.passed) == ((match.ahead, 0) if through else (0, match.ahead))
        assert match.older == sum(one.filled for one in found.prior if one.price == order.price)
        assert match.better >= sum(one.filled for one in found.prior if one.price != order.price)


@pytest.mark.parametrize("count", [25, pytest.param(100, marks=pytest.mark.slow)])
def test_fills_are_explained_with_what_the_reference_has_of_the_order(ladder: type[Strategy], count: int) -> None:
    reached: Counter[str] = Counter()
    for seed in range(count):
        case, execution, values = case_of(seed), model_of(seed), {"seed": seed}
        setting = Setting(ladder, values, facts_of(case.exchange), execution)
        run = simulate(case.ticks, ladder, values, setting.market, execution, "python")
        notes, rows = noted(case, seed, execution).notes, list(rows_of_fills(run))
        assert run.fills.placed is not None
        for at in np.random.default_rng(seed).permutation(len(rows))[:3].tolist():
            found, _ = explain_fill(TicksAtHand(case.ticks), setting, at + 1)
            assert found is not None
            try:
                check_recorded(found, rows[at], int(run.fills.placed[at]))
                assert (found.order is not None) == (at + 1 in notes)
                if found.order is not None:
                    check_order(found, notes[at + 1], execution.fields()["latency"])
                    prior = [(one.number // SLOTS, one.price, one.remaining, one.filled) for one in found.prior]
                    assert prior == notes[at + 1].prior or not notes[at + 1].calm
                if found.how == "print":
                    check_print(found, notes[at + 1], execution)
                if found.taking is not None:
                    assert found.taking.taken + found.taking.earlier == found.quantity
                assert max(map(len, rendering.lines_of(found, verbose=True))) <= 80
            except AssertionError as error:
                error.add_note(f"seed {seed}, fill {at + 1}: {execution.name}")
                raise
            reached.update([found.how, *(rule.section for rule in found.rules)])
            reached.update(what for what in ("prior", "match") if getattr(found, what))
            reached["moved"] += bool(found.order and found.order.moves)
            reached["better"] += bool(found.match and found.match.better)
            reached["older"] += bool(found.match and found.match.older)
    wanted = ["print", "crossing", "marketable", "taken", "prior", "moved", "better", "older", "levels"]
    assert [what for what in wanted if reached[what] < 3 * count // 100 + 1] == []


def test_orders_are_counted_and_told_apart_as_by_the_reference(ladder: type[Strategy]) -> None:
    again = 0
    for seed in range(100):
        case, execution = case_of(seed), model_of(seed)
        run = simulate(case.ticks, ladder, {"seed": seed}, facts_of(case.exchange), execution, "python")
        reference = noted(case, seed, execution)
        assert run.orders == reference.counted
        assert run.fills.order is not None
        seen: dict[tuple[int, int] | None, int] = {None: 0}
        for number, order in enumerate(run.fills.order.tolist(), 1):
            counted = reference.notes[number].counted if number in reference.notes else None
            assert (order > 0) == (counted not in seen)
            again += order < 0
            assert abs(order) == seen.setdefault(counted, order)
        assert len({*seen.values()}) == len(seen)
    assert again > 50


def told(moment: Moment) -> list[tuple[int, float, int, int]]:
    numbers = [order.order.number or 0 for order in moment.orders]
    return [
        (number // SLOTS, order.order.price, order.remaining, order.ahead)
        for number, order in zip(numbers, moment.orders, strict=True)
    ]


def check_wanted(order: Standing, moment: Moment, reference: NotedLadder) -> None:
    """What would have filled an order fills it, and nothing less does."""
    assert order.order.number is not None
    wanted, number = order.wanted, order.order.number // SLOTS
    prints = {wanted.first - 1: 0, wanted.first: 1, wanted.whole: order.remaining}
    for volume, filled in prints.items():
        assert fills_of(reference, moment, number, wanted.price, volume) == filled
    if wanted.through:
        through = wanted.price + (-0.01 if moment.side == "bid" else 0.01)
        assert fills_of(reference, moment, number, through, wanted.prior + 1) == 1


def fills_of(reference: NotedLadder, moment: Moment, number: int, price: float, volume: int) -> int:
    after: Any = deepcopy(reference)
    after.hear = lambda *_: None
    which = SIDES["buy" if moment.side == "bid" else "sell"]
    for other in after.known:
        other.remaining = other.remaining if other.which == which else 0
    before = after.known[number - 1].remaining
    after.match(Event(moment.tick.index + 1, moment.tick.time, TRADE, price, volume))
    return int(before - after.known[number - 1].remaining)


@pytest.mark.parametrize("count", [25, pytest.param(100, marks=pytest.mark.slow)])
def test_moments_have_every_order_as_the_reference_has_it(ladder: type[Strategy], count: int) -> None:
    several = on_way = 0
    for seed in range(count):
        case, execution = case_of(seed), model_of(seed)
        setting = Setting(ladder, {"seed": seed}, facts_of(case.exchange), execution)
        random = np.random.default_rng(seed)
        for at in random.integers(0, len(case.ticks), 2).tolist():
            side = ("buy", "sell")[int(random.integers(2))]
            try:
                found, _ = explain_moment(TicksAtHand(case.ticks), setting, int(case.ticks.timestamp[at]), side)
            except UnknownMoment:
                continue
            reference = noted(case, seed, execution, found.tick.index + 1)
            try:
                check_moment(found, reference, SIDES[side], case.ticks)
            except AssertionError as error:
                error.add_note(f"seed {seed}, {side} at tick {at}: {execution.name}")
                raise
            several += len(found.orders) > 1
            on_way += len(found.messages)
    assert several > count // 2
    assert on_way > count // 25


KEPT: Final = ((826, 101, "sell"), (1297, 98, "buy"), (1587, 86, "sell"), (1850, 37, "sell"))
"""Cases by their number, and a quote after which more stands before an order than its own queue model leaves there."""


def test_what_stands_before_an_older_order_of_ours_is_told_of_the_younger(ladder: type[Strategy]) -> None:
    kept = 0
    for seed, at, side in KEPT:
        case, execution = case_of(seed), model_of(seed)
        setting = Setting(ladder, {"seed": seed}, facts_of(case.exchange), execution)
        found, _ = explain_moment(TicksAtHand(case.ticks), setting, int(case.ticks.timestamp[at]), side)
        check_moment(found, noted(case, seed, execution, found.tick.index + 1), SIDES[side], case.ticks)
        kept += sum(quote.kept > 0 for order in found.orders for quote in order.order.shrinks)
    assert kept > 0


def check_moment(found: Moment, reference: NotedLadder, which: int, ticks: Ticks) -> None:
    standing = [(one.number, one.price, one.remaining, one.ahead) for one in reference.ranked(which)]
    assert told(found) == standing
    mail = [(one.verb, one.number, one.arrival) for one in reference.mail if one.which == which and one.number]
    assert [(one.kind, (one.number or 0) // SLOTS, one.due) for one in found.messages] == mail
    assert found.tick.price == ticks.price[found.tick.index]
    assert max(map(len, moment_rendering.lines_of(found, verbose=True))) <= 80
    for order in found.orders:
        assert order.order.still_ahead == order.ahead
        if reference.switches.queue in ("prints", "capped"):
            check_wanted(order, found, reference)
