"""Statistics of choosing, by hand, by another way to the same, and on pure noise: probabilities are what they say."""

from __future__ import annotations

import itertools
import math
from typing import Final

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sweeps import choice_statistics
from pipeline.sweeps.choice_statistics import (
    average_correlation,
    by_chance,
    deflated_sharpe,
    expected_maximum,
    independent_trials,
    overfitting,
)
from tests.wobbling import wobbling_days

SEEDS: Final = 500


def noise(seed: int, settings: int, days: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((settings, days))


@pytest.mark.parametrize(("trials", "expected"), [(1, 0.0), (0.5, 0.0), (10, 1.574598), (100, 2.530603)])
def test_the_expected_maximum_of_the_published_formula(trials: float, expected: float) -> None:
    assert expected_maximum(trials) == pytest.approx(expected, abs=1e-5)


def test_the_expected_maximum_is_near_that_of_so_many_normal_numbers() -> None:
    for trials in (10, 100, 1_000):
        highest = noise(trials, 4_000, trials).max(axis=1).mean()
        assert expected_maximum(trials) == pytest.approx(highest, abs=0.06)


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(10, 30))
def test_the_average_correlation_is_numpys(seed: int, settings: int, days: int) -> None:
    daily = noise(seed, settings, days) + 0.5 * noise(seed + 1, 1, days)
    every = np.corrcoef(daily)[np.triu_indices(settings, 1)]
    assert average_correlation(daily) == pytest.approx(max(float(every.mean()), 0.0), abs=1e-9)


def test_a_setting_that_never_trades_is_no_trial_of_its_own() -> None:
    one = noise(1, 1, 20)
    assert average_correlation(np.concatenate([one, np.zeros((2, 20))])) == 1.0
    three = np.concatenate([one, -one, np.zeros((1, 20))])
    assert average_correlation(three) == pytest.approx((2 * -1 + 4 * 1) / 6)


@pytest.mark.parametrize(("correlation", "expected"), [(0.0, 1_000), (1.0, 1.0), (0.9, 100.9)])
def test_independent_trials_by_hand(correlation: float, expected: float) -> None:
    assert independent_trials(1_000, correlation) == pytest.approx(expected)


def halves_by_hand(daily: list[list[float]], blocks: int) -> tuple[float, float, int]:
    """Return how often the best of a half was not above the median of the other, its mean there, and of how many."""
    size = len(daily[0]) // blocks
    over, after, count = 0, 0.0, 0
    for half in itertools.combinations(range(blocks), blocks // 2):
        inside = [day for day in range(len(daily[0])) if day // size in half]
        outside = [day for day in range(len(daily[0])) if day // size not in half]
        before = [sum(each[day] for day in inside) for each in daily]
        other = [sum(each[day] for day in outside) / len(outside) for each in daily]
        best = before.index(max(before))
        over += other[best] <= float(np.median(other))
        after += other[best]
        count += 1
    return over / count, after / count, count


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 5, 8]), st.sampled_from([(8, 4), (12, 6), (20, 10)]))
def test_overfitting_is_what_all_halvings_by_hand_say(seed: int, settings: int, shape: tuple[int, int]) -> None:
    days, blocks = shape
    daily = noise(seed, settings, days)
    found = overfitting(daily, by_sharpe=False)
    probability, after, count = halves_by_hand(daily.tolist(), blocks)
    assert found is not None
    assert (found.probability, found.halvings) == (pytest.approx(probability), count)
    assert found.after == pytest.approx(after)


def test_what_is_truly_better_is_not_overfitted_and_keeps_its_rank() -> None:
    daily = noise(1, 6, 60) + np.arange(6)[:, np.newaxis] * 5.0
    for by_sharpe in (True, False):
        found = overfitting(daily, by_sharpe=by_sharpe)
        assert found is not None
        assert found.probability == 0.0
        assert found.rank_correlation > 0.95


