"""What a strategy sends to the exchange, and when it arrives there (the switch `latency_ms`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .exchange import Exchange
from .records import ASK, BID

if TYPE_CHECKING:
    from .orders import Event

    Verb = Literal["place", "amend", "join", "watch", "cancel", "take"]

MILLISECOND = 1_000_000


@dataclass
class Message:
    """A decision about one side on its way to the exchange."""

    which: int
    verb: Verb
    price: float
    size: int
    arrival: int


class Messages(Exchange):
    """Our side of the line: without latency a message is there when it is sent.

    At most two messages about a side's order are under way, a third takes the place of the second; beside them one
    order to take. All of them arrive in the order they were sent."""

    def __init__(self, *inputs: Any) -> None:
        super().__init__(*inputs)
        self.under_way: dict[int, list[Message]] = {BID: [], ASK: []}

    def send(self, event: Event, which: int, verb: Verb, price: float = 0.0, size: int = 0) -> bool:
        """Send a message; say whether the exchange did what it says, as far as that is known by now."""
        if verb in ("place", "watch"):
            price = self.order_price(which, price)
        latency = round(self.switches.latency_ms * MILLISECOND)
        message = Message(which, verb, price, size, event.ts + latency)
        alike = [late for late in self.under_way[which] if (late.verb == "take") == (verb == "take")]
        if latency == 0 or (not alike and self.changes_nothing_there(message)):
            return self.obey(event, message)
        if alike and (alike[-1].verb, alike[-1].price) == (verb, price):
            alike[-1].size = size
        else:
            for late in alike[1:]:
                self.under_way[which].remove(late)
            self.under_way[which].append(message)
        return True

    def verb_to_resize(self, which: int) -> Verb:
        """Say what a new size at our price is asked for as, by what the message before it will leave of our order."""
        side = self.sides[which]
        before = next((late for late in self.under_way[which] if late.verb != "take"), None)
        if before is not None and before.verb in ("place", "watch") and before.price != side.price:
            return "place"
        stands = (
            side.quote is not None if before is None or before.verb in ("amend", "join") else before.verb == "place"
        )
        return "amend" if stands else "join"

    def changes_nothing_there(self, message: Message) -> bool:
        """Say whether the exchange need not hear of it: a cancel of no order, the size that an order has."""
        side = self.sides[message.which]
        if message.verb == "amend":
            return side.remaining == message.size
        return message.verb in ("watch", "cancel") and side.quote is None

    def deliver(self, event: Event) -> None:
        """Let arrive what is due, the bid's messages before the ask's, each in the order they were sent."""
        for which in (BID, ASK):
            under_way = self.under_way[which]
            while under_way and under_way[0].arrival <= event.ts:
                self.obey(event, under_way.pop(0))
        self.book_takes(event)

    def obey(self, event: Event, message: Message) -> bool:
        """Do at the exchange what a message says; say whether it was done."""
        which, price, size = message.which, message.price, message.size
        if message.verb == "place":
            return self.place(which, price, size)
        if message.verb == "amend":
            return self.amend(which, price, size)
        if message.verb == "join":
            return self.join(which, price, size)
        if message.verb == "watch":
            self.watch(which, price)
        elif message.verb == "cancel":
            self.sides[which].cancel()
        else:
            self.hit(event, which, size)
        return True
