"""Parameter specifications of a strategy, and config files read and checked against them."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pipeline.errors import ConfigError, UnconfiguredSecurity, nearest
from pipeline.system import refusal

if TYPE_CHECKING:
    from pathlib import Path

Value: TypeAlias = int | float | bool | str | tuple[float, ...] | None
Values: TypeAlias = Mapping[str, Value]

DEFAULTS: Final = "_defaults"
EXECUTION: Final = "_execution"
COSTS: Final = "_costs"
COMMENT: Final = "_comment"
BLOCKS: Final = (DEFAULTS, EXECUTION, COSTS, COMMENT)
EXCHANGE: Final = "exchange"
TICK_SIZE: Final = "tick_size"
MONEY_UNIT: Final = "currency units"
"""The unit of an amount, which a config gives in the currency of the market."""
ALMOST: Final = 0.8
"""How alike a ticker and an entry's name are for the one to be meant by the other: EMAAR by EMAR."""
SHORTEST: Final = 'the shortest is {"_defaults": {}}, all securities at the strategy\'s own defaults.'


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter of a strategy as a config file gives it.

    Attributes:
        key: Its name in the config.
        kind: What the strategy computes with.
        default: Its value where a config has none, in config units.
        optional: Whether it may be null.
        minimum, maximum, above: Bounds in config units; `above` itself is not allowed.
        scale: Strategy units per config unit: a duration is seconds in a config and int nanoseconds in a strategy.
        unit: The config unit, for messages.
        doc: What it is.
        choices: The words that a text may be; none where it may be any.
    """

    key: str
    kind: Literal["int", "float", "bool", "text", "ints", "floats"]
    default: Value
    optional: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    scale: int = 1
    unit: str = ""
    doc: str = ""
    choices: tuple[str, ...] = ()

    def check(self, value: object, where: str) -> Value:
        """Return `value` as this parameter holds it, in config units; raise ConfigError when it cannot be one."""
        if value is None:
            if self.optional:
                return None
            raise ConfigError(f"{where}: {self.key} is null; it takes {self.describe()}.")
        checked = self._checked(value)
        if checked is not None:
            return checked
        hint = nearest(value, self.choices) if isinstance(value, str) else ""
        raise ConfigError(f"{where}: {self.key} is {json.dumps(value)}; it takes {self.describe()}.{hint}")

    def _checked(self, value: object) -> Value:
        """Return a value as this parameter holds it, None when it cannot be one."""
        if self.kind == "bool":
            return value if isinstance(value, bool) else None
        if self.kind == "text":
            return value if isinstance(value, str) and value in (self.choices or (value,)) else None
        if not self.is_list:
            return self._number(value)
        if not isinstance(value, (list, tuple)) or not isinstance(self.default, (list, tuple)):
            return None
        numbers = [number for number in map(self._number, value) if number is not None]
        return tuple(numbers) if len(numbers) == len(value) == len(self.default) else None

    def _number(self, value: object) -> float | None:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
            return None
        whole = self.kind in ("int", "ints") and self.scale == 1
        if whole and not float(value).is_integer():
            return None
        number = int(value) if whole else float(value)
        return number if self._in_bounds(number) else None

    @property
    def is_list(self) -> bool:
        """Whether it is a list of numbers, as long as its default."""
        return self.kind in ("ints", "floats")

    def as_field(self, value: Value, units: float = 1.0) -> Value:
        """Return a checked value in the unit the strategy computes with.

        units: how many price units are one of the currency. Amounts are prices times shares in a strategy: 25,000
        pounds are 2,500,000 where prices are in pence.
        """
        if value is None or isinstance(value, (str, tuple)):
            return value
        if self.unit == MONEY_UNIT and units != 1.0:
            from decimal import Decimal  # not needed where prices are in the currency

            return float(Decimal(repr(value)) * Decimal(repr(units)))  # 1.1 pounds are 110 pence, not a little more
        return value if self.scale == 1 else round(value * self.scale)

    def describe(self) -> str:
        """Say in words which values this parameter takes."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "text":
            return " or ".join(self.choices) or "a text"
        number = "a whole number" if self.kind in ("int", "ints") and self.scale == 1 else "a number"
        if self.is_list and isinstance(self.default, tuple):
            number = f"a list of {len(self.default)}, each {number}"
        bounds = [
            f"{word} {bound:,g}"
            for word, bound in (("above", self.above), ("at least", self.minimum), ("at most", self.maximum))
            if bound is not None
        ]
        words = f"{number} of {self.unit}" if self.unit else number
        return " ".join([words, " and ".join(bounds)]).strip() + (" or null" if self.optional else "")

    def _in_bounds(self, number: float) -> bool:
        return (
            (self.minimum is None or number >= self.minimum)
            and (self.maximum is None or number <= self.maximum)
            and (self.above is None or number > self.above)
        )


