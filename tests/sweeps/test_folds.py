"""Which days settings are chosen on and judged on: expanding, rolling, with days left out between."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadRequest
from pipeline.sweeps.date_windows import END, Window
from pipeline.sweeps.folds import Parting, train_and_test, walk_forward

DAYS = np.array([10, 11, 12, 15, 16, 17, 18, 22, 23, 24])
"""Market days since 1970; those between have no print."""

TOO_MANY = "--purge of 2 days leave no day in one of them. Take fewer folds."
UNTIL = dt.date(1970, 1, 14)  # day 13, which is none


@pytest.mark.parametrize(
    ("parting", "expected"),
    [
        (Parting(folds=1), [(Window(10, 16, 10, 16), Window(17, 24, 17, END))]),
        (
            Parting(folds=2),
            [(Window(10, 15, 10, 15), Window(16, 18, 16, 21)), (Window(10, 18, 10, 21), Window(22, 24, 22, END))],
        ),
        (
            Parting(folds=2, train_days=2),
            [(Window(12, 15, 12, 15), Window(16, 18, 16, 21)), (Window(17, 18, 17, 21), Window(22, 24, 22, END))],
        ),
        (
            Parting(folds=2, train_days=2, purge=1, embargo=2),
            [(Window(11, 12, 11, 14), Window(18, 18, 18, 21)), (Window(16, 17, 16, 17), Window(24, 24, 24, END))],
        ),
        (Parting(folds=1, train_days=99, purge=4), [(Window(10, 10, 10, 10), Window(17, 24, 17, END))]),
    ],
)
def test_folds_by_hand(parting: Parting, expected: list[tuple[Window, Window]]) -> None:
    assert walk_forward(DAYS, parting) == expected


WALKED_BY_SKFOLIO = {
    10: [(0, 9, 12), (10, 19, 22), (20, 29, 32), (30, 39, 42)],
    None: [(0, 9, 12), (0, 19, 22), (0, 29, 32), (0, 39, 42)],
}
"""By days to choose on, rolling or all, of 60 days with two left out after them: the first and the last of these, and
the first of the test, by `skfolio.model_selection.WalkForward(train_size=10, test_size=10, purged_size=2)` of skfolio
1.12.2, expand_train for all. It moves the test on by those two days, where ours is shorter; they end otherwise."""


@pytest.mark.parametrize("train_days", WALKED_BY_SKFOLIO)
def test_folds_begin_and_are_chosen_on_as_skfolio_has_them(train_days: int | None) -> None:
    folds = walk_forward(np.arange(60), Parting(folds=5, train_days=train_days, embargo=2))
    found = [(train.first, train.last, test.first) for train, test in folds]
    assert found[:4] == WALKED_BY_SKFOLIO[train_days]


@pytest.mark.parametrize(
    ("parting", "expected"),
    [
        (Parting(UNTIL), (Window(10, 12, 10, 13), Window(15, 24, 14, END))),
        (Parting(UNTIL, purge=1), (Window(10, 11, 10, 11), Window(15, 24, 14, END))),
        (Parting(UNTIL, embargo=3), (Window(10, 12, 10, 13), Window(18, 24, 18, END))),
    ],
)
def test_train_and_test_by_hand(parting: Parting, expected: tuple[Window, Window]) -> None:
    assert train_and_test(DAYS, parting) == expected


@given(
    st.sets(st.integers(0, 300), min_size=4, max_size=60).map(sorted),
    st.integers(1, 5),
    st.none() | st.integers(1, 20),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_nothing_is_chosen_on_what_it_is_judged_on(
    days: list[int], folds: int, train_days: int | None, purge: int, embargo: int
) -> None:
    market_days = np.array(days)
    try:
        windows = walk_forward(market_days, Parting(None, folds, train_days, purge, embargo))
    except BadRequest:
        assert len(days) < (folds + 1) * (1 + max(purge, embargo))
        return
    assert len(windows) == folds
    for train, test in windows:
        inside = [day for day in days if train.first <= day <= train.last]
        between = [day for day in days if train.last < day < test.first]
        assert len(between) == purge + embargo
        assert train.start <= train.first <= train.last <= train.end < test.start <= test.first <= test.last <= test.end
        assert train_days is None or len(inside) == min(train_days, days.index(train.last) + 1)
        assert train_days is not None or train.first == days[0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"folds": 0}, "--walk-forward is 0; it takes a whole number of at least 1."),
        ({"folds": 2, "train_days": 0}, "--train-days is 0; it takes a whole number of at least 1."),
        ({"folds": 2, "purge": -1}, "--purge is -1; it takes a whole number of at least 0."),
        ({"train_days": 3}, "--train-days is of a walk forward; add --walk-forward N."),
        ({"embargo": 1}, "--purge and --embargo part the days of a choice; add --train-until or --walk-forward."),
    ],
)
def test_what_cannot_be_asked_for(values: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as error:
        Parting(**values).check()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("parting", "message"),
    [
        (
            Parting(folds=4, purge=2),
            f"--walk-forward 4 parts 10 market days into parts of 2 or more; {TOO_MANY}",
        ),
        (Parting(folds=10), "--walk-forward is 10; with 10 market days it takes 1 to 9."),
    ],
)
def test_folds_that_the_days_do_not_hold(parting: Parting, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        walk_forward(DAYS, parting)
    assert str(error.value) == message


def test_a_split_that_leaves_no_day_says_what_was_left_out() -> None:
    with pytest.raises(BadRequest, match="less --purge of 3 days, leaves no day on one side; the market days are 1970"):
        train_and_test(DAYS, Parting(UNTIL, purge=3))
