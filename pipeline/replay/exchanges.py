"""Which exchange a security is replayed on, and why nothing, or not this strategy, can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.engine.strategy import fields_of
from pipeline.errors import ConfigError, MarketFactsError, MissingExtra, StrategyError
from pipeline.markets.facts import facts_of
from pipeline.replay.result_key import strategy_text
from pipeline.replay.simulate import takes_switches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts

TICKS: Final = re.compile(r"\.(round_(down_|up_)?to_tick|tick)\(")
"""Where a strategy asks the market for its tick sizes."""

SAY_TICK: Final = 'Say the security\'s in the config, beside its parameters or in "_defaults": "tick_size": 0.01.'


def check_exchange(name: str, where: str) -> None:
    """Raise ConfigError, naming `where`, for an exchange that there is not."""
    if error := exchange_error(name):
        raise ConfigError(f"{where}: {error}")


def exchange_error(exchange: str) -> str | None:
    """Return why nothing can be replayed on an exchange; None where something can."""
    try:
        facts_of(exchange)
    except (MarketFactsError, MissingExtra) as error:
        return str(error)
    return None


def strategy_error(market: MarketFacts, strategy: type[Strategy], label: str, execution: Execution) -> str | None:
    """Return why a strategy cannot be replayed on a market under an execution model; None where it can."""
    if strategy.needs_closing_auction and not market.has_closing_auction:
        return (
            f"{label} trades in the closing auction, and {market.name} has none: "
            f"configs/markets/{market.exchange}.json has no 'closing_auction' in its sessions."
        )
    return (
        _times_error(market, strategy)
        or _lot_error(market, strategy, label)
        or tick_error(market, strategy, label, [execution])
    )


def _times_error(market: MarketFacts, strategy: type[Strategy]) -> str | None:
    """Return which of the times at which a strategy is to be called never comes; None where all do."""
    try:
        if strategy.times is not None:
            strategy.times.check(market)
    except StrategyError as error:
        return str(error)
    return None


def _lot_error(market: MarketFacts, strategy: type[Strategy], label: str) -> str | None:
    """Return why a strategy cannot ask for the lot of a market; None where it does not, or where that is one number."""
    sizes = [lot.size for lot in market.lot_sizes]
    if "lot" not in fields_of(strategy).facts or (len(sizes) == 1 and sizes[0].is_integer()):
        return None
    why = "is not known" if not sizes else "is no whole number" if len(sizes) == 1 else "has changed"
    return (
        f"{label} asks for the lot, and that of {market.name} {why}. Say one 'lot_size' in a file of your own, "
        f"configs/markets/{market.exchange}.json (`pipeline init` copies the shipped one)."
    )


def off_grid_words(market: MarketFacts) -> str:
    """Return what is to be said of the assumption check of a security whose tick sizes are not known."""
    return (
        f"{market.ticker}: tick sizes of {market.name} are not known, so the assumption check rounds no order price "
        f"to ticks: neither with order_price=grid nor in strict. {SAY_TICK}"
    )


def tick_error(
    market: MarketFacts, strategy: type[Strategy], label: str, executions: Iterable[Execution]
) -> str | None:
    """Return what needs the tick sizes of a market of which they are not known; None where nothing does."""
    if market.tick_tables:
        return None
    if TICKS.search(strategy_text(strategy)):
        needs = f"{label} asks for tick sizes"
    elif takes_switches(strategy) and any(execution.fields()["prices_on_grid"] for execution in executions):
        needs = "The execution model rounds order prices to ticks (order_price=grid)"
    else:
        return None
    return f"{needs}, and those of {market.name} are not known. {SAY_TICK}"