Parameters: TypeAlias = Mapping[str, Parameter]


@dataclass(frozen=True, slots=True, eq=False)
class Config:
    """A strategy's config file: parameters by ticker, checked, in config units, defaults filled in.

    Attributes:
        path: The file.
        securities: Parameters by ticker.
        defaults: Parameters of all other tickers; None where the config has no `_defaults`.
        execution, costs: Its `_execution` and `_costs` blocks as they stand.
        exchanges: Exchange by ticker, where the config overrides the sheet's.
        tick_sizes: Tick size by ticker, and of `_defaults`, where the config says one.
    """

    path: Path
    securities: Mapping[str, Values]
    defaults: Values | None
    execution: Mapping[str, object]
    exchanges: Mapping[str, str]
    tick_sizes: Mapping[str, float]
    costs: object

    def tick_size(self, ticker: str, *, is_known: bool) -> float | None:
        """Return the tick size of a ticker's own entry, else that of `_defaults` where its market's are not known."""
        return self.tick_sizes.get(ticker, None if is_known else self.tick_sizes.get(DEFAULTS))

    def of(self, tickers: Sequence[str]) -> dict[str, Values]:
        """Return the parameters of each ticker; raise UnconfiguredSecurity naming every ticker that has none."""
        missing = [ticker for ticker in tickers if ticker not in self.securities]
        if missing and self.defaults is None:
            hints = "".join(nearest(ticker, self.securities) for ticker in missing)
            raise UnconfiguredSecurity(
                f"{self.path}: no parameters for {', '.join(missing)}.{hints} Add an entry for each, "
                f'a "{DEFAULTS}" block for all others, or choose securities with --securities.'
            )
        fallback = self.defaults or {}
        return {ticker: self.securities.get(ticker, fallback) for ticker in tickers}

    def misspelt(self, tickers: Sequence[str], in_store: Collection[str]) -> list[str]:
        """Return what is said of tickers that take `_defaults`, while an entry of no security has almost their name."""
        unused = [name for name in self.securities if name not in in_store]
        hints = {name: nearest(name, unused, ALMOST) for name in tickers if name not in self.securities}
        return [
            f'{self.path}: no entry for {name}, so it takes "{DEFAULTS}".{hint}' for name, hint in hints.items() if hint
        ]


def read_config(
    path: Path, parameters: Parameters, overrides: Mapping[str, str] | None = None, overridden_by: str = "--set"
) -> Config:
    """Read and check a strategy's config file.

    Args:
        path: The file.
        parameters: The strategy's, by config key.
        overrides: Values as text by config key; they win over the file.
        overridden_by: Where they come from, for messages.

    Raises:
        ConfigError: The file is unreadable, a key is unknown or given twice, a type is wrong or a value impossible.
    """
    raw = read_json(path)
    forced = {key: _parse_override(key, text, parameters, overridden_by) for key, text in (overrides or {}).items()}
    file_defaults = _entry(raw.get(DEFAULTS, {}), f"{path}: {DEFAULTS}", parameters)
    standard = {key: parameter.default for key, parameter in parameters.items()}
    securities: dict[str, Values] = {}
    exchanges: dict[str, str] = {}
    tick_sizes: dict[str, float] = {}
    for ticker, entry in raw.items():
        if TICK_SIZE not in parameters and ticker not in BLOCKS[1:]:
            tick_sizes |= _tick_size(entry, ticker, path)
        if not ticker.startswith("_"):
            if not ticker or " " in ticker:
                raise ConfigError(f"{path}: '{ticker}' is no ticker. An entry is named by the ticker alone, as FAB.")
            exchanges |= _exchange(entry, ticker, path)
            own = _entry(entry, f"{path}: {ticker}", parameters)
            securities[ticker.upper()] = standard | file_defaults | own | forced
        elif ticker not in BLOCKS:
            raise ConfigError(f"{path}: unknown block '{ticker}'.{nearest(ticker, BLOCKS)}")
    if len(securities) != sum(not name.startswith("_") for name in raw):
        raise ConfigError(f"{path}: two entries name the same ticker in different case.")
    defaults = standard | file_defaults | forced if DEFAULTS in raw else None
    return Config(
        path, securities, defaults, _execution(raw.get(EXECUTION, {}), path), exchanges, tick_sizes, raw.get(COSTS, {})
    )


