"""Rates: read and checked, the last known day counts, and what is missing is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.errors import BadRequest, RatesError
from pipeline.replay.fx import read_rates

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "day,currency,rate\n"
FIRST = 20_089
"""2025-01-01."""


def rates_of(folder: Path, text: str, *constants: str, currency: str | None = "AED") -> Any:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return read_rates([str(path), *constants], currency)


def test_the_last_known_day_counts_and_days_without_a_rate_are_told(tmp_path: Path) -> None:
    text = "\ufeffRate, Day,CURRENCY\n4.5,2025-01-03,GBP\n\n4.25,2025-01-01,GBP\n3.5,2025-01-02,USD\n"
    rates = rates_of(tmp_path, text, "KWD=12")
    pounds = rates.conversion("GBP", "VOD", FIRST)
    days = np.array([FIRST, FIRST + 1, FIRST + 2, FIRST + 9])
    assert pounds.at(days).tolist() == [4.25, 4.25, 4.5, 4.5]
    assert pounds.carried(days).tolist() == [FIRST + 1, FIRST + 9]
    dinars = rates.conversion("KWD", "NBK", FIRST - 500)
    assert dinars.at(days).tolist() == [12.0] * 4
    assert not len(dinars.carried(days))
    assert rates.conversion("AED", "FAB", FIRST) is None
    assert (rates.source, len(rates.fingerprint)) == ("rates.csv", 32)


def test_constants_are_given_as_texts_or_by_currency() -> None:
    for fx in ("USD=3.6725", ["usd = 3.6725"], {"USD": 3.6725}):
        rates: Any = read_rates(fx, "AED")
        assert dict(rates.constants) == {"USD": 3.6725}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day,currency\n", "no column rate"),
        ("", "no column day, currency, rate"),
        (f"{HEAD}2025-01-01,GBP\n", "line 2: 2 cells"),
        (f"{HEAD}1/2/2025,GBP,4\n", "line 2: '1/2/2025' is no day"),
        (f"{HEAD}2025-01-01,GBp,4\n", "line 2: 'GBp' is a part of a currency; .* as GBP"),
        (f"{HEAD}2025-01-01,gbp,4\n", "line 2: 'gbp' is no currency"),
        (f"{HEAD}2025-01-01,GBP,0\n", "line 2: '0' is no rate"),
        (f"{HEAD}2025-01-01,GBP,nan\n", "line 2: 'nan' is no rate"),
        (f"{HEAD}2025-01-01,GBP,4\n2025-01-01,GBP,5\n", "line 3: another rate of GBP on 2025-01-01"),
        (f"{HEAD}2025-01-01,AED,2\n", "rates of AED that are not 1"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RatesError, match=words):
        rates_of(tmp_path, text)


def test_what_is_missing_is_named_with_the_security(tmp_path: Path) -> None:
    rates = rates_of(tmp_path, f"{HEAD}2025-01-02,GBP,4\n")
    with pytest.raises(RatesError, match=r"AAPL is in USD, and rates\.csv has no rate of USD.*--fx USD=RATE"):
        rates.conversion("USD", "AAPL", FIRST)
    with pytest.raises(RatesError, match=r"VOD has ticks from 2025-01-01 on, and the first rate of GBP .* 2025-01-02"):
        rates.conversion("GBP", "VOD", FIRST)


def test_where_there_are_no_rates_at_all_it_is_said_without_a_file() -> None:
    rates = read_rates((), "USD")
    assert rates is not None
    with pytest.raises(RatesError) as refused:
        rates.conversion("AED", "FAB", FIRST)
    assert str(refused.value) == (
        "FAB is in AED, and without --fx there is no rate for AED. Add --fx AED=RATE, in USD for one AED."
    )


@pytest.mark.parametrize(
    ("fx", "currency", "error", "words"),
    [
        ("USD=3", None, BadRequest, "nothing says what to convert to"),
        ("USD=3", "aed", BadRequest, "--currency: 'aed' is no currency"),
        ("USD=3", "GBp", BadRequest, "--currency: 'GBp' is a part of a currency; .* as GBP"),
        ("GBp=0.04", "AED", RatesError, "--fx GBp=0.04: 'GBp' is a part of a currency; .* as GBP"),
        ({"ZAc": 0.2}, "AED", RatesError, "'ZAc' is a part of a currency"),
        ("USD=x", "AED", RatesError, "'x' is no rate"),
        (["USD=3", "usd=4"], "AED", BadRequest, "--fx USD is given twice; keep one rate of it"),
        ("AED=2", "AED", BadRequest, "a unit of AED is one AED"),
        ("nowhere.csv", "AED", RatesError, "nowhere.csv cannot be read"),
        ("tests", "AED", RatesError, "--fx: tests cannot be read: it is a folder, and a file is needed"),
        (["a.csv", "b.csv"], "AED", BadRequest, "a.csv, b.csv"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(fx: Any, currency: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        read_rates(fx, currency)


def test_no_currency_and_no_rates_convert_nothing() -> None:
    assert read_rates((), None) is None
