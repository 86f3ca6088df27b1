"""What a strategy's file imports of the market: the type that its hooks are given, and the sides of a fill."""

from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.calls import CallingLadderMarket, CallingMarket
from pipeline.engine.rules.ladder import LadderMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import BUY, SELL

__all__ = ["BUY", "SELL", "AuctionMarket", "CallingLadderMarket", "CallingMarket", "LadderMarket", "Market"]
