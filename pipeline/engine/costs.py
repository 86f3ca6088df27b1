"""What a broker bills, by exchange: how a config declares it, checked; `replay/charges.py` applies it to fills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

COSTS: Final = "costs"
RATES: Final = ("bps", "maker_bps", "taker_bps")
AMOUNTS: Final = ("per_trade", "minimum_per_order", "other_monthly_turnover")
TIERS: Final = "tiers"
FROM: Final = "monthly_turnover"
KEYS: Final = (*RATES, *AMOUNTS, TIERS)
TIER_KEYS: Final = (FROM, *RATES)

ALL_OF_IT: Final = 10_000
"""Basis points that are the whole value of a trade."""

MOST_MONEY: Final = 1e15


@dataclass(frozen=True, slots=True)
class Tier:
    """The rates from a month's turnover on: money, and basis points of a fill's value; a maker's may be a rebate."""

    monthly_turnover: float
    maker_bps: float
    taker_bps: float


NO_RATES: Final = Tier(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading on one exchange costs, in money and in basis points of a fill's value, per side.

    Attributes:
        fees_bps: Charged on every fill on top of all else.
        tiers: The rates by the turnover of the month so far, ascending; the first from 0 on.
        per_trade: Charged for every fill on top of its rate.
        minimum_per_order: What the rates of all fills of one order come to at least.
        other_monthly_turnover: What the account turns over in a month beside this security.
    """

    fees_bps: float = 0.0
    tiers: tuple[Tier, ...] = (NO_RATES,)
    per_trade: float = 0.0
    minimum_per_order: float = 0.0
    other_monthly_turnover: float = 0.0

    @property
    def rates(self) -> list[tuple[float, float]]:
        """The maker's and the taker's rate of each tier, basis points."""
        return [(tier.maker_bps, tier.taker_bps) for tier in self.tiers]

    @property
    def is_free(self) -> bool:
        """Whether nothing is charged."""
        return not (self.fees_bps or self.per_trade or self.minimum_per_order or any(map(any, self.rates)))

    @property
    def needs_orders(self) -> bool:
        """Whether it must be known of each fill which order it was of, which a batch does not note."""
        return self.minimum_per_order > 0


def with_costs(known: Mapping[str, Any], key: str, value: object, where: str) -> dict[str, Any]:
    """Return declared costs with a whole declaration, or one key of it as `costs.ADX.per_trade`, over them, checked.

    Raises ConfigError, naming `where`, for a key that is none and a value that cannot be.
    """
    for name in reversed(key.split(".")[1:]):
        value = {name: value}
    return _joined(known, checked_costs(value, where))


def checked_costs(block: object, where: str) -> dict[str, Any]:
    """Return a declaration of costs, exchanges in capitals and numbers as floats; raise ConfigError for a wrong one."""
    checked: dict[str, Any] = {}
    for key, value in sorted(_block(block, where).items()):
        if isinstance(value, Mapping) and key not in KEYS:
            own, name = _block(value, where), f"{where}: {key}"
            checked[key.upper()] = {each: _checked(each, own[each], name) for each in own}
        else:
            checked[key] = _checked(key, value, where)
    return checked


def costs_of(declared: Mapping[str, Any], exchange: str, fees_bps: float) -> Costs:
    """Return what a checked declaration says of an exchange: its own block over what holds for all."""
    layers = [{key: declared[key] for key in KEYS if key in declared}, declared.get(exchange, {})]
    values = layers[0] | layers[1]
    tiers = [_tier(layers[1], _tier(layers[0], NO_RATES))]
    for layer in values.get(TIERS, ()):
        tiers.append(_tier(layer, tiers[-1]))
    return Costs(fees_bps, tuple(tiers), **{key: values[key] for key in AMOUNTS if key in values})


def exchanges_of(declared: Mapping[str, Any]) -> list[str]:
    """Return the exchanges that have a block of their own."""
    return [key for key in declared if key not in KEYS]


def _tier(layer: Mapping[str, float], below: Tier) -> Tier:
    """Return the rates of a block, those that it does not name as they are below it."""
    return Tier(
        monthly_turnover=layer.get(FROM, 0.0),
        maker_bps=layer.get("maker_bps", layer.get("bps", below.maker_bps)),
        taker_bps=layer.get("taker_bps", layer.get("bps", below.taker_bps)),
    )


def _joined(known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(known)
    for key, value in more.items():
        joined[key] = {**joined.get(key, {}), **value} if isinstance(value, dict) else value
    return joined


def _block(block: object, where: str) -> Mapping[str, Any]:
    if not isinstance(block, Mapping):
        raise ConfigError(f'{where} is {json.dumps(block)}; it takes a block such as {{"ADX": {{"bps": 2.5}}}}.')
    return {key: value for key, value in block.items() if key != "_comment"}


def _checked(key: str, value: object, where: str, known: Sequence[str] = KEYS) -> Any:
    if key not in known:
        exchanges = ", or an exchange with a block of its own" if known is KEYS else ""
        hint = nearest(key, known) or f" It takes {', '.join(known)}{exchanges}."
        raise ConfigError(f"{where}: unknown key '{key}' of costs.{hint}")
    if key == TIERS:
        return _tiers(value, where)
    lowest, highest = (0.0, ALL_OF_IT) if key in RATES else (0.0, MOST_MONEY)
    if key == "maker_bps":
        lowest = -ALL_OF_IT
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if isinstance(value, bool) or not lowest <= number <= highest:
        unit = "basis points" if key in RATES else "of the market's currency"
        raise ConfigError(f"{where}: {key} is {json.dumps(value)}; it takes {lowest:,g} to {highest:,g} {unit}.")
    return number


def _tiers(value: object, where: str) -> list[dict[str, float]]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(tier, Mapping) for tier in value):
        raise ConfigError(f"{where}: {TIERS} is {json.dumps(value)}; it takes a list of blocks, each with {FROM}.")
    tiers = []
    for number, tier in enumerate(value, 1):
        name = f"{where}: {TIERS}, number {number}"
        tiers.append({key: _checked(key, each, name, TIER_KEYS) for key, each in _block(tier, name).items()})
        if FROM not in tier or len(tier) < 2:  # noqa: PLR2004 - where it begins and a rate
            raise ConfigError(f"{name}: it takes {FROM}, from which it holds, and {', '.join(RATES)}.")
    begins = [tier[FROM] for tier in tiers]
    if begins != sorted(set(begins)) or 0.0 in begins:
        raise ConfigError(f"{where}: {TIERS} begin at {begins}; above 0, each above the one before.")
    return tiers
