"""How many rows of a sheet may be rejected before the sheet fails."""

from __future__ import annotations

from typing import Final

from pipeline.errors import BadRequest

MAX_REJECTS: Final = 0.1


def rejects_allowed(max_rejects: float | None, *, strict: bool) -> float:
    """Return which share of a sheet's rows may be rejected; raises BadRequest for one that cannot be meant."""
    if max_rejects is not None and not 0 <= max_rejects <= 1:
        raise BadRequest(
            f"--max-rejects is {max_rejects:g}; it takes a share from 0 to 1: 0.3 allows three rejected rows in ten."
        )
    if strict and max_rejects:
        raise BadRequest("--strict and --max-rejects contradict each other; give one of them.")
    return 0.0 if strict else MAX_REJECTS if max_rejects is None else max_rejects


def too_many(rejects: int, ticks: int, allowed: float) -> bool:
    """Return whether a sheet of so many rejected rows and ticks fails: without a tick it always does."""
    return ticks == 0 or rejects / (rejects + ticks) > allowed
