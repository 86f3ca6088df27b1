"""The objects that a loop is made of: the market and its sides, the strategy, and its memory of several numbers."""

from __future__ import annotations

import ast
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.methods import strategy_methods
from pipeline.engine.compiler.parts import MARKET, Method, Part
from pipeline.engine.declared import takes_order
from pipeline.engine.facts_read import facts_in
from pipeline.engine.memory import COLUMNS, SHOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.compiler.specialise import MarketFields
    from pipeline.engine.memory import Compound
    from pipeline.engine.strategy import Fields, Strategy

OF_TOUCH: Final = ("price", "size")
OF_ORDER: Final = ("live", "order_price", "ahead", "remaining", "sent", "arrives", "sent_price", "sent_size")
"""What a strategy may see of a side of its market: its touch, and the order there where it has one at most."""

HIDDEN: Final = frozenset(
    {"capacity", "first_day", "day_index", "day_step", "varies", "out_of_capacity", "events"}
    | {"first_tick", "end_tick", "first_span", "end_span", "span_opens", "span_closes", "breaks"}
    | {
        "batched",
        "keeps_fills",
        "diverged",
        "rows",
        "print_awaited",
        "crossing_awaited",
        "orders",
        "before",
        "begins",
        "ends",
        "messages",
        "next_arrival",
        "calls_at_moments",
        "next_moment",
        "due",
        "end_moment",
        "open_awaited",
        "prints_before",
    }
)


def hidden_in(of_market: MarketFields) -> frozenset[str]:
    """Return the fields of a market that no strategy may see."""
    seen = OF_TOUCH if of_market.levels else OF_TOUCH + OF_ORDER
    return HIDDEN | {name for names in of_market.sides.values() for field, name in names.items() if field not in seen}


def objects_of(
    strategy: type[Strategy], fields: Fields, of_market: MarketFields, constants: Mapping[str, bool | int]
) -> dict[str, Part]:
    """Return the market, its sides, the strategy and its compound memory, by the names that link them.

    constants: fields of the market that keep one value in this loop.
    """
    return {
        "m": Part(
            prefix="m_",
            label=MARKET,
            scalars=frozenset((*of_market.inputs, *of_market.state, *fields.facts, "calls_at_moments")),
            columns=frozenset(of_market.columns) | frozenset(of_market.levels),
            frozen=frozenset(of_market.inputs),
            methods=strategy_methods(strategy.rules),
            actions=frozenset(strategy.rules.actions),
            links={"strategy": "s", **{side: side for side in of_market.sides}},
            constants={**constants, "calls_at_moments": strategy.rules.calls_at_moments},
            hidden=hidden_in(of_market),
            words=frozenset(name for name, hint in facts_in(strategy.rules).items() if hint == "Word"),
        ),
        "s": Part(
            prefix="s_",
            label=strategy.__name__,
            scalars=(frozenset(fields.parameters) | frozenset(fields.memory)) - fields.compounds.keys(),
            optional=frozenset(name for name, parameter in fields.parameters.items() if parameter.optional),
            frozen=frozenset(fields.parameters),
            methods=_hooks(strategy),
            links={name: f"s.{name}" for name in fields.compounds},
            others=frozenset(dir(strategy)),
            words=frozenset(name for name, parameter in fields.parameters.items() if parameter.kind == "text"),
        ),
        **{f"s.{name}": _compound(name, compound, constants) for name, compound in fields.compounds.items()},
        **_sides(of_market, getattr(strategy.rules, "side_type", None)),
    }


def _compound(name: str, compound: Compound, constants: Mapping[str, bool | int]) -> Part:
    hints = compound.hints()
    columns = frozenset(field for field, hint in hints.items() if hint in COLUMNS)
    scalars = frozenset(("size", "recorded", *(hints.keys() - columns)))
    return Part(
        prefix=f"s_{name}__",
        label=f"{name}, {compound.made_with()},",
        scalars=scalars,
        columns=columns,
        methods=strategy_methods(type(compound)),
        actions=frozenset(compound.actions),
        constants={"size": compound.size, "recorded": not constants.get("batched", False)},
        hidden=scalars.difference(SHOWN),
        indexed="values" if hasattr(compound, "__getitem__") else "",
    )


def _sides(of_market: MarketFields, side_type: Any) -> dict[str, Part]:
    parts = {}
    for side, names in of_market.sides.items():
        [other] = of_market.sides.keys() - {side}
        parts[side] = Part(
            prefix="m_",
            label=side,
            scalars=frozenset((*names, "is_bid")),
            methods=strategy_methods(side_type),
            links={"market": "m", "other": other},
            constants={"is_bid": side == "bid_side"},
            aliases={field: "m_" + name for field, name in names.items()},
        )
    return parts


def _hooks(strategy: type[Strategy]) -> dict[str, Method]:
    """Return the methods of a strategy as the market calls them.

    An on_fill that takes the order as well finds it in the market.
    """
    methods = strategy_methods(strategy)
    fill = methods["on_fill"]
    if takes_order(strategy):
        definition = copy(fill.definition)
        *others, order = [argument.arg for argument in definition.args.args]
        definition.args = ast.arguments([], definition.args.args[:-1], None, [], [], None, [])
        taken = ast.parse(f"{order} = {others[1]}.filled_order").body[0]
        definition.body = [ast.increment_lineno(taken, definition.lineno - 1), *definition.body]
        methods["on_fill"] = Method(definition, fill.names, fill.file, fill.base)
    return methods
