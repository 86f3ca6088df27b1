"""Percentiles of more values than memory holds: exact, by counting between which two they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.metrics.ledger import Records
    from pipeline.ticks import Int64s

AT_ONCE: Final = 4_000_000
"""About how many values are looked at together."""

BITS: Final = 16
"""How many bits of the values one pass tells apart."""


def percentile_of(parts: Sequence[Records], percent: float, unit: int = 1, at_once: int = AT_ONCE) -> float:
    """Return a percentile of whole numbers in several parts, linear between the two nearest.

    Args:
        parts: At least one value, each part of shape (n, 1), in memory or in a file.
        percent: From 0 to 100.
        unit: What the values are divided by.
        at_once: How many values are looked at together.

    Returns:
        The percentile, in that unit.
    """
    last = sum(map(len, parts)) - 1
    rank = last * percent / 100
    below = int(rank)
    low, high = (value / unit for value in _value_and_next(parts, below, at_once))
    return low + (high - low) * (rank - below)


def _value_and_next(parts: Sequence[Records], rank: int, at_once: int) -> tuple[int, int]:
    """Return the value of a rank, 0 for the least, and that of the next, which is the same for the last."""
    if sum(map(len, parts)) <= at_once:
        [values] = _chunks(parts, at_once)
        next_rank = min(rank + 1, len(values) - 1)
        ordered = np.partition(values, (rank, next_rank))
        return int(ordered[rank]), int(ordered[next_rank])
    value = _value_at(parts, rank, at_once)
    not_above = sum(int(np.count_nonzero(values <= value)) for values in _chunks(parts, at_once))
    above = [int(more.min()) for values in _chunks(parts, at_once) if len(more := values[values > value])]
    return value, value if not_above > rank + 1 or not above else min(above)


def _value_at(parts: Sequence[Records], rank: int, at_once: int) -> int:
    """Return the value of a rank, narrowing down between which two it lies."""
    ends = [(int(values.min()), int(values.max())) for values in _chunks(parts, at_once)]
    least, most = min(least for least, _ in ends), max(most for _, most in ends)
    while least < most:
        shift = max((most - least).bit_length() - BITS, 0)
        bins = np.zeros(((most - least) >> shift) + 1, np.int64)
        for values in _chunks(parts, at_once):
            within = values[(values >= least) & (values <= most)]
            bins += np.bincount((within - least) >> shift, minlength=len(bins))
        ranks = np.cumsum(bins)
        chosen = int(np.searchsorted(ranks, rank, side="right"))
        rank -= int(ranks[chosen] - bins[chosen])
        least += chosen << shift
        most = min(most, least + (1 << shift) - 1)
    return least


def _chunks(parts: Sequence[Records], at_once: int) -> Iterator[Int64s]:
    """Yield all values, at least one and about so many at a time."""
    chunk: list[Int64s] = []
    for part in parts:
        for first in range(0, len(part), at_once):
            chunk.append(part[first : first + at_once][:, 0])
            if sum(map(len, chunk)) >= at_once:
                yield np.concatenate(chunk)
                chunk = []
    if chunk:
        yield np.concatenate(chunk)
