"""The slow reference of several orders a side, with notes of what it had of an order when that was filled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.reference.scattered import Scattered

if TYPE_CHECKING:
    from tests.reference.order_list import Resting
    from tests.reference.orders import Event


@dataclass(frozen=True)
class Place:
    """Where an order stands: events by number, its price, what was ahead of it and its size as it took that place."""

    first: int
    moves: int
    placed: int
    again: int
    taken: int
    price: float
    ahead: int
    size: int


@dataclass(frozen=True)
class Noted:
    """What a fill found of its order.

    volume: of the print, for that side. found: shares ahead of the order and left of it before that event. prior: our
    orders that the event came to before it: number, price, shares left of it, shares filled. calm: whether the strategy
    did nothing at that event before. counted: what tells the order of the fill from others, as they are counted.
    """

    number: int
    place: Place
    volume: int
    found: tuple[int, int]
    prior: list[tuple[int, float, int, int]]
    calm: bool
    counted: tuple[int, int]


class NotedLadder(Scattered):
    """Does the same and notes it; nothing of what it does changes."""

    def __init__(self, *inputs: Any) -> None:
        super().__init__(*inputs)
        self.at = self.volume = self.acts = self.counted = 0
        self.places: dict[int, Place] = {}
        self.took_at: dict[int, Place] = {}
        self.came_to: dict[int, list[tuple[int, float, int, int]]] = {}
        self.had: dict[int, int] = {}
        self.notes: dict[int, Noted] = {}

    def on_event(self, event: Event) -> None:
        self.at = event.index
        super().on_event(event)

    def act(self) -> None:
        self.acts += 1
        super().act()

    def enter(self, order: Resting, price: float, size: int) -> None:
        before, unbooked, old_price = self.places.get(order.number), order.unbooked, order.price
        super().enter(order, price, size)
        ahead = order.ahead if order.remaining else 0
        place = Place(self.at, 0, self.at, 0, self.at, price, ahead, size)
        self.counted += before is None or price != old_price
        if before is not None and price == old_price:
            place = replace(place, placed=before.placed, again=before.again + 1, moves=before.moves)
        elif before is not None:
            place = replace(place, moves=before.moves + 1)
        self.places[order.number] = place if before is None else replace(place, first=before.first)
        if order.unbooked > unbooked:
            self.took_at[order.number] = self.places[order.number]

    def reached(self, which: int, price: float) -> list[Resting]:
        orders = super().reached(which, price)
        self.came_to[which] = [(order.number, order.price, order.ahead, order.remaining) for order in orders]
        self.had, self.acts = {}, 0
        return orders

    def match_all(self, event: Event, orders: list[Resting], volume: int) -> int:
        self.volume = volume
        return super().match_all(event, orders, volume)

    def fill_order(self, event: Event, order: Resting, price: float, quantity: int) -> None:
        came_to = self.came_to[order.which]
        at = next(at for at, one in enumerate(came_to) if one[0] == order.number)
        prior = [(number, price, left, self.had.get(number, 0)) for number, price, _, left in came_to[:at]]
        place = self.places[order.number]
        noted = Noted(
            order.number, place, self.volume, came_to[at][2:], prior, self.acts == 0, (order.number, place.moves)
        )
        self.notes[len(self.fills) + 1] = noted
        self.had[order.number] = quantity
        super().fill_order(event, order, price, quantity)

    def fill(self, event: Event, which: int, price: float, quantity: int) -> None:
        number = len(self.fills) + 1
        if self.filling and number not in self.notes:
            counted = self.filling, self.places[self.filling].moves
            self.notes[number] = Noted(self.filling, self.took_at[self.filling], 0, (0, 0), [], True, counted)
        super().fill(event, which, price, quantity)
