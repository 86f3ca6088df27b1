"""The assumption check as a page shows it: what it comes to, by security, and the way from classic to strict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.metrics.assumptions import BETWEEN, verdict_of, waterfall
from pipeline.metrics.daily import TOTAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.assumptions import Step, Verdict
    from pipeline.pages.run_reader import Contents


@dataclass(frozen=True, slots=True)
class Check:
    """The check of a run. totals: net P&L, money, by execution model, the steps of the way left out.

    by_security: the same of each security, in the order of `totals`. steps: from classic to strict; none where an older
    version made it.
    """

    verdict: Verdict
    totals: Mapping[str, float]
    by_security: Sequence[tuple[str, list[float | None]]]
    steps: Sequence[Step]


def assumption_check(contents: Contents, shown: Sequence[str]) -> Check | None:
    """Return what a run's check comes to, with the rows of the securities shown; None where it was not made."""
    every = {model: by_security[TOTAL] for model, by_security in contents.sensitivity.items() if TOTAL in by_security}
    verdict = verdict_of(every)
    if verdict is None:
        return None
    totals = {model: value for model, value in every.items() if model not in BETWEEN}
    rows = [(ticker, [contents.sensitivity[model].get(ticker) for model in totals]) for ticker in shown]
    return Check(verdict, totals, rows, waterfall(every))
