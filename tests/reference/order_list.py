"""Several orders a side as a plain list: what is asked for, what is on its way, and in which order they stand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .market_maker import MarketMaker
from .records import ASK, BID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .orders import Event
    from .records import Switches


@dataclass
class Resting:
    """An order of ours. `since` counts up with every entry into a queue; `unbooked` is what it took of the touch."""

    number: int
    which: int
    price: float = 0.0
    remaining: int = 0
    ahead: int = 0
    printed: int = 0
    since: int = 0
    unbooked: int = 0
    unbooked_price: float = 0.0


@dataclass
class Mail:
    """What is on its way about an order, or of number 0 an order to take."""

    number: int
    which: int
    verb: str
    price: float
    size: int
    arrival: int


class OrderList(MarketMaker):
    """A market maker with up to `levels` orders a side."""

    levels = 5

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(parameters, switches, exchange)
        self.known: list[Resting] = []
        self.placed = self.refused = self.entries = self.filling = 0
        self.mail: list[Mail] = []
        self.took = {BID: 0, ASK: 0}
        self.now = 0
        self.aside = False

    # What a strategy asks for.

    def place_one(self, which: int, price: float, size: int) -> int:
        """Place one more order; give its number, or 0."""
        price = self.order_price(which, price)
        if size == 0 or not self.may_ask(price) or (not self.switches.latency_ms and self.is_rejected(which, price)):
            return 0
        away = {mail.number for mail in self.mail if mail.verb == "place"}
        taken = [o for o in self.known if o.which == which and (o.remaining + o.unbooked > 0 or o.number in away)]
        if len(taken) >= self.levels:
            self.refused += 1
            return 0
        self.placed += 1
        order = Resting(self.placed, which)
        self.known.append(order)
        self.say(order, "place", price, size)
        return order.number

    def replace_one(self, number: int, price: float, size: int) -> bool:
        """Give an order another price and size; say whether it was done or asked for."""
        order = self.standing_order(number) or self.away(number)
        if order is None:
            return False
        price = self.order_price(order.which, price)
        keeps = order.remaining > 0 and price == order.price and size <= order.remaining
        if size > 0 and not keeps and not self.may_ask(price):
            return False
        return self.say(order, "replace", price, size)

    def cancel_one(self, number: int) -> None:
        """Take an order out of the market."""
        order = self.standing_order(number) or self.away(number)
        if order is not None:
            self.say(order, "cancel", 0.0, 0)

    def take_one(self, event: Event, which: int, wanted: int) -> int:
        """Take from the opposite touch, or ask to; give how much has been had since the last call."""
        if not self.switches.latency_ms:
            before = self.account.position
            self.hit(event, which, wanted)
            return abs(self.account.position - before)
        had, self.took[which] = self.took[which], 0
        if wanted > had:
            asked = next((mail for mail in self.mail if mail.number == 0 and mail.which == which), None)
            if asked is None:
                self.mail.append(Mail(0, which, "take", 0.0, wanted - had, self.arrival()))
            else:
                asked.size = wanted - had
        return had

    # The way there.

    def arrival(self) -> int:
        """Give when what is sent now arrives."""
        return self.now + round(self.switches.latency_ms * 1_000_000)

    def say(self, order: Resting, verb: str, price: float, size: int) -> bool:
        """Ask the exchange for something; a third message about an order takes the place of the second."""
        mail = Mail(order.number, order.which, verb, price, size, self.arrival())
        if not self.switches.latency_ms:
            return self.do(order, mail)
        for late in [late for late in self.mail if late.number == order.number][1:]:
            self.mail.remove(late)
        self.mail.append(mail)
        return True

    def away(self, number: int) -> Resting | None:
        """Give an order about which something is on its way."""
        if number > 0 and any(mail.number == number for mail in self.mail):
            return self.known[number - 1]
        return None

    def arrive(self) -> None:
        """Let arrive what is due, the bids' first, as it was sent."""
        for which in (BID, ASK):
            while due := self.next_due(which):
                self.mail.remove(due)
                if due.number == 0:
                    opposite = self.sides[ASK if which == BID else BID].touch
                    had = self.take(which, due.size)
                    if had > 0 and opposite is not None:
                        self.took[which] += had
                        self.late_hits[which] = (opposite[0], had)
                else:
                    self.do(self.known[due.number - 1], due)

    def next_due(self, which: int) -> Mail | None:
        """Give what is to arrive next on a side."""
        oldest = next((mail for mail in self.mail if mail.which == which), None)
        return oldest if oldest is not None and oldest.arrival <= self.now else None

    def do(self, order: Resting, mail: Mail) -> bool:
        """Do at the exchange what is asked for, as far as the order is there; say whether it was done."""
        if mail.verb == "place":
            if self.is_rejected(order.which, mail.price):
                self.forget_mail(order)
                return False
            self.enter(order, mail.price, mail.size)
        elif order.remaining == 0:
            return False
        elif mail.size == 0:
            self.remove(order)
        elif mail.price == order.price and mail.size <= order.remaining:
            order.remaining = mail.size
        elif self.is_rejected(order.which, mail.price):
            return False
        else:
            order.remaining = 0
            self.enter(order, mail.price, mail.size)
        return True

    def remove(self, order: Resting) -> None:
        """Let an order have gone."""
        order.remaining = 0
        self.forget_mail(order)

    def forget_mail(self, order: Resting) -> None:
        """Let what is on its way about an order be void."""
        self.mail = [mail for mail in self.mail if mail.number != order.number]

    def standing_order(self, number: int) -> Resting | None:
        """Give an order that stands, by its number."""
        return next((order for order in self.known if order.number == number and order.remaining > 0), None)

    def ranked(self, which: int) -> list[Resting]:
        """Give the orders that stand on a side, the best price first, the older one first at one price."""
        sign = -1 if which == BID else 1
        standing = [order for order in self.known if order.which == which and order.remaining > 0]
        return sorted(standing, key=lambda order: (sign * order.price, order.since))

    def may_ask(self, price: float) -> bool:
        """Say whether an order may be asked for at a price now."""
        return price > 0 and not self.waits_for_uncrossed_book()

    def is_rejected(self, which: int, price: float) -> bool:
        """Say whether the exchange places nothing at a price now."""
        return self.switches.marketable == "reject" and self.reaches_opposite(which, price)

    def enter(self, order: Resting, price: float, size: int) -> None:
        """Let an order join the back of a queue, once it has taken what it may."""
        if self.switches.self_cross == "cancel_older":
            for other in self.ranked(ASK if order.which == BID else BID):
                if price >= other.price if order.which == BID else price <= other.price:
                    self.remove(other)
        self.entries += 1
        order.price, order.remaining, order.since, order.printed = price, size, self.entries, 0
        order.ahead = self.queue_at(order.which, price)
        if self.switches.marketable == "take" and self.reaches_opposite(order.which, price):
            touch = self.sides[ASK if order.which == BID else BID].touch
            taken = self.take(order.which, size)
            assert touch is not None
            order.ahead = 0
            order.remaining -= taken
            if taken > 0:
                order.unbooked, order.unbooked_price = order.unbooked + taken, touch[0]
            if order.remaining == 0:
                self.forget_mail(order)
        self.keep_priority(order.which)

    def keep_priority(self, which: int) -> None:
        """Let nobody stand before an older order who does not stand before a younger one at its price as well."""
        ranked = self.ranked(which)
        for older, younger in pairwise(ranked):
            if older.price == younger.price:
                younger.ahead = max(younger.ahead, older.ahead)
