"""References of the examples to start from: what each decides on an event, written anew from its own words."""

from __future__ import annotations

import math
import statistics
from collections import deque
from typing import TYPE_CHECKING, Any

from .auction_prices import round_to_tick, tick_at
from .glft import Glft
from .grid import on_grid
from .market_maker import MarketMaker
from .records import ASK, BID, OPEN, QUOTING_END, SECOND, TRADE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .orders import Event
    from .records import Switches

MINUTE = 60 * SECOND


class Example(MarketMaker):
    """Both touches as an example sees them, and orders sent only where they would change something.

    signals: of its one signal the value and the time of that as of each row, where it reads one.
    """

    signals: Sequence[tuple[float, int]] = ()

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(parameters, switches, exchange)
        self.given = parameters
        self.exchange_name = exchange

    @property
    def touches(self) -> tuple[tuple[float, int], tuple[float, int]] | None:
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        if bid is None or ask is None:
            return None
        return (bid[0], math.trunc(bid[1])), (ask[0], math.trunc(ask[1]))

    def quote_side(self, event: Event, which: int, price: float, size: int) -> None:
        """Have an order at a price, or none of size 0; one that stands there stays as it is."""
        side = self.sides[which]
        if size <= 0:
            self.send(event, which, "cancel")
        elif side.quote != price:
            self.send(event, which, "place", price, size)

    def stop_loss(self, event: Event) -> bool:
        """Let the strategy act where neither side of the book is there, too."""
        if self.sides[BID].touch is None and self.sides[ASK].touch is None:
            self.quote(event)
        return True

    def rooms(self, size: int, most: int) -> tuple[int, int]:
        return min(size, most - self.account.position), min(size, most + self.account.position)


class Avellaneda(Example):
    """The reservation price and the spread of equations (29) and (30)."""

    before: tuple[float, int] | None = None
    variance: float | None = None
    heard = 0

    def quote(self, event: Event) -> None:
        both = self.touches
        if both is None or both[0][0] >= both[1][0]:
            return
        (bid, _), (ask, _) = both
        mid = (bid + ask) / 2
        if self.before is None or event.ts > self.before[1]:
            seconds = (event.ts - self.before[1]) / SECOND if self.before else math.inf
            if self.before is not None and seconds < 3600:
                change = (mid - self.before[0]) ** 2 / seconds
                if self.variance is None:
                    self.variance = change
                else:
                    half_lives = (event.ts - self.heard) / (self.given["half_life_sec"] * SECOND)
                    self.variance = change + 0.5**half_lives * (self.variance - change)
                self.heard = event.ts
            self.before = mid, event.ts
        if self.variance is None:
            return
        gamma, lot = self.given["risk_aversion"], self.given["lot"]
        risk = gamma * self.variance * ((QUOTING_END - event.tod) / SECOND)
        reservation = mid - self.account.position / lot * risk
        half = risk / 2 + math.log1p(gamma / self.given["fill_decay"]) / gamma
        low, high = max(reservation - half, bid / 2), min(reservation + half, ask * 2)
        full = self.given["max_lots"] * lot
        prices = {
            BID: min(bid, on_grid(low, self.exchange_name, up=False)),
            ASK: max(ask, on_grid(high, self.exchange_name, up=True)),
        }
        self.quote_side(event, BID, prices[BID], 0 if self.account.position >= full else lot)
        self.quote_side(event, ASK, prices[ASK], 0 if self.account.position <= -full else lot)


class ImbalanceSkew(Example):
    """A side at the touch unless the weighted mid leans against it."""

    def quote(self, event: Event) -> None:
        both = self.touches
        buy = sell = 0
        bid = ask = 0.0
        if both is not None and both[0][0] < both[1][0]:
            (bid, bids), (ask, asks) = both
            buy, sell = self.rooms(self.given["size"], self.given["max_position"])
            weighted = (bid * asks + ask * bids) / (bids + asks)
            lean = (weighted - (bid + ask) / 2) / (ask - bid)
            buy = buy if lean > -self.given["lean"] else 0
            sell = sell if lean < self.given["lean"] else 0
        self.quote_side(event, BID, bid, buy)
        self.quote_side(event, ASK, ask, sell)


class OneTickInside(Example):
    """A tick inside a spread of so many, until it has become the touch."""

    def quote(self, event: Event) -> None:
        both = self.touches
        buy = sell = 0
        bid = ask = 0.0
        if both is not None and both[0][0] < both[1][0]:
            (bid, _), (ask, _) = both
            tick = tick_at(bid, self.exchange_name)
            if round((ask - bid) / tick) >= self.given["min_ticks"]:
                buy, sell = self.rooms(self.given["size"], self.given["max_position"])
            bid, ask = round_to_tick(bid + tick, self.exchange_name), round_to_tick(ask - tick, self.exchange_name)
        for which, inside, size, sign in ((BID, bid, buy, 1), (ASK, ask, sell, -1)):
            side = self.sides[which]
            stays = side.quote is not None and side.touch is not None
            stays = stays and sign * side.touch[0] <= sign * (side.quote or 0.0) <= sign * inside  # type: ignore[index]
            if size <= 0 or not stays:
                self.quote_side(event, which, inside, size)


