"""Figures of daily P&L beside those of ffn 1.4.1 and skfolio 1.12.2, which were asked about the very same days."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest

from pipeline.metrics.formulas import max_drawdown, sharpe, sortino
from pipeline.metrics.sharpe import shape_of
from tests.wobbling import wobbling_days

RETURNS: Final = wobbling_days(1) / 1e4 + 0.0004


def test_annualised_ratios_are_those_of_ffn() -> None:
    """By `calc_sharpe` and `calc_sortino_ratio(returns, nperiods=252, annualize=True)`."""
    assert sharpe(RETURNS) == pytest.approx(0.5254747156184117, rel=1e-12)
    assert sortino(RETURNS) == pytest.approx(0.7968148836156632, rel=1e-12)


def test_the_shape_and_the_deepest_fall_are_those_of_skfolio() -> None:
    """By `measures`: skew, kurtosis, and max_drawdown of `get_drawdowns(days, compounded=False)`."""
    days = wobbling_days(1)
    shape: Any = shape_of(days)
    assert (shape.skew, shape.kurtosis) == pytest.approx((0.1575060782946792, 1.7396988363677643), rel=1e-12)
    assert max_drawdown(np.cumsum(days)) == 446.0