def _execution(block: object, path: Path) -> dict[str, object]:
    if isinstance(block, str):
        return {"preset": block}
    if not isinstance(block, dict):
        raise ConfigError(
            f"{path}: {EXECUTION} is {json.dumps(block)}; it takes a preset's name or a block of switches."
        )
    return {key: value for key, value in block.items() if key != COMMENT}


def _exchange(entry: object, ticker: str, path: Path) -> dict[str, str]:
    if not isinstance(entry, dict) or EXCHANGE not in entry:
        return {}
    name = entry[EXCHANGE]
    if not isinstance(name, str):
        raise ConfigError(f"{path}: {ticker}: {EXCHANGE} is {json.dumps(name)}; it takes a name such as ADX.")
    return {ticker.upper(): name.upper()}


def _tick_size(entry: object, ticker: str, path: Path) -> dict[str, float]:
    if not isinstance(entry, dict) or TICK_SIZE not in entry:
        return {}
    size = entry[TICK_SIZE]
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not 0 < size <= sys.float_info.max:
        raise ConfigError(
            f"{path}: {ticker}: {TICK_SIZE} is {json.dumps(size)}; it takes a number above 0, as 0.01: the distance of "
            "two prices next to one another."
        )
    return {ticker if ticker == DEFAULTS else ticker.upper(): float(size)}


def _entry(entry: object, where: str, parameters: Parameters) -> dict[str, Value]:
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} is {json.dumps(entry)}; it takes a block of parameters in braces.")
    checked: dict[str, Value] = {}
    for key, value in entry.items():
        if key in (COMMENT, EXCHANGE) or (key == TICK_SIZE and key not in parameters):
            continue
        if key not in parameters:
            hint = _nearest_parameter(key, [*parameters, EXCHANGE, TICK_SIZE])
            raise ConfigError(f"{where}: unknown parameter '{key}'.{hint}")
        checked[key] = parameters[key].check(value, where)
    return checked


def plain(value: Any) -> Any:
    """Return a number or an array of numpy's, or a column of pandas', as Python's own; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def value_of_text(text: str) -> object:
    """Return what a text is as JSON; else the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _parse_override(key: str, text: str, parameters: Parameters, overridden_by: str) -> Value:
    where = f"{overridden_by} {key}={text}"
    if key not in parameters:
        raise ConfigError(f"{where}: unknown parameter '{key}'.{_nearest_parameter(key, parameters)}")
    value = value_of_text(text)
    if parameters[key].kind == "text" and not isinstance(value, str):
        value = text
    return parameters[key].check(value, where)


def _nearest_parameter(key: str, parameters: Collection[str]) -> str:
    return nearest(key, parameters) or f" It is one of: {', '.join(parameters)}."


def read_json(path: Path) -> dict[str, object]:
    """Read a file of one JSON block in which no key stands twice; raise ConfigError for any other."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such config file. Give one with --config; {SHORTEST}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read as a config file: {refusal(path, error)}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read as a config file: it is not text in UTF-8.") from error
    except ValueError as error:
        raise ConfigError(f"{str(path)!r} cannot be the name of a config file: {error}.") from error
    try:
        raw = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}: not valid JSON ({error.msg}).") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: a config file is one block in braces, ticker by ticker.")
    return raw


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    block: dict[str, object] = {}
    for key, value in pairs:
        if key in block:
            raise ValueError(f"'{key}' stands twice in one block; keep one.")
        block[key] = value
    return block


def _no_constants(text: str) -> object:
    raise ValueError(f"{text} is not a number a parameter can take.")
