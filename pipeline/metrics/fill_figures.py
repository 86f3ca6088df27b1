"""The figures of what filled us: kinds of prints, and fills that no exchange would have let happen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pipeline.metrics.figure import OWN_ORDERS, Figure
from pipeline.metrics.fill_kinds import KINDS, NO_CODE, NO_PRINT, fills_by
from pipeline.numbers import MONEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.metrics.portfolio import Portfolio

FILLED_BY: Final = "What filled us"


def _of_orders(compute: Callable[[Portfolio], Any]) -> Callable[[Portfolio], Any]:
    return lambda p: None if p.orders is None else compute(p)


def _fills_by_condition(p: Portfolio) -> dict[str, dict[str, float | None]]:
    several = [ledger.conditions for ledger in p.ledgers]
    names = sorted({name for sums in several for name in sums})
    return fills_by(several, names) if {*names} - {NO_CODE, NO_PRINT} else {}


filled_by = partial(Figure, group=FILLED_BY)
of_orders = partial(filled_by, missing=(OWN_ORDERS,))

FILL_FIGURES: Final = (
    of_orders(
        name="through_fills",
        compute=_of_orders(lambda p: p.sums["through_fills"]),
        label="Fills by prints through our price",
        form="count",
        meaning="Fills by a print at a price worse for its sender than our order's, whatever else the print is.",
        formula="number of fills by a print above our ask or below our bid",
    ),
    of_orders(
        name="through_pnl",
        compute=_of_orders(lambda p: float(p.sums["through_pnl"])),
        label="Gross P&L of these",
        form="money",
        meaning="What fills by prints through our price realised, before fees. With `fill_price=print` they are booked "
        "at a price better than the order's own.",
        formula="Σ realised P&L of `through_fills`",
    ),
    of_orders(
        name="off_grid_fills",
        compute=_of_orders(lambda p: p.sums["off_grid_fills"]),
        label="Fills off the tick grid",
        form="count",
        meaning="Fills of orders at a price that is no whole number of ticks, which no exchange takes. There are none "
        "with `order_price=grid`.",
        formula="number of fills whose order's price is farther than 1e-9 from the grid of the tick at it",
    ),
    of_orders(
        name="marketable_fills",
        compute=_of_orders(lambda p: p.sums["marketable_fills"]),
        label="Fills of marketable orders",
        form="count",
        meaning="Fills of orders that were placed at or through the opposite touch, as the book showed it then. With "
        "`marketable=rest` they stood in a queue where an exchange would have traded them at once.",
        formula="number of fills whose order was placed at a price at or through the opposite touch",
    ),
    of_orders(
        name="shares_beyond_shown",
        compute=_of_orders(lambda p: p.sums["shares_beyond_shown"]),
        label="Shares beyond what was shown",
        form="shares",
        meaning="Shares had of one quote beyond the most that it showed while its price stood: by takes, and by "
        "`touch=fills`. There are none with `shown_size=once`.",
        formula="Σ over quotes of max(0, shares had - largest size shown when they were)",
    ),
    filled_by(
        name="fills_by_kind",
        compute=lambda p: fills_by([ledger.kinds for ledger in p.ledgers], [*KINDS]),
        label="Fills by what filled us",
        unit=f"fills, shares, {MONEY}",
        form="by_kind",
        meaning="Which prints and acts our fills and P&L are from. A fill is counted once, in the first kind that "
        f"applies, in this order: {', '.join(f'`{name}`' for name in KINDS)}; kinds without a fill are left out.",
        formula="by kind: `fills`, `shares`, `realized_pnl`, `price_gain` (Σ what a fill was booked better than its "
        "order's price), `markout_60s`, and `share_of_fills`, `share_of_shares`, `share_of_pnl`, which add up to 1",
    ),
    filled_by(
        name="fills_by_condition",
        compute=_fills_by_condition,
        label="Fills by condition code",
        unit=f"fills, shares, {MONEY}",
        form="by_kind",
        meaning="Which prints our fills are from by the vendor's condition codes, where the workbooks have them: "
        f"`{NO_CODE}` are prints without one, `{NO_PRINT}` fills of no print. Without a code it is empty.",
        formula="by code, as `fills_by_kind`",
    ),
)
