"""How orders are assumed to be executed: one table of independent switches, and the presets over it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from pipeline.engine.costs import COSTS, Costs, costs_of, exchanges_of, with_costs
from pipeline.errors import ConfigError, nearest
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.markets.market import MarketFacts

Setting: TypeAlias = str | float | Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """One assumption: its values (a tuple of words, or None for a number from 0 to MOST) and what the presets take.

    alone: what it is set to when its worth is measured by itself.
    """

    classic: Setting
    strict: Setting
    alone: Setting
    words: tuple[str, ...] | None
    doc: str


QUEUES: Final = ("prints", "capped", "front", "power1", "power2", "power3")
"""The queue models, in the order of their numbers in `Market.queue_model`."""

SWITCHES: Final[Mapping[str, Switch]] = {
    "fill_price": Switch("print", "order", "order", ("print", "order"), "the price a fill is booked at"),
    "overnight_orders": Switch("kept", "cancelled", "cancelled", ("kept", "cancelled"), "orders, queues and timers"),
    "shared_print_volume": Switch("each", "once", "once", ("each", "once"), "what both sides may use of one print"),
    "same_event_fill": Switch("yes", "no", "no", ("yes", "no"), "whether a print fills an order placed on it"),
    "trade_through": Switch("queue", "clears", "clears", ("queue", "clears"), "a print through our price"),
    "self_cross": Switch("allowed", "cancel_older", "cancel_older", ("allowed", "cancel_older"), "our bid at our ask"),
    "crossed_book": Switch("quoted", "wait", "wait", ("quoted", "wait"), "quoting while bid >= ask"),
    "open_delay": Switch("none", "10:05", "10:05", ("none", "10:05"), "quoting in the first five minutes"),
    "flatten": Switch("auction", "touch", "touch", ("auction", "touch", "none"), "how the day's position is closed"),
    "queue": Switch("prints", "capped", "capped", QUEUES, "what moves us up the queue, besides prints"),
    "touch": Switch("ignored", "fills", "fills", ("ignored", "fills"), "the opposite touch at or through our order"),
    "shown_size": Switch("again", "once", "once", ("again", "once"), "what can be had of one displayed quote"),
    "marketable": Switch("rest", "take", "take", ("rest", "take", "reject"), "an order at or through the touch"),
    "order_price": Switch("any", "grid", "grid", ("any", "grid"), "prices between two ticks"),
    "stale_orders": Switch("kept", "kept", "cancel", ("kept", "cancel"), "an order whose touch has left its price"),
    "latency_ms": Switch(0.0, 0.0, 1_000.0, None, "from a decision to its order's place in the queue"),
    "fees_bps": Switch(0.0, 0.0, 1.0, None, "charged on each fill's value"),
}
MOST: Final = 1_000_000_000
"""The largest number that a switch takes, which no broker or line comes near."""

PRESETS: Final = ("classic", "strict")
BAND: Final[Mapping[str, str]] = {
    "strict": "capped",
    **{f"strict queue={queue}": queue for queue in ("front", "power1", "power2", "power3")},
}
"""The models that differ in what a top of book cannot tell: who in the queue cancels. `strict` itself is capped."""

_differing: Final = [key for key, switch in SWITCHES.items() if switch.classic != switch.strict]
STEPS: Final[Mapping[str, str]] = {**{key: f"strict up to {key}" for key in _differing}, _differing[-1]: "strict"}
"""From `classic` to `strict`: each switch that differs, and the model in which it and all before it are strict."""
IGNORED: Final = "ignore_conditions"
"""The setting that names condition codes of prints which fill nothing; it is no switch, as it depends on the data."""

BREAK_ORDERS: Final = "break_orders"
"""The setting that overrules a market's rule for orders over a break; no switch, as few markets have one."""
KEPT_OR_CANCELLED: Final = ("market", "kept", "cancelled")
CONSTANT: Final = (IGNORED, BREAK_ORDERS)
UNSAID: Final = {IGNORED: "", BREAK_ORDERS: "market"}
"""The values that change nothing: a model that is told so is the one that is not."""

