"""Formulas of market making, from sums over fills and the mids around them: spread captured and mark-outs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.replay.observe import HORIZONS

if TYPE_CHECKING:
    from collections.abc import Mapping

BPS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Markout:
    """The mark-out of fills and their adverse selection, which together are the spread these fills captured.

    Attributes:
        amount, bps: Mark-out, money and basis points of the fills' value; None without a fill.
        adverse_amount, adverse_bps: Adverse selection, likewise.
        fills: How many fills have a mid at both times; all four are over these.
    """

    amount: float | None
    bps: float | None
    adverse_amount: float | None
    adverse_bps: float | None
    fills: int


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The spread captured, money and basis points of the fills' value, None without a fill, and over how many fills."""

    amount: float | None
    bps: float | None
    fills: int


def spread_captured(sums: Mapping[str, Any]) -> Spread:
    """Return what fills earned against the mid at the fill: half the spread, for a quote at the touch.

    It is Σ side · (mid at fill - price) · quantity over all fills with a mid; fills that take from the touch count too,
    and pay. Source: the realised-spread decomposition of R. Huang and H. Stoll, Dealer versus Auction Markets,
    J. Financial Economics 41 (1996).

    Args:
        sums: Sums over the fills, by the names of `loop_fills.COUNTS` and `loop_fills.AMOUNTS`.

    Returns:
        The sum in money and in basis points of the fills' value, and the number of fills with a mid.
    """
    fills = sums["spread_fills"]
    return Spread(*_in_units(sums["spread"], sums["spread_value"], fills), fills)


def markouts(sums: Mapping[str, Any]) -> dict[str, Markout]:
    """Return the mark-out of all fills at each of HORIZONS, and its part that is adverse selection.

    At horizon τ the mark-out is Σ side · (mid at τ - price) · quantity, and adverse selection is
    Σ side · (mid at fill - mid at τ) · quantity. Source: as for `spread_captured`; the later mid measures
    price impact there.

    Args:
        sums: As for `spread_captured`.

    Returns:
        By name of the horizon (`1s`, `10s`, ...): both sums in money and in basis points of the fills' value, and the
        number of fills with a mid at both times.
    """
    at_horizons = {}
    for horizon in HORIZONS:
        fills, value = sums[f"markout_fills_{horizon}"], sums[f"markout_value_{horizon}"]
        markout, adverse = (_in_units(sums[f"{name}_{horizon}"], value, fills) for name in ("markout", "adverse"))
        at_horizons[horizon] = Markout(*markout, *adverse, fills)
    return at_horizons


def _in_units(amount: float, value: float, fills: int) -> tuple[float | None, float | None]:
    """Return a sum in money and in basis points of the fills' value."""
    if not fills:
        return None, None
    return float(amount), amount / value * BPS if value > 0.0 else None
