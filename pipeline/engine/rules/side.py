"""One side of the market, and the messages on their way to it."""

from __future__ import annotations

from pipeline.engine.rules.order import CANCEL, HOLD, POST, RESIZE, Order


class Side(Order):
    """The bid or the ask: its touch in the book, our order there, and with a latency what is on its way.

    Written once for both: the compiled engine takes this text into its loop twice. `sent` is the first message on its
    way, `later` the one behind it.
    """

    arrives: int = 0
    sent_size: int = 0
    later_arrives: int = 0
    later_price: float = 0.0
    later_size: int = 0

    def send(self) -> None:
        """Send what was asked for. It changes the size of a message like it that is the last on its way.

        Two are on their way at most, beside an order to take: a third takes the place of the second.
        """
        message = self.asked
        self.asked = 0
        if message != 0:
            is_last = self.later == 0 and message == self.sent_message and self.asked_price == self.sent_price
            if not self.sent or is_last:
                if not self.sent:
                    self.arrives = self.market.now + self.market.latency
                self.sent = True
                self.sent_message = message
                self.sent_price = self.asked_price
                self.sent_size = self.asked_size
            else:
                if message != self.later or self.asked_price != self.later_price:
                    self.later_arrives = self.market.now + self.market.latency
                    self.take_behind = min(self.take_behind, 1)
                self.later = message
                self.later_price = self.asked_price
                self.later_size = self.asked_size

    def arrive(self) -> None:
        """Let the exchange act on what was sent long enough ago, in the order it was sent."""
        for _ in range(3):
            if self.take_sent and self.take_behind == 0:
                if self.market.now >= self.take_arrives:
                    self.take_late()
            elif self.sent and self.market.now >= self.arrives:
                message = self.sent_message
                price = self.sent_price
                size = self.sent_size
                self.sent = self.later != 0
                self.sent_message = self.later
                self.sent_price = self.later_price
                self.sent_size = self.later_size
                self.arrives = self.later_arrives
                self.later = 0
                self.take_behind = max(self.take_behind - 1, 0)
                self.obey(message, price, size)

    def take_late(self) -> None:
        """Let an order to take that has arrived have what it finds."""
        self.take_sent = False
        had = min(self.take_size, self.other.available())
        if had > 0:
            self.took += had
            self.late = had
            self.market.crossing_awaited = True
            self.late_price = self.other.price
            if self.market.shown_once:
                self.other.taken += had

    def has_taken(self) -> bool:
        """Say whether something that was taken is still to be booked."""
        return self.crossing > 0 or ((self.market.batched or self.market.latency > 0) and self.late > 0)

    def obey(self, message: int, price: float, size: int) -> None:
        """Do what a message that has arrived asks for; it is void when what it means has gone."""
        if message == HOLD:
            self.keep_place(price)
        elif message == CANCEL:
            self.withdraw()
        elif message <= POST or (price == self.order_price and self.live == (message == RESIZE)):
            rejects = self.market.rejects_marketable or message == POST
            if message == RESIZE or not (rejects and self.is_marketable(price)):
                self.place(price, size, message <= POST)

    def forget(self) -> None:
        """Start a day with no order and nothing on its way."""
        self.remove()
        self.asked = 0
        self.sent = False
        self.later = 0
        self.take_sent = False
        self.took = 0
