"""The exchanges' sessions are those their rules state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import MarketFactsError
from pipeline.market import sessions
from pipeline.market.sessions import Sessions, sessions_of

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3_600_000_000_000
MINUTE = 60_000_000_000


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_trading_is_from_ten_to_a_quarter_to_three_and_the_auction_prints_from_five_to(exchange: str) -> None:
    assert sessions_of(exchange) == Sessions(exchange, 10 * HOUR, 14 * HOUR + 45 * MINUTE, 14 * HOUR + 55 * MINUTE)


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_every_fact_has_its_source(exchange: str) -> None:
    facts = json.loads((sessions.FOLDER / f"{exchange}.json").read_text(encoding="utf-8"))
    assert facts["sources"]["sessions"].startswith("https://")


def test_an_unknown_exchange_is_named_with_those_there_are() -> None:
    with pytest.raises(MarketFactsError) as refused:
        sessions_of("DFX")
    message = str(refused.value)
    assert message.startswith("No market facts for exchange 'DFX'; there are ADX, DFM. Did you mean 'DFM'? Add ")
    assert message.endswith("DFX.json.")


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"sessions": {"continuous": ["10:00"]}}', '{"sessions": {"continuous": ["ten", "two"]}}']
)
def test_facts_that_cannot_be_read_are_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "FOLDER", tmp_path)
    (tmp_path / "XYZ.json").write_text(text, encoding="utf-8")
    with pytest.raises(MarketFactsError, match=r"XYZ\.json: the trading sessions cannot be read"):
        sessions_of("XYZ")