SWITCH: Final = "execution."
"""What stands before a switch's name where parameters are named too."""


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """The execution model of a run: the value of every switch and, where declared, what a broker bills (`costs`)."""

    preset: str
    settings: Mapping[str, Setting]

    @property
    def name(self) -> str:
        """The preset, with what differs from it: `classic`, `strict`, `classic fill_price=order costs`."""
        changed = (key if key == COSTS else f"{key}={_shown(value)}" for key, value in self.changed.items())
        return " ".join([self.preset, *changed])

    @property
    def changed(self) -> dict[str, Setting]:
        """What differs from the preset."""
        standard = preset_settings(self.preset)
        return {key: value for key, value in self.settings.items() if value != standard.get(key)}

    def fees_bps(self, exchange: str) -> float:
        """Return the fees of an exchange in basis points of each fill's value, per side."""
        fees = self.settings["fees_bps"]
        return fees.get(exchange, 0.0) if isinstance(fees, Mapping) else float(fees)

    def costs(self, exchange: str) -> Costs:
        """Return all that a fill on an exchange is charged."""
        return costs_of(self._declared, exchange, self.fees_bps(exchange))

    @property
    def charged_exchanges(self) -> dict[str, str]:
        """The exchanges that `fees_bps` or `costs` name, each with which of the two."""
        fees = self.settings["fees_bps"]
        of_fees = dict.fromkeys(fees if isinstance(fees, Mapping) else (), "fees_bps")
        return dict.fromkeys(exchanges_of(self._declared), COSTS) | of_fees

    @property
    def needs_orders(self) -> bool:
        """Whether charges depend on which order a fill is of, wherever that is."""
        exchanges = ("", *self.charged_exchanges) if COSTS in self.settings else ()
        return any(self.costs(exchange).needs_orders for exchange in exchanges)

    @property
    def _declared(self) -> Mapping[str, Any]:
        declared = self.settings.get(COSTS, {})
        return declared if isinstance(declared, Mapping) else {}

    @property
    def ignored(self) -> frozenset[str]:
        """The condition codes whose prints are left out of matching."""
        return frozenset(filter(None, str(self.settings.get(IGNORED, "")).split(",")))

    @property
    def off_grid(self) -> Execution:
        """The same without rounding prices to ticks, for a market of which these are not known."""
        takes_any = self.settings["order_price"] != "grid"
        return self if takes_any else Execution(self.preset, {**self.settings, "order_price": "any"})

    @property
    def break_rule(self) -> str:
        """What becomes of our orders over a break within the day: one of KEPT_OR_CANCELLED."""
        return str(self.settings.get(BREAK_ORDERS, "market"))

    def cancels_over_break(self, market: MarketFacts) -> bool:
        """Return whether a break within a market's day cancels our orders, and empties the book."""
        return market.cancels_over_break if self.break_rule == "market" else self.break_rule == "cancelled"

    def fields(self) -> dict[str, int]:
        """Return what these switches set in `Market`; fees are charged on the fills and set nothing."""
        from pipeline.engine.rules.market import OPEN_DELAY  # with numpy, which a shell's completion does without

        on = self.settings
        return {
            "order_price_fills": on["fill_price"] == "order",
            "cancel_overnight": on["overnight_orders"] == "cancelled",
            "print_used_once": on["shared_print_volume"] == "once",
            "match_first": on["same_event_fill"] == "no",
            "through_clears": on["trade_through"] == "clears",
            "no_self_cross": on["self_cross"] == "cancel_older",
            "wait_while_crossed": on["crossed_book"] == "wait",
            "flatten_at_touch": on["flatten"] == "touch",
            "carries_position": on["flatten"] == "none",
            "queue_model": QUEUES.index(str(on["queue"])),
            "touch_fills": on["touch"] == "fills",
            "shown_once": on["shown_size"] == "once",
            "takes_marketable": on["marketable"] == "take",
            "rejects_marketable": on["marketable"] == "reject",
            "prices_on_grid": on["order_price"] == "grid",
            "cancel_stale": on["stale_orders"] == "cancel",
            "open_delay": OPEN_DELAY if on["open_delay"] == "10:05" else 0,
            "latency": round(float(cast("float", on["latency_ms"])) * MILLISECOND),
        }


def preset_settings(preset: str) -> dict[str, Setting]:
    """Return a preset's value of every switch; raise ConfigError for a name that is none."""
    if preset not in PRESETS:
        raise ConfigError(f"--execution is '{preset}'; it takes {' or '.join(PRESETS)}.{nearest(preset, PRESETS)}")
    return {key: switch.classic if preset == "classic" else switch.strict for key, switch in SWITCHES.items()}


