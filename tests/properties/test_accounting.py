"""What holds in every replay whatever the switches: the cash adds up, no print is overdrawn, no fill outside hours."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.engine.execution import SWITCHES, make_execution
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.side import Side
from tests.engine.replays import DAY, SECOND
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import MAKERS, Case, cases
from tests.properties.watched import WatchedMarket, WatchedSide, watch

if TYPE_CHECKING:
    from pipeline.replay.simulate import Replayed

FEES: Final = {"fees_bps": {"ADX": 1.5, "DFM": 2.25}}
MODELS: Final = {
    "classic": make_execution("classic", FEES, "here"),
    "strict": make_execution("strict", FEES, "here"),
    **{key: make_execution("classic", FEES | {key: switch.alone}, "here") for key, switch in SWITCHES.items()},
}
OPEN, TEN_PAST, CLOSE, AUCTION = (seconds * SECOND for seconds in (36_000, 36_300, 53_100, 53_700))


@pytest.mark.parametrize("count", [30, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", MODELS)
def test_the_account_adds_up_and_no_fill_is_out_of_place(model: str, count: int) -> None:
    def holds(case: Case) -> None:
        found = case.run()
        check_account(found, case.execution.fees_bps(case.exchange))
        check_hours(case, found)
        check_limit(case, found)

    for_seeded_cases(MAKERS, count, holds, MODELS[model])


@settings(max_examples=settings().max_examples // 2)
@given(cases(), st.sampled_from([None, *MODELS]))
def test_the_account_adds_up_under_any_switches_and_no_fill_exceeds_its_print(drawn: Case, model: str | None) -> None:
    assume(drawn.name in MAKERS)
    case = drawn if model is None else replace(drawn, execution=MODELS[model])
    found = case.run()
    check_account(found, case.execution.fees_bps(case.exchange))
    check_hours(case, found)
    check_limit(case, found)
    assert watch(case).fills.quantity.tolist() == found.fills.quantity.tolist()


@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_a_print_is_not_overdrawn_and_an_order_joins_late_enough(count: int) -> None:
    def holds(case: Case) -> None:
        assert watch(case).fills.quantity.tolist() == case.run().fills.quantity.tolist()

    for_seeded_cases(MAKERS, count, holds)


@pytest.mark.parametrize(("watched", "rules"), [(WatchedSide, Side), (WatchedMarket, Market)])
def test_what_is_watched_is_a_step_of_the_rules(watched: type, rules: type) -> None:
    steps = {name for name, step in vars(watched).items() if callable(step)}
    assert steps
    assert steps <= set(dir(rules))


def test_the_account_of_the_auction_adds_up() -> None:
    def holds(case: Case) -> None:
        found = case.run()
        if case.parameters["spread_vwap_pct"]:  # without a spread it buys and sells in one auction, at no P&L
            check_account(found, case.execution.fees_bps(case.exchange))
        print_at = case.ticks.kind[found.fills.event] == 2
        assert all(
            kind or found.trade_types[of] == "stop_loss" for kind, of in zip(print_at, types(found), strict=True)
        )

    for_seeded_cases(["closing_auction"], 1_000, holds)


def check_account(found: Replayed, fees_bps: float) -> None:
    """Cash + position x mark = realised + unrealised - fees; position and P&L are the running sums of the fills."""
    fills = found.fills
    signed = fills.side.astype(np.int64) * fills.quantity
    assert fills.quantity.min(initial=1) > 0
    assert fills.position.tolist() == np.cumsum(signed).tolist()
    assert found.position == int(signed.sum())
    assert fills.pnl.tolist() == list(accumulate(fills.realized.tolist()))
    assert found.realized_pnl == (fills.pnl[-1] if len(fills) else 0.0)
    entry = found.final["s_entry"] if found.trade_types else found.final["m_entry_price"]
    value = fills.price * fills.quantity
    fees = float((value * fees_bps / 10_000).sum())
    cash = -float((signed * fills.price).sum()) - fees
    for mark in (0.0, 9.99, 10.5):
        unrealized = (mark - entry) * found.position
        rounding = 1e-9 * (1.0 + float(value.sum()) + abs(found.position) * mark)
        assert cash + found.position * mark == pytest.approx(found.realized_pnl + unrealized - fees, abs=rounding)
    assert found.realized_pnl - float(found.fill_fees.sum()) == pytest.approx(found.realized_pnl - fees, abs=rounding)


def check_hours(case: Case, found: Replayed) -> None:
    """Fills are of the continuous session and at prints; a flatten is after it, and leaves nothing."""
    on = case.execution.settings
    opens = TEN_PAST if on["open_delay"] == "10:05" else OPEN
    closes = CLOSE if on["flatten"] == "touch" else AUCTION
    fills = found.fills
    at_quotes = "stop" in case.name or on["touch"] == "fills" or on["marketable"] == "take"
    clocks = (fills.timestamp % DAY).tolist()
    for event, clock, position in zip(fills.event.tolist(), clocks, fills.position.tolist(), strict=True):
        # A flatten that waits for a print takes the next one, even if the clock has stepped back before the auction.
        waited = seen_auction(case, event) and position == 0
        assert opens <= clock < CLOSE or clock >= closes or waited
        assert clock < CLOSE or position == 0
        assert case.ticks.kind[event] == 2 or at_quotes or (closes == CLOSE and clock >= CLOSE)
        assert case.ticks.price[event] > 0


def seen_auction(case: Case, event: int) -> bool:
    """Tell whether an event of this day before this one was at or after the auction's time."""
    stamps = case.ticks.timestamp[:event]
    today = stamps // DAY == case.ticks.timestamp[event] // DAY
    return bool((stamps[today] % DAY >= AUCTION).any())


def check_limit(case: Case, found: Replayed) -> None:
    """Without latency and a limit in AED the position stays within the limit in shares.

    Until the first flatten: it does not change the orders that stand, which were sized for the position before it; nor
    does a stop.
    """
    if (
        not case.execution.settings["latency_ms"]
        and case.parameters["max_notional"] is None
        and "stop" not in case.name
    ):
        late = np.flatnonzero(found.fills.timestamp % DAY >= CLOSE)
        first_day = found.fills.position[: late[0] if len(late) else None]
        assert np.abs(first_day).max(initial=0) <= case.parameters["max_position"]


def types(found: Replayed) -> list[int]:
    assert found.fills.trade_type is not None
    return found.fills.trade_type.tolist()  # type: ignore[no-any-return]