class MomentumTaker(Example):
    """A breakout taken, then a stop, a target or the time."""

    entered = 0
    entry = 0.0

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(parameters, switches, exchange)
        self.prints: deque[float] = deque(maxlen=50)

    def after_fill(self, before: int, price: float) -> None:
        held = self.account.position
        if before == 0:
            self.entry = price
        elif abs(held) > abs(before):
            self.entry = (self.entry * abs(before) + price * (abs(held) - abs(before))) / abs(held)

    def quote(self, event: Event) -> None:
        both = self.touches
        if both is None:
            return
        position = self.account.position
        if position != 0:
            out, sign = (both[0][0], 1) if position > 0 else (both[1][0], -1)
            gain = (out / self.entry - 1) * 10_000 * sign
            over = event.ts - self.entered >= self.given["longest_sec"] * SECOND
            if over or gain <= -self.given["stop_bps"] or gain >= self.given["target_bps"]:
                self.send(event, ASK if position > 0 else BID, "take", 0.0, abs(position))
        elif event.kind == TRADE and len(self.prints) == self.prints.maxlen:
            mean = sum(self.prints) / len(self.prints)
            band = self.given["deviations"] * statistics.stdev(self.prints)
            if band > 0 and abs(event.price - mean) > band:
                self.send(event, BID if event.price > mean else ASK, "take", 0.0, self.given["size"])
                self.entered = event.ts
        if event.kind == TRADE:
            self.prints.append(event.price)


class Twap(Example):
    """So much a day in slices."""

    today = -1
    done = 0

    def after_fill(self, before: int, price: float) -> None:  # noqa: ARG002
        bought = self.account.position - before
        self.done += max(0, bought)

    def quote(self, event: Event) -> None:
        if event.day != self.today:
            self.today, self.done = event.day, 0
            self.send(event, BID, "cancel")
        since = event.tod - OPEN - self.given["begins_after_min"] * MINUTE
        total, slices, lasts = self.given["quantity"], self.given["slices"], self.given["lasts_min"] * MINUTE
        both = self.touches
        if since < 0 or both is None or self.done >= total:
            return
        begun = min(slices, since * slices // lasts + 1)
        due = total if since >= lasts else total * (begun - 1) // slices
        if due > self.done:
            self.send(event, BID, "cancel")
            self.send(event, BID, "take", 0.0, due - self.done)
            return
        wanted = total * begun // slices - self.done
        side = self.sides[BID]
        if wanted <= 0 or side.quote != both[0][0] or side.remaining != wanted:
            self.send(event, BID, "cancel" if wanted <= 0 else "place", both[0][0], wanted)


class Pairs(Example):
    """A side at the touch by how far a log ratio is from its mean, and back to flat past it."""

    sampled = 0

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(parameters, switches, exchange)
        self.ratios: deque[float] = deque(maxlen=60)

    def quote(self, event: Event) -> None:
        both = self.touches
        other, since = self.signals[event.index]
        wanted = {BID: 0, ASK: 0}
        if both is not None and other > 0 and event.ts - since < self.given["oldest_sec"] * SECOND:
            ratio = math.log((both[0][0] + both[1][0]) / 2 / other)
            held = self.account.position
            if len(self.ratios) == self.ratios.maxlen:
                mean = sum(self.ratios) / len(self.ratios)
                deviation = math.sqrt(sum((each - mean) ** 2 for each in self.ratios) / (len(self.ratios) - 1))
                dearness = (ratio - mean) / deviation if deviation else math.copysign(math.inf, ratio - mean)
                room = self.rooms(self.given["size"], self.given["max_position"])
                if abs(dearness) > self.given["deviations"]:
                    which = ASK if dearness > 0 else BID
                    wanted[which] = room[which]
                elif held * dearness > 0:
                    wanted[ASK if held > 0 else BID] = min(self.given["size"], abs(held))
            if event.ts - self.sampled >= self.given["every_sec"] * SECOND:
                self.ratios.append(ratio)
                self.sampled = event.ts
        for which in (BID, ASK):
            self.quote_side(event, which, both[which][0] if both else 0.0, wanted[which])


EXAMPLES: Mapping[str, type[MarketMaker]] = {
    "avellaneda": Avellaneda,
    "glft": Glft,
    "imbalance_skew": ImbalanceSkew,
    "one_tick_inside": OneTickInside,
    "momentum_taker": MomentumTaker,
    "twap": Twap,
    "pairs": Pairs,
}
