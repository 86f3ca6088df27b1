"""The desk's fills matched with a run's, and what is said of them, worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.runs.matching import Apart, agreement, match, realized_pnl
from pipeline.runs.reader import RecordedFills

if TYPE_CHECKING:
    from collections.abc import Sequence

Rows = list[tuple[float, int, float]]
"""Seconds, shares (below 0 sells), price."""

# The desk's fills, the run's, and the pairs that are one, by number: within 5 seconds and 0.02 AED.
CASES: Final[dict[str, tuple[Rows, Rows, list[tuple[int, int]]]]] = {
    "nothing of the desk": ([], [(0, 100, 10.0)], []),
    "nothing of the run": ([(0, 100, 10.0)], [], []),
    "the same": ([(0, 100, 10.0), (9, -100, 10.0)], [(0, 100, 10.0), (9, -100, 10.0)], [(0, 0), (1, 1)]),
    "another side": ([(0, 100, 10.0)], [(0, -100, 10.0)], []),
    "at the end of the window": ([(0, 100, 10.0)], [(5, 100, 10.0)], [(0, 0)]),
    "beyond the window": ([(0, 100, 10.0)], [(5.001, 100, 10.0)], []),
    "before": ([(5, 100, 10.0)], [(0, 100, 10.0)], [(0, 0)]),
    "as far as the price may be": ([(0, 100, 10.0)], [(0, 100, 10.02)], [(0, 0)]),
    "beyond that": ([(0, 100, 10.0)], [(0, 100, 10.03)], []),
    "the nearest in time, not the nearest in price": (
        [(0, 100, 10.0)],
        [(2, 100, 10.0), (1, 100, 10.02)],
        [(0, 1)],
    ),
    "as near in time: the nearest in price": ([(2, 100, 10.0)], [(1, 100, 10.02), (3, 100, 10.01)], [(0, 1)]),
    "as near in both: the nearest in shares": ([(0, 100, 10.0)], [(1, 900, 10.0), (1, 90, 10.0)], [(0, 1)]),
    "as near in all: the earlier": ([(0, 100, 10.0), (0, 100, 10.0)], [(1, 100, 10.0)], [(0, 0)]),
    "one fill is matched once": ([(0, 100, 10.0)], [(0, 100, 10.0), (0, 100, 10.0)], [(0, 0)]),
    # The desk's first is 3 from the run's only one, its second 1: the second has it.
    "the nearest pair of all goes first": ([(0, 100, 10.0), (4, 100, 10.0)], [(3, 100, 10.0)], [(1, 0)]),
    "a run whose clock steps back": (
        [(1, 100, 10.0), (2, 50, 10.0)],
        [(2, 50, 10.0), (1, 100, 10.0)],
        [(0, 1), (1, 0)],
    ),
}


def fills_of(rows: Sequence[tuple[float, int, float]]) -> RecordedFills:
    shares = np.array([row[1] for row in rows], np.int64)
    return RecordedFills(
        timestamp=np.array([row[0] * 1_000 for row in rows], np.float64).astype(np.int64) + 1_736_157_600_000,
        side=np.sign(shares).astype(np.int8),
        price=np.array([row[2] for row in rows], np.float64),
        quantity=np.abs(shares),
    )


@pytest.mark.parametrize("case", CASES)
def test_pairs_by_hand(case: str) -> None:
    desk, run, pairs = CASES[case]
    matched = match(fills_of(desk), fills_of(run), 5_000, np.full(len(desk), 0.02))
    assert list(zip(matched.of_desk.tolist(), matched.of_run.tolist(), strict=True)) == pairs


@pytest.mark.parametrize("seed", range(20))
def test_the_nearest_free_pair_is_taken_until_there_is_none(seed: int) -> None:
    chance = np.random.default_rng(seed)
    desk, run = (
        [
            (int(chance.integers(0, 40)), int(chance.choice([-200, -100, 100])), 10 + int(chance.integers(0, 4)) / 100)
            for _ in range(chance.integers(0, 30))
        ]
        for _ in range(2)
    )
    pairs = []
    free = {(ours, theirs) for ours in range(len(desk)) for theirs in range(len(run))}
    while near := [
        (
            abs(desk[ours][0] - run[theirs][0]),
            round(abs(desk[ours][2] - run[theirs][2]), 6),
            abs(abs(desk[ours][1]) - abs(run[theirs][1])),
            ours,
            theirs,
        )
        for ours, theirs in free
        if desk[ours][1] * run[theirs][1] > 0
        and abs(desk[ours][0] - run[theirs][0]) <= 5
        and abs(desk[ours][2] - run[theirs][2]) < 0.0201
    ]:
        *_, ours, theirs = min(near)
        pairs.append((ours, theirs))
        free = {pair for pair in free if pair[0] != ours and pair[1] != theirs}
    matched = match(fills_of(desk), fills_of(run), 5_000, np.full(len(desk), 0.02))
    assert list(zip(matched.of_desk.tolist(), matched.of_run.tolist(), strict=True)) == sorted(pairs)


def test_what_is_said_of_a_match() -> None:
    desk = fills_of([(0, 100, 10.0), (10, -100, 10.5), (20, 300, 10.0), (90, 7, 9.0)])
    run = fills_of([(1, 100, 10.01), (13, -60, 10.5), (22, 300, 10.0), (50, -8, 11.0), (55, -8, 11.0)])
    found = agreement([match(desk, run, 5_000, np.full(4, 0.02))])
    assert (found.desk_fills, found.run_fills, found.found, found.missed, found.invented) == (4, 5, 3, 1, 2)
    assert found.share_found == 0.75
    assert (found.desk_shares, found.run_shares, found.shared_shares) == (507, 476, 460)
    assert found.fit == 460 / (507 + 476 - 460)
    assert found.run_later == 2.0
    assert found.seconds == Apart(2.0, pytest.approx(2.8))
    assert found.prices == Apart(0.0, pytest.approx(0.008))
    assert found.desk_pnl == pytest.approx(50.0)
    # 60 of 100 sold at a gain of 0.49; the other 40 at 10.01 and 300 at 10.00 make 340 at 3400.4 / 340.
    assert found.run_pnl == pytest.approx(60 * 0.49 + 16 * (11 - 3400.4 / 340))


def test_nothing_at_all_agrees() -> None:
    nothing = agreement([])
    assert (nothing.fit, nothing.share_found, nothing.seconds, nothing.run_later) == (
        1.0,
        None,
        Apart(None, None),
        None,
    )


@pytest.mark.parametrize(
    ("rows", "pnl"),
    [
        ([], 0.0),
        ([(0, 100, 10.0)], 0.0),
        ([(0, 100, 10.0), (1, -40, 11.0)], 40.0),
        ([(0, -100, 10.0), (1, 100, 9.5)], 50.0),
        ([(0, 100, 10.0), (1, 100, 11.0), (2, -200, 11.0)], 100.0),
        ([(0, 100, 10.0), (1, -300, 11.0), (2, 200, 10.0)], 100.0 + 200.0),
    ],
)
def test_realised_by_average_entry_price(rows: Rows, pnl: float) -> None:
    assert realized_pnl(fills_of(rows)) == pytest.approx(pnl)