@pytest.mark.parametrize("alike", [1, 12])
def test_a_rank_correlation_is_spearmans_also_of_settings_that_are_alike(alike: int) -> None:
    daily = noise(5, 30, 8)
    daily[:alike] = daily[0]
    found = overfitting(daily, by_sharpe=False)
    every = []
    for half in itertools.combinations(range(4), 2):
        inside = np.isin(np.arange(8) // 2, half)
        every.append(scipy.stats.spearmanr(daily[:, inside].sum(axis=1), daily[:, ~inside].sum(axis=1)).statistic)
    assert found is not None
    assert found.rank_correlation == pytest.approx(np.mean(every))
    none = overfitting(np.repeat(daily[:1], 6, axis=0), by_sharpe=False)
    assert none is not None
    assert none.rank_correlation == 0.0


def test_no_halving_of_a_few_days() -> None:
    assert overfitting(noise(1, 3, 7), by_sharpe=False) is None


SPA_BY_ARCH: Final = {
    (0.0, 1.0): 0.2123,
    (0.0, 2.0): 0.23355,
    (0.0, 4.0): 0.2469,
    (2.0, 1.0): 0.03885,
    (2.0, 2.0): 0.04835,
    (2.0, 4.0): 0.05735,
    (4.0, 1.0): 0.0039,
    (4.0, 2.0): 0.0055,
    (4.0, 4.0): 0.00745,
}
"""By what is added to each day of a setting, and by the mean length of a block: the consistent p-value of
`arch.bootstrap.SPA(0, -settings, bootstrap="stationary", studentize=False, reps=20_000, seed=1)` of arch 8.0.0."""


@pytest.mark.parametrize(("better", "length"), SPA_BY_ARCH)
def test_the_chance_of_the_best_is_archs_test_of_superior_ability(
    better: float, length: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = np.array([wobbling_days(number) for number in range(8)])
    settings[3] += better
    settings[5] -= 30.0
    monkeypatch.setattr(choice_statistics, "block_lengths", lambda _: [length])
    found = by_chance(settings, by_sharpe=False, draws=20_000)
    expected = SPA_BY_ARCH[better, length]
    assert found.p_value == pytest.approx(expected, abs=4.5 * math.sqrt(expected * (1 - expected) / 20_000))


def test_luck_of_one_setting_is_that_of_its_own_mean() -> None:
    daily = noise(2, 1, 400) + 0.06
    found = by_chance(np.concatenate([daily, daily]), by_sharpe=False)
    error = float(daily.std()) / 20
    assert found.best == pytest.approx(0.0, abs=error / 5)
    assert found.p_value == pytest.approx(1 - scipy.stats.norm.cdf(float(daily.mean()) / error), abs=0.07)


@pytest.mark.parametrize("by_sharpe", [True, False])
def test_what_earns_every_day_is_not_luck_and_what_loses_is(by_sharpe: bool) -> None:  # noqa: FBT001
    daily = noise(3, 20, 60)
    assert by_chance(daily + 2.0, by_sharpe=by_sharpe).p_value == 0.0
    assert by_chance(daily - 2.0, by_sharpe=by_sharpe).p_value == 1.0
    assert by_chance(np.zeros((3, 20)), by_sharpe=by_sharpe).p_value == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("by_sharpe", [True, False])
def test_on_pure_noise_the_probabilities_are_what_they_say(by_sharpe: bool) -> None:  # noqa: FBT001
    settings, days = 20, 80
    p_values, over, best, expected = np.zeros((4, SEEDS))
    for seed in range(SEEDS):
        daily = noise(seed, settings, days)
        chance, found = by_chance(daily, by_sharpe=by_sharpe, draws=300), overfitting(daily, by_sharpe=by_sharpe)
        assert found is not None
        p_values[seed], over[seed], expected[seed] = chance.p_value, found.probability, chance.best
        best[seed] = (daily.mean(axis=1) / (daily.std(axis=1) if by_sharpe else 1.0)).max()
    for share in (0.05, 0.25):
        assert (p_values <= share).mean() == pytest.approx(share, abs=3 * math.sqrt(share * (1 - share) / SEEDS))
    assert over.mean() == pytest.approx(0.5, abs=3 * over.std() / math.sqrt(SEEDS))
    assert expected.mean() == pytest.approx(best.mean(), rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [5, 50])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_on_pure_noise_the_deflated_sharpe_ratio_is_no_surer_than_it_says(settings: int, correlation: float) -> None:
    """The best of settings without merit is above luck's as often as not, and no oftener than said at any level."""
    sure = np.zeros(SEEDS)
    for seed in range(SEEDS):
        together = math.sqrt(correlation) * noise(SEEDS + seed, 1, 80)
        daily = math.sqrt(1 - correlation) * noise(seed, settings, 80) + together
        ratios = daily.mean(axis=1) / daily.std(axis=1)
        found = deflated_sharpe(daily, int(ratios.argmax()), settings)
        assert found is not None
        sure[seed] = found[1]
    for level in (0.75, 0.9, 0.95):
        within = 1 - level + 3 * math.sqrt(level * (1 - level) / SEEDS)
        assert (sure > level).mean() <= within
    assert sure.mean() == pytest.approx(0.5, abs=0.02 + 3 * sure.std() / math.sqrt(SEEDS))


def test_the_deflated_sharpe_ratio_by_hand() -> None:
    daily = noise(3, 4, 30) + np.array([[0.0], [0.1], [0.2], [0.9]])
    ratios = [float(row.mean() / row.std(ddof=1)) for row in daily]
    found = deflated_sharpe(daily, 3, 10)
    assert found is not None
    expected = float(np.std(ratios, ddof=1)) * 1.574598
    assert found[0] == pytest.approx(expected, rel=1e-5)
    skew, kurtosis = scipy.stats.skew(daily[3]), scipy.stats.kurtosis(daily[3], fisher=False)
    error = math.sqrt((1 - skew * ratios[3] + (kurtosis - 1) / 4 * ratios[3] ** 2) / 29)
    assert found[1] == pytest.approx(scipy.stats.norm.cdf((ratios[3] - expected) / error))
    assert deflated_sharpe(np.ones((2, 30)), 0, 2) is None
