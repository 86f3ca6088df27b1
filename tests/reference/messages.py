"""What a strategy sends to the exchange, and when it arrives there (the switch `latency_ms`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .exchange import Exchange

if TYPE_CHECKING:
    from .orders import Event

    Verb = Literal["place", "amend", "join", "watch", "take"]

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
    """Our side of the line: without latency a message is there when it is sent."""

    def __init__(self, *inputs: object) -> None:
        super().__init__(*inputs)  # type: ignore[arg-type]
        self.on_their_way: list[Message] = []

    def send(self, event: Event, which: int, verb: Verb, price: float, size: int = 0) -> bool:
        """Send a message; say whether the exchange refused it, as far as that is known by now."""
        latency = round(self.switches.latency_ms * MILLISECOND)
        message = Message(which, verb, price, size, event.ts + latency)
        if latency == 0:
            return self.obey(event, message)
        before = [earlier for earlier in self.on_their_way if earlier.which == which]
        side = self.sides[which]
        if before and (before[-1].verb, before[-1].price) == (verb, price):
            before[-1].size = size
        elif before or verb != "amend" or side.remaining != size:
            self.on_their_way.append(message)
        return True

    def deliver(self, event: Event) -> None:
        """Let arrive what is due, each side's messages in the order they were sent."""
        late = []
        held_up = set()
        for message in self.on_their_way:
            if message.arrival > event.ts or message.which in held_up:
                held_up.add(message.which)
                late.append(message)
            else:
                self.obey(event, message)
        self.on_their_way = late

    def obey(self, event: Event, message: Message) -> bool:
        """Do at the exchange what a message says; say whether it was done."""
        which, price, size = message.which, message.price, message.size
        if message.verb == "place":
            return self.place(event, which, price, size)
        if message.verb == "amend":
            return self.amend(which, price, size)
        if message.verb == "join":
            return self.join(event, which, price, size)
        if message.verb == "watch":
            self.watch(which, price)
        else:
            self.hit(event, which, size)
        return True
