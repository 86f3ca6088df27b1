"""The shapes that other backtesters get hold the ticks that we get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.peers.shape import ASK, BID, TRADE, Shape

if TYPE_CHECKING:
    from pathlib import Path

TICKS = Shape(
    timestamp=np.arange(8, dtype=np.int64),
    kind=np.array([BID, ASK, TRADE, BID, BID, TRADE, ASK, TRADE], np.int8),
    price=np.array([10.0, 10.4, 10.1, 10.0, 10.2, 10.4, 10.6, 10.3]),
    volume=np.array([100, 200, 5, 150, 120, 7, 210, 9]),
)


def test_what_stands_is_the_last_of_its_kind() -> None:
    assert TICKS.standing(BID, TICKS.price).tolist() == [10.0, 10.0, 10.0, 10.0, 10.2, 10.2, 10.2, 10.2]
    assert TICKS.standing(ASK, TICKS.volume).tolist() == [0, 200, 200, 200, 200, 200, 210, 210]


def test_a_print_nearer_to_the_ask_was_bought() -> None:
    assert TICKS.bought()[[2, 5, 7]].tolist() == [False, True, False]


def test_a_book_by_price_loses_the_level_that_a_quote_replaces() -> None:
    rows, prices, shares = TICKS.depth_steps()
    assert list(zip(rows.tolist(), prices.tolist(), shares.tolist(), strict=True)) == [
        (0, 10.0, 100.0),
        (1, 10.4, 200.0),
        (2, 10.1, 5.0),
        (3, 10.0, 150.0),
        (4, 10.0, 0.0),
        (4, 10.2, 120.0),
        (5, 10.4, 7.0),
        (6, 10.4, 0.0),
        (6, 10.6, 210.0),
        (7, 10.3, 9.0),
    ]


def test_ticks_that_are_saved_are_loaded(tmp_path: Path) -> None:
    TICKS.save(tmp_path / "ticks.npz")
    again = Shape.load(tmp_path / "ticks.npz")
    assert (len(again), again.price.tolist(), again.kind.tolist()) == (8, TICKS.price.tolist(), TICKS.kind.tolist())
