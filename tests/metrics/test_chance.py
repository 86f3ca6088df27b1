"""What is said of how much may be chance."""

from __future__ import annotations

from typing import Any, Final

import pytest

from pipeline.metrics.chance import in_words

USUAL: Final[dict[str, Any]] = {
    "market_days": 64,
    "intervals": {"net_pnl": [-1.0, 2.0]},
    "probabilistic_sharpe": 0.913,
    "minimum_track_record": 1_234.0,
    "autocorrelation": 0.2,
    "skew": 0.1,
    "kurtosis": 3.2,
}
ENDS: Final = "95 % bootstrap intervals, from 2,000 resamples of these 64 days."
SURE: Final = (
    "The true Sharpe ratio is above 0 with a probability of 91.3 %; to be 95 % sure it takes 1,234 market days like "
    "these, were this the only setting ever tried."
)
GOES: Final = (
    "Daily P&L is {}autocorrelated ({}), so √252 {} the Sharpe ratio; the intervals allow for this, the probability "
    "does not."
)
FEW_DAYS: Final = (
    "A few days drive the result (skew -1.50, kurtosis 3.20): another sample could lose where this one did not."
)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, [ENDS, SURE]),
        ({"probabilistic_sharpe": None}, [ENDS]),
        (
            {"probabilistic_sharpe": 0.99999, "minimum_track_record": None},
            [ENDS, f"{SURE[:51]} of over 99.9 %, were this the only setting ever tried."],
        ),
        (
            {"autocorrelation": 0.31},
            [
                ENDS,
                SURE,
                GOES.format("", "0.31", "overstates"),
            ],
        ),
        (
            {"autocorrelation": -0.31},
            [
                ENDS,
                SURE,
                GOES.format("negatively ", "-0.31", "understates"),
            ],
        ),
        ({"skew": -1.5}, [ENDS, SURE, FEW_DAYS]),
        (
            {"market_days": 4, "intervals": None},
            ["4 market days: too few to say how much of the P&L is chance; it takes 10."],
        ),
    ],
)
def test_what_is_said_of_a_run(changed: dict[str, Any], said: list[str]) -> None:
    assert in_words(USUAL | changed) == said


def test_nothing_is_said_of_a_run_of_an_older_version() -> None:
    assert in_words({name: value for name, value in USUAL.items() if name != "intervals"}) == []
