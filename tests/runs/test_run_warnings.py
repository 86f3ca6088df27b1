"""What a run warns of: each sentence for its own fault, the gravest first, and none for a run that has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.inspection.counting import count
from pipeline.inspection.counts import as_text
from pipeline.markets.facts import facts_of
from pipeline.replay.plan import Plan
from pipeline.replay.prints import MARKETABLE, OFF_GRID, THROUGH
from pipeline.replay.task import Alternative, Task
from pipeline.runs.run_warnings import warnings_of
from pipeline.runs.security import SecurityResult
from pipeline.store.catalog import Entry, Security
from tests.made import usual_days
from tests.metrics.booked import Fill, booked, days, ledger_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLASSIC: Final = make_execution("classic", {}, "")
ROUND: Final = (Fill("1 10:00:10", 100, 10.0), Fill("1 11:00:00", -100, 10.5, 50.0))
OPEN: Final = (Fill("1 10:00:10", -2_500, 10.0),)
QUARTER: Final = tuple(range(1, 61))
USUAL: Final = count(usual_days(), facts_of("ADX"))


def plan_of(rejects: Mapping[str, int] | None = None, **changes: Any) -> Plan:
    """Return a plan of one security whose conversion rejected some of 1,000 rows, or is not known."""
    entry = None
    inspection = as_text(USUAL, facts_of("ADX"))
    if rejects is not None:
        ticks = 1_000 - sum(rejects.values())
        entry = Entry("FAB", "ADX", "FAB.parquet", 1_000, ticks, 0, dict(rejects), "", {}, (), inspection)
    security = Security("FAB", "ADX", Path("FAB.parquet"), 1_000, "", "", 1, entry, inspection)
    fields: dict[str, Any] = {
        "strategy": "v1_baseline",
        "config": Path("v1.json"),
        "execution": CLASSIC,
        "engine": "compiled",
        "why_plain": None,
        "switches_apply": True,
        "backend": "sequential",
        "workers": 1,
        "address": None,
        "tasks": (),
        "securities": (security,),
    }
    return Plan(**(fields | changes))


def result(
    fills: Sequence[Fill] = ROUND,
    market_days: Sequence[int] = QUARTER,
    ticker: str = "FAB",
    not_flat: Sequence[int] = (),
    ignored: int = 0,
    **more: Any,
) -> SecurityResult:
    task = Task(ticker, "ADX", Path(f"{ticker}.parquet"), "", "v1_baseline", {}, CLASSIC, "compiled")
    account = booked(fills, market_days)
    replayed = replace(account.replayed, days_not_flat=days(*not_flat), ignored=ignored)
    return SecurityResult(task, ledger_of(replace(account, replayed=replayed)), **more)


def traded(*, off_grid: int = 0, marketable: int = 0, through: int = 0, beyond_shown: int = 0) -> list[Fill]:
    """Return 200 fills of 10 shares and a P&L of 200, so many of which have a trait; those through gain 3 each."""
    fills = []
    for number in range(200):
        traits = OFF_GRID * (number < off_grid) | MARKETABLE * (number < marketable) | THROUGH * (number < through)
        gain = 1.0 if not through else 3.0 if number < through else (200.0 - 3 * through) / (200 - through)
        beyond = beyond_shown if number == 0 else 0
        fills.append(Fill("1 10:00:10", 10 - 20 * (number % 2), 10.0, gain, traits=traits, beyond_shown=beyond))
    return fills


def failed(ticker: str) -> SecurityResult:
    return replace(result(ticker=ticker), ledger=None, error="It broke.")


def checked(classic: float, strict: float, fees: float = 0.0) -> dict[str, Alternative]:
    return {"classic": Alternative(classic, fees, 2), "strict": Alternative(strict, fees, 2)}


CASES: Final[dict[str, tuple[Plan, list[SecurityResult], list[str]]]] = {
    "nothing is wrong": (plan_of({}), [result()], []),
    "a conversion that is not known": (plan_of(None), [result()], []),
    "one failed": (plan_of(), [result(), failed("MODON")], ["MODON failed: every total is without it."]),
    "two failed": (
        plan_of(),
        [failed("AAA"), failed("BBB"), result()],
        ["AAA, BBB failed: every total is without them."],
    ),
    "ticks older than their workbook": (plan_of(stale="Convert again."), [result()], ["Convert again."]),
    "a strategy that cannot be compiled": (
        plan_of(why_plain="line 3."),
        [result()],
        ["It runs as plain Python, since it cannot be compiled: line 3."],
    ),
    "profit by assumption": (
        plan_of(),
        [result(alternatives=checked(2_000.0, -100.0)), result(ticker="MODON", alternatives=checked(34.5, -400.25))],
        [
            (
                "The profit depends on how orders are assumed to fill: 2,034.50 AED under the classic rules, "
                "-500.25 AED as an exchange would fill them."
            )
        ],
    ),
    "profit under both": (plan_of(), [result(alternatives=checked(2_000.0, 1.0))], []),
    "fees are counted": (plan_of(), [result(alternatives=checked(2_000.0, -1.0, fees=3_000.0))], []),
    "few fills that no exchange would have let happen": (
        plan_of(),
        [result(traded(off_grid=2, marketable=2, through=66, beyond_shown=20))],
        [],
    ),
    "prices off the grid": (
        plan_of(),
        [result(traded(off_grid=3)), result(ticker="MODON")],
        [
            (
                "Fills of orders at prices off the market's tick grid, which no exchange takes (% of fills): FAB 1.5. "
                "--set execution.order_price=grid keeps orders on it."
            )
        ],
    ),
    "orders that were marketable": (
        plan_of(),
        [result(traded(marketable=3)), result(traded(marketable=200), ticker="MODON")],
        [
            (
                "Fills of orders that were placed at or through the opposite touch but were queued anyway "
                "(% of fills): FAB 1.5, MODON 100.0. --set execution.marketable=take lets them trade at once."
            )
        ],
    ),
    "marketable orders that traded at once": (
        plan_of(execution=make_execution("classic", {"marketable": "take"}, "")),
        [result(traded(marketable=200))],
        [],
    ),
    "a quote that was had twice": (
        plan_of(),
        [result(traded(beyond_shown=21))],
        [
            (
                "Shares had of one unchanged quote beyond the most that it showed (% of shares): FAB 1.1. "
                "--set execution.shown_size=once lets each be had once."
            )
        ],
    ),
    "prints through our price": (
        plan_of(),
        [result(traded(through=100))],
        [
            (
                "50.0 % of fills come from prints through our price and gain 300.00 AED, more than the whole P&L of "
                "200.00. --set execution.fill_price=order books fills at our own price."
            )
        ],
    ),
    "prints through our price, booked at our own": (
        plan_of(execution=make_execution("classic", {"fill_price": "order"}, "")),
        [result(traded(through=100))],
        [],
    ),
    "prints left out for their condition": (
        plan_of(execution=make_execution("classic", {"ignore_conditions": "XT,OB"}, "")),
        [result(ignored=12), result(ticker="MODON")],
        [
            (
                "Prints left out for the condition codes OB, XT, which neither fill nor reach the strategy: FAB 12. "
                "Market days count them."
            ),
            "No print has the condition codes OB, XT, so none is left out: MODON.",
        ],
    ),
    "an open end": (
        plan_of(),
        [result(OPEN, not_flat=(1, 2)), result(ticker="MODON")],
        [
            "The run ends with open positions, which realised P&L leaves out (shares): FAB -2,500.",
            "Some days ended with a position: FAB 2.",
        ],
    ),
    "rows that are no ticks": (
        plan_of({"unknown type": 2, "no time": 10}),
        [result()],
        [
            (
                "FAB: rejected rows: 12 of 1,000 (10 no time, 2 unknown type). "
                "FAB.rejects.parquet has them with their row numbers."
            )
        ],
    ),
    "no fill": (plan_of(), [result(()), result(ticker="MODON")], ["No fill at all: FAB."]),
    "no print": (
        plan_of(),
        [result((), ()), result(ticker="MODON")],
        ["No print at all, so no market day: FAB.", "No fill at all: FAB."],
    ),
    "few days": (
        plan_of(),
        [result(market_days=(1,)), result(market_days=QUARTER[:59], ticker="MODON")],
        ["The ticks cover 59 market days: annualised ratios say little with fewer than 60."],
    ),
    "one day": (
        plan_of(),
        [result(market_days=(1,))],
        ["The ticks cover 1 market day: annualised ratios say little with fewer than 60."],
    ),
    "everything failed": (plan_of(), [failed("FAB")], ["FAB failed: every total is without it."]),
    "all at once, the gravest first": (
        plan_of({"no time": 1}, stale="Convert again."),
        [result(OPEN, (1, 2)), failed("MODON"), result((), (1,), "SALIK")],
        [
            "MODON failed: every total is without it.",
            "Convert again.",
            "The run ends with open positions, which realised P&L leaves out (shares): FAB -2,500.",
            "FAB: rejected rows: 1 of 1,000 (1 no time). FAB.rejects.parquet has them with their row numbers.",
            "No fill at all: SALIK.",
            "The ticks cover 2 market days: annualised ratios say little with fewer than 60.",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_warns_of_what_its_reader_should_know_and_of_nothing_else(case: str) -> None:
    plan, results, expected = CASES[case]
    assert warnings_of(plan, results) == expected
