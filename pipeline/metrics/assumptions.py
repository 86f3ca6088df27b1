"""The worst switch of the assumption check, from net P&L by execution model, worded alike in every output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_WORSE: Final = "no switch alone leaves less"
"""What is said where there is no worst switch."""


def worst_switch(totals: Mapping[str, float]) -> str | None:
    """Return the switch that alone leaves least, the first by name of equals; None where none leaves less than classic.

    totals: net P&L, AED, by execution model, `classic` among them; a switch alone is named as `fill_price=order`.
    """
    alone = [model for model, value in totals.items() if "=" in model and value < totals["classic"]]
    return min(alone, key=lambda model: (totals[model], model), default=None)
