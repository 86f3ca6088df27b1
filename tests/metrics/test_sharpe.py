"""The Sharpe ratio's error, the probabilistic ratio and the track record, by the published example and on noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

from pipeline.metrics.sharpe import Shape, minimum_track_record, probabilistic_sharpe, shape_of


def test_the_published_example() -> None:
    # Bailey and Lopez de Prado (2012): an annual ratio of 1.59 from 24 months, skew -2.448, kurtosis 10.164
    fund = Shape(days=24, sharpe=0.458, skew=-2.448, kurtosis=10.164, autocorrelation=0.0)
    assert probabilistic_sharpe(fund) == pytest.approx(0.913, abs=5e-4)
    normal = Shape(days=24, sharpe=0.458, skew=0.0, kurtosis=3.0, autocorrelation=0.0)
    assert probabilistic_sharpe(normal) == pytest.approx(0.982, abs=5e-4)


def test_a_track_record_is_as_long_as_makes_the_probability_95_percent() -> None:
    seen = Shape(days=24, sharpe=0.458, skew=-2.448, kurtosis=10.164, autocorrelation=0.0)
    days = minimum_track_record(seen)
    assert days is not None
    at, before = (Shape(int(days) - less, 0.458, -2.448, 10.164, 0.0) for less in (0, 1))
    assert probabilistic_sharpe(at) >= 0.95 > probabilistic_sharpe(before)


@pytest.mark.parametrize("sharpe", [0.0, -0.3, 1e-9])
def test_no_track_record_is_long_enough_where_nothing_is_earned(sharpe: float) -> None:
    assert minimum_track_record(Shape(50, sharpe, 0.0, 3.0, 0.0)) is None


def test_a_shape_is_that_of_scipy() -> None:
    daily = np.random.default_rng(3).gamma(2.0, 30.0, 80) - 40.0
    shape: Any = shape_of(daily)
    assert shape.skew == pytest.approx(scipy.stats.skew(daily), rel=1e-12)
    assert shape.kurtosis == pytest.approx(scipy.stats.kurtosis(daily, fisher=False), rel=1e-12)
    assert shape.sharpe == pytest.approx(daily.mean() / daily.std(ddof=1), rel=1e-12)
    away = daily - daily.mean()
    assert shape.autocorrelation == pytest.approx(float(np.dot(away[1:], away[:-1]) / np.dot(away, away)), rel=1e-12)


@pytest.mark.parametrize("daily", [[1.0, -2.0] * 4, [5.0] * 20, []])
def test_no_shape_of_few_days_or_of_days_that_are_alike(daily: list[float]) -> None:
    assert shape_of(np.array(daily)) is None


@pytest.mark.slow
@pytest.mark.parametrize("days", [10, 60, 250])
def test_on_pure_noise_the_probability_is_above_a_share_as_often_as_that_share_says(days: int) -> None:
    seeds = 500
    noise = (np.random.default_rng(seed).standard_normal(days) for seed in range(seeds))
    probabilities = np.array([probabilistic_sharpe(shape) for daily in noise if (shape := shape_of(daily))])
    assert len(probabilities) == seeds
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        error = math.sqrt(share * (1 - share) / seeds)
        assert (probabilities <= share).mean() == pytest.approx(share, abs=3 * error + 0.02 * (days < 20))
