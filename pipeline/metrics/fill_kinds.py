"""What fills are of, by the kind of print or act that made them: how many, what they gain, what they owe to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.loop_fills import GROUP_AMOUNTS, GROUP_COUNTS
from pipeline.numbers import FORMS, currency, money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS: Final = {
    "one_sided_book": "print, one side empty",
    "oversized": "print over 10 times the size",
    "outside_touch": "print outside the touch",
    "through": "print through our price",
    "at_price": "print at our price",
    "touch": "opposite touch",
    "take": "taken from the touch",
    "close": "closing of the day",
    "own": "strategy's own",
}
"""The kinds of fills, of which the first that applies to a fill is its own, and how people read them."""

COLUMNS: Final = {
    "fills": ("fills", "count"),
    "share_of_fills": ("% of fills", "share"),
    "share_of_shares": ("% of shares", "share"),
    "realized_pnl": ("gross P&L", "money"),
    "share_of_pnl": ("% of P&L", "share"),
    "price_gain": ("over our price", "money"),
    "markout_60s": ("mark-out 60s", "money"),
}
"""What tables show of each kind: heading, and form of the number; money in the market's currency."""

NO_CODE: Final = "no code"
NO_PRINT: Final = "no print"


def in_order(rows: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the rows of either table as they are shown, by what people read: kinds in their order, codes by name."""
    names = [*filter(rows.__contains__, KINDS), *sorted(rows.keys() - KINDS.keys())]
    return [(KINDS.get(name, name), rows[name]) for name in names]


def fills_by(
    several: Sequence[Mapping[str, Sequence[float]]], names: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    """Return what each group of fills is of all, those left out that have no fill.

    Args:
        several: Of each security its sums by group, by `loop_fills.GROUP_COUNTS` and `loop_fills.GROUP_AMOUNTS`.
        names: The groups: KINDS, or the texts of condition codes, NO_CODE for prints without one, NO_PRINT for fills of
            no print.

    Returns:
        By group: `fills`; `shares`; `realized_pnl`, before fees; `price_gain`, how much better than the order's own
        price they were booked; `markout_60s`, over fills with a mid both at the fill and then, None without one (all
        money); and the shares of all fills, shares and realised P&L that these are, which add up to 1; `share_of_pnl`
        is None where all P&L is 0.
    """
    nothing = (0,) * len(GROUP_COUNTS) + (0.0,) * len(GROUP_AMOUNTS)
    groups = [[sums.get(name, nothing) for sums in several] for name in names]
    rows = [
        dict(zip((*GROUP_COUNTS, *GROUP_AMOUNTS), map(sum, zip(nothing, *group, strict=True)), strict=True))
        for group in groups
    ]
    whole = {
        "fills": sum(row["fills"] for row in rows),
        "shares": sum(row["shares"] for row in rows),
        "pnl": np.array([row["realized_pnl"] for row in rows]).sum().item(),
    }
    by_kind: dict[str, dict[str, float | None]] = {}
    for name, sums in zip(names, rows, strict=True):
        if sums["fills"]:
            row: dict[str, float | None] = {**sums}
            if not row.pop("marked"):
                row["markout_60s"] = None
            for share, part in (("fills", "fills"), ("shares", "shares"), ("pnl", "realized_pnl")):
                row[f"share_of_{share}"] = sums[part] / whole[share] if whole[share] else None
            by_kind[name] = row
    return by_kind


def through_words(figures: Mapping[str, Any]) -> str:
    """Return the sentence that prints through our price make more than the whole P&L; empty where they do not.

    Args:
        figures: Figures as metrics.json has them, of a security or the portfolio.

    Returns:
        A sentence, amounts in the currency that labels say now.
    """
    gain, whole, fills = (figures.get(name) for name in ("through_pnl", "realized_pnl", "fills"))
    if gain is None or whole is None or not fills or gain <= max(whole, 0.0):
        return ""
    share = FORMS["percentage"](figures["through_fills"] / fills * 100)
    return (
        f"{share} % of fills come from prints through our price and gain {money(gain)} {currency()}, more than the "
        f"whole P&L of {money(whole)}."
    )