def make_execution(preset: str | None, changes: Mapping[str, object], where: str) -> Execution:
    """Return a preset with some switches changed; raise ConfigError, naming `where`, for one that cannot be."""
    chosen = preset or "classic"
    settings = preset_settings(chosen)
    for key, value in changes.items():
        if key.partition(".")[0] == COSTS:
            settings[COSTS] = with_costs(cast("Mapping[str, Any]", settings.get(COSTS, {})), key, value, where)
            continue
        if key == IGNORED:
            settings[IGNORED] = _codes(value, where)
            continue
        if key == BREAK_ORDERS:
            settings[BREAK_ORDERS] = _one_of(key, value, KEPT_OR_CANCELLED, where)
            continue
        if key not in SWITCHES:
            known = (*SWITCHES, COSTS, IGNORED, BREAK_ORDERS)
            raise ConfigError(f"{where}: unknown switch '{key}'.{nearest(key, known) or _all_switches()}")
        settings[key] = _checked(key, value, where)
    return Execution(chosen, {key: value for key, value in settings.items() if value != UNSAID.get(key)})


def is_charge(key: str) -> bool:
    """Tell whether a switch is charged on fills and changes none, as fees and `costs.ADX.per_trade` are."""
    return key == "fees_bps" or key.partition(".")[0] == COSTS


def variants(base: Execution) -> dict[str, Execution]:
    """Return the execution models of the assumption check, by the names of its rows.

    The presets, each switch alone changed in classic, the models of the band, and the steps from classic to strict.
    What the run itself is charged, and the prints that it ignores, are the same in all of them.
    """
    fees = _constant(base)
    models = {preset: make_execution(preset, fees, "") for preset in PRESETS}
    for key, switch in SWITCHES.items():
        alone = fees | {key: switch.alone}
        models[f"{key}={_shown(switch.alone)}"] = make_execution("classic", alone, "")
    models |= band_models(base)
    strict = {key: SWITCHES[key].strict for key in STEPS}
    for so_far, name in enumerate(STEPS.values(), 1):
        if name not in models:
            models[name] = make_execution("classic", fees | dict(list(strict.items())[:so_far]), "")
    return models


def band_models(base: Execution) -> dict[str, Execution]:
    """Return the models of the band, by name; what the run itself is charged stays on in all of them."""
    return {name: make_execution("strict", _constant(base) | {"queue": queue}, "") for name, queue in BAND.items()}


def _constant(base: Execution) -> dict[str, Setting]:
    """Return what is the same in all models: what the run is charged, what depends on its data and its market."""
    return {key: value for key, value in base.settings.items() if is_charge(key) or key in CONSTANT}


def _codes(value: object, where: str) -> str:
    """Return condition codes in the order of the alphabet, between commas."""
    codes = value.split(",") if isinstance(value, str) else value
    if not isinstance(codes, (list, tuple)) or not all(isinstance(code, str) for code in codes):
        raise ConfigError(f"{where}: {IGNORED} is {json.dumps(value)}; it takes condition codes as XT,OB.")
    return ",".join(sorted({code.strip().upper() for code in codes} - {""}))


def _checked(key: str, value: object, where: str) -> Setting:
    words = SWITCHES[key].words
    if words is not None:
        return _one_of(key, value, words, where)
    if key == "fees_bps" and isinstance(value, str) and ":" in value:
        parts = [part.partition(":") for part in value.split(",")]
        exchanges = [exchange.strip().upper() for exchange, *_ in parts]
        if twice := [exchange for exchange in exchanges if exchanges.count(exchange) > 1]:
            raise ConfigError(f"{where}: {key} names {twice[0]} twice; keep one.")
        value = dict(zip(exchanges, (fee.strip() for *_, fee in parts), strict=True))
    if key == "fees_bps" and isinstance(value, Mapping):
        return {str(exchange): _number(key, fee, where) for exchange, fee in sorted(value.items())}
    return _number(key, value, where, or_else=', or {"ADX": 2.5, "DFM": 3}' if key == "fees_bps" else "")


def _one_of(key: str, value: object, words: Sequence[str], where: str) -> str:
    if value in words:
        return str(value)
    raise ConfigError(
        f"{where}: {key} is {json.dumps(value)}; it takes {' or '.join(words)}.{nearest(str(value), words)}"
    )


def _number(key: str, value: object, where: str, or_else: str = "") -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if isinstance(value, bool) or not 0 <= number <= MOST:
        raise ConfigError(f"{where}: {key} is {json.dumps(value)}; it takes a number from 0 to {MOST:,}{or_else}.")
    return number


def _all_switches() -> str:
    return f" It is one of: {', '.join(SWITCHES)}."


def _shown(value: Setting) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{exchange}:{_shown(fee)}" for exchange, fee in value.items())
    return f"{value:g}" if isinstance(value, (int, float)) else value
