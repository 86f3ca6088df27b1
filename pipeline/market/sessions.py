"""An exchange's name in, its trading sessions out, as the file of that exchange in `configs/markets` states them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from pipeline.errors import MarketFactsError, nearest

FOLDER: Final = Path(__file__).resolve().parents[2] / "configs" / "markets"
MINUTE: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one trading day as market makers use them; ns since midnight on the exchange's clock.

    Continuous trading is [continuous_opens, continuous_closes). The closing auction prints at or after auction_prints.
    """

    exchange: str
    continuous_opens: int
    continuous_closes: int
    auction_prints: int


@cache
def sessions_of(exchange: str) -> Sessions:
    """Return the sessions of an exchange; raise MarketFactsError when its file is missing or not usable."""
    path = FOLDER / f"{exchange}.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        opens, closes = facts["sessions"]["continuous"]
        _, prints = facts["sessions"]["closing_auction"]
        return Sessions(exchange, _time(opens), _time(closes), _time(prints))
    except FileNotFoundError:
        known = sorted(file.stem for file in FOLDER.glob("*.json"))
        raise MarketFactsError(
            f"No market facts for exchange '{exchange}'; there are {', '.join(known)}.{nearest(exchange, known)} "
            f"Add {path}."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MarketFactsError(f"{path}: the trading sessions cannot be read ({error!r}).") from error


def _time(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE
