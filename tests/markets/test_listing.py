"""A ticker that another market's file lists is told, whatever code its name carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.inspection import warn, warn_market
from pipeline.inspection.counting import count
from pipeline.markets.facts import facts_of
from tests.made import random_ticks

if TYPE_CHECKING:
    import pytest


def test_a_security_that_another_market_is_known_to_list_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warn_market, "exchanges_listing", lambda ticker: ("DFM",) if ticker == "EMAAR" else ())
    counts = count(random_ticks(1), facts_of("ADX"))
    told = [text for text in warn.of_counts("EMAAR", counts, facts_of("ADX")) if "known to list" in text]
    assert told == ['EMAAR: its name says ADX, and DFM is known to list it. A config\'s "exchange": "DFM" decides.']
    for ticker, exchange in (("EMAAR", "DFM"), ("FAB", "ADX")):
        assert not [text for text in warn.of_counts(ticker, counts, facts_of(exchange)) if "known to list" in text]
