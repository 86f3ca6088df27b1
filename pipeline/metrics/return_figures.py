"""The figures of what was earned on capital: on the limit, on the most in use, and by buying and holding."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.figure import NO_MARK, Figure, Reason
from pipeline.metrics.loop_fills import MARK_FIELDS
from pipeline.metrics.performance_figures import NO_CAPITAL, PNL

if TYPE_CHECKING:
    from pipeline.metrics.portfolio import Portfolio


def _growth(p: Portfolio) -> float | None:
    """Return the mean of how much the securities' prices grew from first to last mark; None where none has a mark."""
    every = (ledger.marks[:].view(np.float64)[:, MARK_FIELDS.index("mark")] for ledger in p.ledgers)
    known = [some for marks in every if len(some := marks[~np.isnan(marks)])]
    return math.fsum(float(some[-1] / some[0]) - 1.0 for some in known) / len(known) if known else None


pnl = partial(Figure, group=PNL)

RETURN_FIGURES: Final = (
    pnl(
        name="return_on_limit",
        compute=lambda p: p.net_pnl / p.notional_limit if p.notional_limit else None,
        label="Return on limit",
        form="share",
        meaning="What the strategy's notional limit earned over the run, whether or not the strategy keeps to it.",
        formula="`net_pnl` / `max_notional` of the config (`order_notional` of closing_auction); of the portfolio, "
        "over the sum of the limits",
        missing=(
            Reason("No notional limit is set.", lambda p: p.is_one_security),
            Reason("Not every security has a notional limit."),
        ),
    ),
    pnl(
        name="return_on_peak_capital",
        compute=lambda p: p.net_pnl / p.clock.peak_capital if p.clock.peak_capital else None,
        label="Return on peak capital",
        form="share",
        meaning="What the run earned on the most capital that it had in use at one moment.",
        formula="`net_pnl` / `peak_capital`",
        missing=(NO_CAPITAL,),
        is_headline=True,
        better=1,
    ),
    pnl(
        name="buy_and_hold",
        compute=_growth,
        label="Buy and hold",
        form="share",
        meaning="What the security's price had grown by from its first mark to its last, without costs and dividends; "
        "of the portfolio, equal stakes in all securities.",
        formula="last mark / first mark - 1, the mean of securities",
        missing=(NO_MARK,),
        better=1,
    ),
)
