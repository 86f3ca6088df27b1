"""What a strategy's file imports of the market: the type that its hooks are given, sides, phases."""

from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.calls import (
    BREAK,
    CLOSED,
    CLOSING_AUCTION,
    CONTINUOUS,
    OPENING_AUCTION,
    PRE_OPEN,
    TRADE_AT_LAST,
    CallingLadderMarket,
    CallingMarket,
)
from pipeline.engine.rules.ladder import LadderMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import BUY, SELL

__all__ = [
    "BREAK",
    "BUY",
    "CLOSED",
    "CLOSING_AUCTION",
    "CONTINUOUS",
    "OPENING_AUCTION",
    "PRE_OPEN",
    "SELL",
    "TRADE_AT_LAST",
    "AuctionMarket",
    "CallingLadderMarket",
    "CallingMarket",
    "LadderMarket",
    "Market",
]
