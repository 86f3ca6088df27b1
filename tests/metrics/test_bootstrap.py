"""The stationary bootstrap: block lengths as arch has them, intervals that cover what they say, draws by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics import bootstrap
from pipeline.metrics.bootstrap import block_lengths, drawn_days, intervals, normal_cdf
from pipeline.metrics.formulas import max_drawdown
from pipeline.metrics.loop_bootstrap import find_drawdowns
from pipeline.native.functions import compiled
from tests.wobbling import wobbling_days

if TYPE_CHECKING:
    from collections.abc import Sequence

JUMPY: Final = [float(7_919 * day % 101 - 50) for day in range(120)]
WAVES: Final = [round(100 * math.sin(1.7 * day) + 40 * math.cos(0.3 * day * day), 2) for day in range(60)]
BY_ARCH: Final = {"waves": (WAVES, 6.9172165465), "jumpy": (JUMPY, 10.2439213152)}
"""Days, and the length for the stationary bootstrap by `arch.bootstrap.optimal_block_length` of arch 8.0.0.

Days without a telling autocorrelation: after one, arch takes the lag behind it where the paper has the lag itself.
"""

RUN: Final = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 2)), min_size=10, max_size=40)


@pytest.mark.parametrize("case", BY_ARCH)
def test_the_block_length_is_that_of_arch(case: str) -> None:
    daily, length = BY_ARCH[case]
    assert block_lengths(np.array([daily]))[0] == pytest.approx(length, rel=1e-9)


def test_the_bandwidth_is_twice_the_last_lag_that_tells() -> None:
    """Lag 3 alone is beyond 2 √(log₁₀ 120 / 120) = 0.263: M is 6, worked out term by term."""
    days = wobbling_days(6)
    away = days - days.mean()
    own = [float(away[lag:] @ away[: 120 - lag]) / 120 for lag in range(7)]
    assert [lag for lag in range(1, 7) if abs(own[lag] / own[0]) > 0.2632604] == [3]
    slope = 2 * (own[1] + 2 * own[2] + 3 * own[3] + 4 * own[4] * 2 / 3 + 5 * own[5] / 3)
    spectrum = own[0] + 2 * (own[1] + own[2] + own[3] + own[4] * 2 / 3 + own[5] / 3)
    assert block_lengths(days[np.newaxis])[0] == pytest.approx((120 * slope**2 / spectrum**2) ** (1 / 3), rel=1e-9)


def test_a_block_is_a_day_long_where_days_do_not_differ() -> None:
    assert block_lengths(np.full((2, 30), 7.0)) == [1.0, 1.0]


@given(RUN)
def test_a_block_is_at_least_a_day_and_at_most_a_third_of_the_days_or_three_times_their_root(
    daily: list[float],
) -> None:
    longest = math.ceil(min(3 * math.sqrt(len(daily)), len(daily) / 3))
    assert 1.0 <= block_lengths(np.array([daily]))[0] <= longest


def test_draws_are_blocks_of_days_that_follow_one_another_and_every_day_is_as_likely() -> None:
    drawn = np.concatenate([*drawn_days(60, 6.9)])
    assert drawn.shape == (2_000, 60)
    goes_on = (drawn[:, 1:] == (drawn[:, :-1] + 1) % 60).mean()
    assert goes_on == pytest.approx(1 - 59 / 60 / 6.9, abs=0.01)
    counts = np.bincount(drawn.ravel(), minlength=60)
    assert len(counts) == 60
    assert counts.min() > 0.8 * 2_000
    assert counts.max() < 1.2 * 2_000


def test_draws_are_the_same_however_many_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate([*drawn_days(30, 3.0, 50)])
    monkeypatch.setattr(bootstrap, "AT_ONCE", 7 * 30)
    assert np.array_equal(np.concatenate([*drawn_days(30, 3.0, 50)]), whole)
    assert not np.array_equal(np.concatenate([*drawn_days(30, 3.0, 50, seed=2)]), whole)


def test_draws_are_those_of_the_random_numbers_taken_one_by_one() -> None:
    days, begins_below = 60, int(2**32 / 6.9)
    for number, run in enumerate(np.concatenate([*drawn_days(days, 6.9, 40)]).tolist()):
        day = -1
        for at, bits in enumerate(bootstrap.random_bits(1, number * days, days).tolist()):
            begins = at == 0 or bits // 2**32 < begins_below
            day = bits % 2**32 * days // 2**32 if begins else (day + 1) % days
            assert run[at] == day


@given(st.lists(RUN, min_size=1, max_size=4))
def test_drawdowns_of_several_runs_are_those_of_each_ones_running_total(runs: list[list[float]]) -> None:
    days = min(map(len, runs))
    daily, found = np.array([run[:days] for run in runs]), np.empty(len(runs))
    assert find_drawdowns(len(runs), days, daily.ravel(), found) == len(runs) * days
    assert found.tolist() == [max_drawdown(np.cumsum(run)) for run in daily]
    again = np.empty(len(runs))
    compiled(find_drawdowns)(len(runs), days, daily, again)
    assert again.tolist() == found.tolist()


def test_the_random_numbers_are_those_of_the_published_generator() -> None:
    # SplitMix64 from 1234567 on, as its authors' implementation prints it
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    start = 1_234_567 * pow(0x9E3779B97F4A7C15, -1, 2**64) % 2**64  # that many steps after 0
    assert bootstrap.random_bits(start >> 32, start & (2**32 - 1), 5).tolist() == expected


def far_from(ends: Sequence[float] | None, expected: Sequence[float], scale: float) -> float:
    assert ends is not None
    return max(abs(end - wanted) / scale for end, wanted in zip(ends, expected, strict=True))


def test_intervals_by_the_normal_distribution_where_days_are_many_and_independent() -> None:
    daily = np.random.default_rng(1).normal(10.0, 100.0, 1_000)
    mean, error = float(daily.mean()), float(daily.std()) / math.sqrt(1_000)
    found: Any = intervals(daily)
    assert far_from(found["daily_net_pnl"], [mean - 1.96 * error, mean + 1.96 * error], error) < 0.3
    assert found["net_pnl"] == pytest.approx([1_000 * end for end in found["daily_net_pnl"]])
    ratio = mean / float(daily.std(ddof=1)) * math.sqrt(252)
    error = math.sqrt(252 / 1_000)
    assert far_from(found["sharpe"], [ratio - 1.96 * error, ratio + 1.96 * error], error) < 0.3


def test_an_interval_of_drawdown_by_every_order_of_two_losses_among_gains() -> None:
    found: Any = intervals(np.array([1.0] * 18 + [-10.0] * 2))
    low, high = found["daily_drawdown"]
    assert low == 0.0  # (18 / 20)^20: no loss at all in 12 runs of 100
    assert 40.0 <= high <= 80.0


@pytest.mark.parametrize(
    ("daily", "expected"),
    [
        ([3.0] * 9, None),
        ([], None),
        (
            [3.0] * 12,
            {"daily_net_pnl": [3.0, 3.0], "net_pnl": [36.0, 36.0], "sharpe": None, "daily_drawdown": [0.0, 0.0]},
        ),
    ],
)
def test_intervals_of_few_days_and_of_days_that_are_alike(daily: list[float], expected: Any) -> None:
    assert intervals(np.array(daily)) == expected


@pytest.mark.parametrize("days", [10, 20, 60, 250])
def test_few_days_move_the_ends_out_as_students_t_does(days: int) -> None:
    assert bootstrap.student_t(days - 1) == pytest.approx(scipy.stats.t.ppf(0.975, days - 1), rel=1e-3)


@given(st.floats(-8, 8))
def test_the_normal_distribution_is_scipys(value: float) -> None:
    assert normal_cdf(value) == pytest.approx(scipy.stats.norm.cdf(value), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("days", "share"), [(10, 0.87), (20, 0.90), (60, 0.925), (250, 0.94)])
def test_intervals_hold_the_truth_as_often_as_the_documents_say(days: int, share: float) -> None:
    truth, seeds = 0.05, 500
    held = np.zeros(2)
    for seed in range(seeds):
        found: Any = intervals(np.random.default_rng(seed).normal(truth, 1.0, days))
        for place, (name, value) in enumerate((("daily_net_pnl", truth), ("sharpe", truth * math.sqrt(252)))):
            held[place] += found[name][0] <= value <= found[name][1]
    error = math.sqrt(0.95 * 0.05 / seeds)
    assert (held / seeds >= share - 2 * error).all(), held / seeds
    assert (held / seeds <= 0.95 + 2 * error).all(), held / seeds
