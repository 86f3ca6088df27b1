"""Which exchange a security is replayed on, and why nothing, or not this strategy, can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.errors import ConfigError, MarketFactsError, MissingExtra
from pipeline.markets.facts import facts_of
from pipeline.replay.result_key import strategy_text

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy

TICKS: Final = re.compile(r"\.(round_(down_|up_)?to_tick|tick)\(")
"""Where a strategy asks the market for its tick sizes."""


def check_exchange(name: str, where: str) -> None:
    """Raise ConfigError, naming `where`, for an exchange that there is not."""
    if error := exchange_error(name):
        raise ConfigError(f"{where}: {error}")


def exchange_error(exchange: str, strategy: type[Strategy] | None = None, label: str = "") -> str | None:
    """Return why nothing, or not this strategy, can be replayed on an exchange; None where it can."""
    try:
        market = facts_of(exchange)
    except (MarketFactsError, MissingExtra) as error:
        return str(error)
    if strategy is not None and strategy.needs_closing_auction and not market.has_closing_auction:
        return (
            f"{label} trades in the closing auction, and {market.name} has none: configs/markets/{exchange}.json has "
            "no 'closing_auction' in its sessions."
        )
    if strategy is not None and not market.tick_tables and TICKS.search(strategy_text(strategy)):
        return (
            f"{label} rounds prices to ticks, and those of {market.name} are not known: add 'tick_sizes' to a file of "
            f"your own, configs/markets/{exchange}.json (`pipeline init` copies the shipped one)."
        )
    return None
