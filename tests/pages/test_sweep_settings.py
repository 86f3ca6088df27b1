"""What a sweep's page computes: rank correlation, the settings it carries, the cells of an axis."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.pages.sweep_axes import axis_of_values
from pipeline.pages.sweep_tables import rank_correlation
from pipeline.pages.sweep_words import order_in_words
from pipeline.sweeps.trials import even_sample


@given(arrays(np.float64, (2, 25), elements=st.one_of(st.integers(-4, 4).map(float), st.just(float("nan")))))
def test_the_rank_correlation_is_that_of_pandas(both: Any) -> None:
    correlation = rank_correlation(both[0], both[1])
    frame = pd.DataFrame(both.T).dropna()
    ranks = frame.rank()
    if len(frame) < 3 or (ranks.nunique() < 2).any():
        assert correlation is None
    else:
        assert correlation == pytest.approx(ranks[0].corr(ranks[1]))


@pytest.mark.parametrize(
    ("correlation", "words"),
    [
        (1.0, "mostly held"),
        (0.69, "held in part"),
        (0.0, "did not hold"),
        (-0.3, "did not hold"),
        (-0.32, "was reversed in part"),
        (-0.71, "was mostly reversed"),
        (-1.0, "was mostly reversed"),
        (-1.0000000000000002, "was mostly reversed"),
    ],
)
def test_the_words_for_a_rank_correlation_claim_no_more_than_it_does(correlation: float, words: str) -> None:
    assert order_in_words(correlation).startswith(f"the order of the settings {words}")


@pytest.mark.parametrize("sizes", [(25, 20, 2), (6, 5, 7, 2, 3, 2), (2,) * 12, (1000, 3)])
def test_a_sample_is_in_step_with_no_axis_of_the_grid(sizes: tuple[int, ...]) -> None:
    total = int(np.prod(sizes))
    at = even_sample(np.arange(1, total + 1), 300)
    assert len(at) == 300
    assert (np.diff(at) > 0).all()
    for axis in np.unravel_index(at, sizes):
        counts = np.bincount(axis)
        if len(counts) <= 7:
            assert counts.max() < 1.35 * 300 / len(counts)
            assert counts.min() > 0.65 * 300 / len(counts)


def test_what_is_few_enough_is_not_sampled() -> None:
    assert even_sample(np.array([3, 9, 4]), 3).tolist() == [0, 1, 2]


ALL: Final = (True, True, True, True)
COLUMNS: Final[dict[str, tuple[list[Any], list[int], tuple[bool, ...], list[str], list[int]]]] = {
    "numbers in order": ([30, 5, 200], [0, 1, 2, 1], ALL, ["5", "30", "200"], [1, 0, 2, 0]),
    "large and small": ([1_000_000, 0.1, 2.0], [0, 1, 2, 1], ALL, ["0.1", "2", "1,000,000"], [2, 0, 1, 0]),
    "words as they came": (["strict", "classic"], [0, 1, 0, 1], ALL, ["strict", "classic"], [0, 1, 0, 1]),
    "truths": ([True, False], [0, 1, 1, 0], ALL, ["true", "false"], [0, 1, 1, 0]),
    "fees by exchange": (['{"ADX": 2.0, "DFM": 3}', "0"], [0, 1, 0, 1], ALL, ["ADX 2, DFM 3", "0"], [0, 1, 0, 1]),
    "none given": ([7, 5], [-1, 0, 1, -1], ALL, ["5", "7", "none"], [2, 1, 0, 2]),
    "not for every strategy": ([7, 5], [-1, 0, 1, -1], (False, True, True, False), ["5", "7"], [-1, 1, 0, -1]),
    "a value of no setting": ([7, 5, 6], [0, 2, 0, 2], ALL, ["6", "7"], [1, 0, 1, 0]),
}


@pytest.mark.parametrize("named", COLUMNS)
def test_the_values_of_an_axis(named: str) -> None:
    values, codes, applies, shown, places = COLUMNS[named]
    axis = axis_of_values("execution.fees_bps", values, np.array(codes, np.int32), np.array(applies))
    assert (list(axis.values), axis.codes.tolist()) == (shown, places)
    assert (list(axis.cells), axis.cell_codes.tolist(), axis.label) == (shown, places, "fees_bps")


def test_values_that_are_put_together_keep_their_order_and_ends() -> None:
    values = [float(size) for size in np.geomspace(1, 1e6, 400)]
    axis = axis_of_values("size", values, np.arange(400, dtype=np.int32), np.ones(400, bool))
    assert len(axis.cells) == 20
    assert (np.diff(axis.cell_codes) >= 0).all()
    assert np.bincount(axis.cell_codes).min() >= 19
    assert (axis.cells[0], axis.cells[-1][-9:]) == ("1 \N{EN DASH} 1.931", "1,000,000")


def test_too_many_words_end_in_others() -> None:
    axis = axis_of_values("kind", [f"k{at}" for at in range(60)], np.arange(60, dtype=np.int32), np.ones(60, bool))
    assert (len(axis.values), len(axis.cells), axis.cells[-1]) == (60, 40, "others")
    assert axis.cell_codes.tolist() == [*range(39), *[39] * 21]
