"""Percentiles of more values than memory holds: exact, by counting where they lie until few enough are left to sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.metrics.ledger import Records
    from pipeline.ticks import Int64s

AT_ONCE: Final = 1_000_000
"""How many values are looked at together."""

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
    low, high = (_value_at(parts, number, at_once) / unit for number in (below, min(below + 1, last)))
    return low + (high - low) * (rank - below)


def _value_at(parts: Sequence[Records], rank: int, at_once: int) -> int:
    """Return the value of a rank, 0 for the least."""
    least, most = _bounds(parts, at_once)
    count = sum(map(len, parts))
    while count > at_once and least < most:
        shift = max((most - least).bit_length() - BITS, 0)
        bins = np.zeros(((most - least) >> shift) + 1, np.int64)
        for values in _within(parts, least, most, at_once):
            bins += np.bincount((values - least) >> shift, minlength=len(bins))
        ends = np.cumsum(bins)
        chosen = int(np.searchsorted(ends, rank, side="right"))
        count = int(bins[chosen])
        rank -= int(ends[chosen]) - count
        least += chosen << shift
        most = min(most, least + (1 << shift) - 1)
    if least == most:
        return least
    return int(np.partition(np.concatenate([*_within(parts, least, most, at_once)]), rank)[rank])


def _bounds(parts: Sequence[Records], at_once: int) -> tuple[int, int]:
    ends = [(int(values.min()), int(values.max())) for values in _chunks(parts, at_once)]
    return min(least for least, _ in ends), max(most for _, most in ends)


def _within(parts: Sequence[Records], least: int, most: int, at_once: int) -> Iterator[Int64s]:
    for values in _chunks(parts, at_once):
        yield values[(values >= least) & (values <= most)]


def _chunks(parts: Sequence[Records], at_once: int) -> Iterator[Int64s]:
    for part in parts:
        for first in range(0, len(part), at_once):
            yield part[first : first + at_once][:, 0]
