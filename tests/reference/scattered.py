"""A strategy that does whatever chance says with several orders a side, in the words of the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ladder import Ladder
from .records import ASK, BID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .orders import Event
    from .records import Switches

REMEMBERED = 12


class Scattered(Ladder):
    """Places, replaces, cancels and looks at orders by a linear congruential generator, also when it is filled."""

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(parameters, switches, exchange)
        self.levels = parameters["levels"]
        self.state: int = parameters["seed"]
        self.numbers = [0] * REMEMBERED
        self.next = 0
        self.heard = 0

    def draw(self, below: int) -> int:
        self.state = (self.state * 1_103_515_245 + 12_345) % 2**31
        return self.state // 65_536 % below

    def note(self, value: int) -> None:
        self.heard = (self.heard * 31 + value) % 1_000_003

    def quote(self, event: Event) -> None:
        if self.draw(30) == 0:
            self.aside = not self.aside
        for _ in range(self.draw(4)):
            self.act()
        if self.draw(10) == 0:
            self.note(self.take_one(event, BID if self.draw(2) == 0 else ASK, 30))

    def act(self) -> None:
        what = self.draw(8)
        which = BID if self.draw(2) == 0 else ASK
        cents = self.draw(9) * 10 + (self.draw(3) if self.draw(4) == 0 else 0)
        price = (9_960 + cents) / 1_000
        size = self.draw(5) * 40
        chosen = self.numbers[self.draw(REMEMBERED)]
        if what < 4:
            number = self.place_one(which, price, size)
            if number > 0:
                self.numbers[self.next] = number
                self.next = (self.next + 1) % REMEMBERED
            self.note(number)
        elif what < 6:
            self.note(1 if self.replace_one(chosen, price, size) else 2)
        elif what == 6:
            self.cancel_one(chosen)
        else:
            order = self.standing_order(chosen)
            self.note(0 if order is None else order.remaining + 7 * order.ahead + round(order.price * 1_000))
            self.note(0 if self.away(chosen) is None else 1)

    def hear(self, event: Event, which: int, price: float, quantity: int, number: int) -> None:  # noqa: ARG002
        self.note(number * 3 + quantity)
        if self.draw(3) == 0:
            self.act()
