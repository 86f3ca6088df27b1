"""Reads the grid of a sweep from a sweep file, `--grid` texts or axes by name; raises SweepError for an invalid one."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.costs import COSTS
from pipeline.engine.execution import PRESETS, SWITCH, SWITCHES
from pipeline.errors import SweepError, nearest, shown
from pipeline.folders import config_file, config_files
from pipeline.settings import plain, read_json
from pipeline.sweeps.axes import PRESET, STRATEGY, Axis, Grid, Span

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS: Final = ("strategy", "config", "securities", "parameters", "execution", "_comment")
RANGE_KEYS: Final = ("from", "to", "step", "points")
COSTS_AXIS: Final = f"{SWITCH}{COSTS}."
MOST_VALUES: Final = 100_000
"""Of all axes together: each of them is checked, also where a search takes a few."""

MOST_WHOLE: Final = 2**53
"""Up to here whole numbers and floats that are equal are one value."""


def read_sweep(path: Path) -> Grid:
    """Read a sweep file, the one found where it is named or the shipped one; raise SweepError for what is not one."""
    path = config_file(path)
    if not path.is_file():
        folder = path if path.is_dir() else path.parent
        known = [file.name for file in config_files(folder)]
        there = f" There are: {', '.join(str(folder / name) for name in known)}." if known else ""
        if path.is_dir():
            raise SweepError(f"{path} is a folder, and a sweep file is needed.{there}")
        close = nearest(path.name, known)
        raise SweepError(f"{path}: no such sweep file.{close or there} Or give the values by --grid NAME=VALUE,VALUE.")
    raw = read_json(path)
    for key in raw:
        if key not in BLOCKS:
            raise SweepError(
                f"{path}: unknown block '{key}'.{nearest(key, BLOCKS) or ' It takes ' + ', '.join(BLOCKS)}"
            )
    strategies = _texts(raw.get(STRATEGY, ()), f"{path}: {STRATEGY}")
    parameters = _block(raw.get("parameters", {}), f"{path}: parameters")
    execution = raw.get("execution", {})
    named: dict[str, Any] = {}
    if isinstance(execution, (str, list)):
        named[PRESET] = execution
    else:
        for key, value in _block(execution, f"{path}: execution").items():
            named[PRESET if key == "preset" else SWITCH + key] = value
    config = raw.get("config")
    if config is not None and not isinstance(config, str):
        raise SweepError(f"{path}: config is {json.dumps(config)}; it takes the path of a config file.")
    return _grid(
        [*parameters.items(), *named.items()],
        str(path),
        strategies=strategies,
        config=config,
        securities=_texts(raw.get("securities", ()), f"{path}: securities"),
    )


def read_grid(texts: Sequence[str]) -> Grid:
    """Read `--grid` texts, `name=value,value`, `name=from:to:step` or `name=from:to:logN`; raise SweepError."""
    named: list[tuple[str, object]] = []
    strategies: tuple[str, ...] = ()
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not name.strip() or not values.strip():
            raise SweepError(f"--grid {text}: write name=value,value or name=from:to:step.")
        name = name.strip()
        if name == STRATEGY:
            strategies = _texts([value.strip() for value in values.split(",")], "--grid strategy")
        else:
            named.append((name, _from_text(values.strip(), f"--grid {text}")))
    return _grid(named, "--grid", strategies=strategies)


def grid_of(axes: Mapping[str, object] | Sequence[str]) -> Grid:
    """Return the grid of axes by name, each a list of values, a range or one value, or of `--grid` texts."""
    if not isinstance(axes, Mapping):
        return read_grid(axes)
    listed = {str(name): _listed(plain(value), f"grid: {name}") for name, value in axes.items()}
    strategies = _texts(listed.pop(STRATEGY, ()), "grid: strategy")
    return _grid(list(listed.items()), "grid", strategies=strategies)


def _listed(value: object, where: str) -> object:
    """Return the values of an axis as a list of Python's own, a range or one value; raise SweepError for another."""
    listed = [plain(each) for each in value] if isinstance(value, (list, tuple, range)) else value
    try:
        json.dumps(listed)
    except (TypeError, ValueError):
        raise SweepError(f"{where} is {shown(repr(value))}; it takes a list of values, a range or one value.") from None
    return listed


def _grid(named: Sequence[tuple[str, object]], where: str, **named_parts: Any) -> Grid:
    """Return the grid of axes as they were given, each name once."""
    if name := _twice(name for name, _ in named):
        raise SweepError(f"{where}: {name} is given twice; put all its values into one.")
    axes_and_spans: list[tuple[Axis, Span | None]] = []
    for name, value in named:
        axes_and_spans.append(_axis(name, value, where))
        _check_number(sum(len(axis.values) for axis, _ in axes_and_spans), f"{where}: all axes together")
    axes = tuple(axis for axis, _ in axes_and_spans)
    return Grid(axes=axes, spans=tuple(span for _, span in axes_and_spans if span is not None), **named_parts)


def _check_number(values: int, where: str) -> None:
    if values > MOST_VALUES:
        raise SweepError(
            f"{where}: {values:,} values; at most {MOST_VALUES:,}. "
            'Take fewer, or a range without a step, as {"from": 1, "to": 9}, with --trials N.'
        )


def _axis(name: str, values_or_range: object, where: str) -> tuple[Axis, Span | None]:
    if name.startswith(SWITCH) and name.removeprefix(SWITCH) not in SWITCHES and not name.startswith(COSTS_AXIS):
        raise SweepError(f"{where}: unknown switch '{name}'.{nearest(name.removeprefix(SWITCH), SWITCHES)}")
    span = None
    values: list[Any]
    if isinstance(values_or_range, Mapping) and (
        name != SWITCH + "fees_bps" or "from" in values_or_range or "to" in values_or_range
    ):
        span = _span(name, values_or_range, where)
        values = _spread(span, values_or_range.get("points"), where)
    elif isinstance(values_or_range, list):
        values = [tuple(value) if isinstance(value, list) else value for value in values_or_range]
    else:
        values = [values_or_range]
    if not values:
        raise SweepError(f"{where}: {name} takes no value at all; give at least one.")
    _check_values(name, values, where)
    if name == PRESET:
        for value in values:
            if value not in PRESETS:
                raise SweepError(
                    f"{where}: execution is {json.dumps(value)}; it takes {' or '.join(PRESETS)}."
                    f"{nearest(str(value), PRESETS)}"
                )
    return Axis(name, tuple(values)), span


def _check_values(name: str, values: Sequence[Any], where: str) -> None:
    """Raise SweepError for values that no axis has, and for one that is there twice."""
    known: set[str] = set()
    for value in values:
        parts = value.values() if isinstance(value, dict) else [value]
        inner = [each for part in parts for each in (part if isinstance(part, tuple) else [part])]
        if any(isinstance(part, (dict, list, tuple)) for part in inner):
            raise SweepError(
                f"{where}: {name} has lists of lists or of blocks among its values; give numbers, names, lists or "
                "blocks of them."
            )
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        text = repr(float(value)) if is_number and abs(value) < MOST_WHOLE else json.dumps(value, sort_keys=True)
        if text in known:
            raise SweepError(f"{where}: {name} has {json.dumps(value, sort_keys=True)} twice; keep one.")
        known.add(text)


def _span(name: str, keys: Mapping[str, Any], where: str) -> Span:
    known = (*RANGE_KEYS, "log")
    for key in keys:
        if key not in known:
            raise SweepError(f"{where}: {name}: unknown key '{key}' of a range.{nearest(key, known)}")
    numbers = {key: keys[key] for key in (*RANGE_KEYS,) if key in keys}
    for key, value in numbers.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not abs(value) <= sys.float_info.max:
            raise SweepError(f"{where}: {name}: {key} is {json.dumps(value)}; it takes a number.")
    if "from" not in keys or "to" not in keys or keys["from"] > keys["to"]:
        raise SweepError(f"{where}: {name}: a range goes from a value to one that is not smaller.")
    log = keys.get("log", False)
    if not isinstance(log, bool):
        raise SweepError(f"{where}: {name}: log is {json.dumps(log)}; it takes true or false.")
    step = keys.get("step")
    if step is not None and (log or "points" in keys):
        raise SweepError(f"{where}: {name}: a range has a step or points, not both, and a log range has points.")
    if step is not None and not step > 0:
        raise SweepError(f"{where}: {name}: step is {step}; it takes a number above 0.")
    if log and not keys["from"] > 0:
        raise SweepError(f"{where}: {name}: a log range starts above 0.")
    return Span(name, keys["from"], keys["to"], step, log, keys.get("points"))


def _spread(span: Span, wanted: Any, where: str) -> list[float]:
    """Return the values of a range, in decimal arithmetic so that 0.1 + 0.2 is 0.3."""
    start, end = Decimal(str(span.start)), Decimal(str(span.end))
    if wanted is not None:
        if not isinstance(wanted, int) or wanted < 2:  # noqa: PLR2004 - both ends
            raise SweepError(f"{where}: {span.name}: points is {wanted}; it takes a whole number from 2 on.")
        _check_number(wanted, f"{where}: {span.name}")
        if span.log:
            ratio = math.log(span.end / span.start)
            values = [span.start * math.exp(ratio * at / (wanted - 1)) for at in range(wanted)]
            return _distinct([_as_given(Decimal(f"{value:.4g}"), span) for value in values])
        between = (end - start) / (wanted - 1)
        return _distinct([_as_given(start + between * at, span) for at in range(wanted)])
    if span.step is None:
        return _distinct([_as_given(start, span), _as_given(end, span)])
    step = Decimal(str(span.step))
    count = int((end - start) / step) + 1
    _check_number(count, f"{where}: {span.name}")
    return [_as_given(start + step * at, span) for at in range(count)]


def _as_given(value: Decimal, span: Span) -> float:
    """Keep whole numbers whole where the range was given in whole numbers."""
    return int(value.to_integral_value()) if span.is_whole else float(value)


def _distinct(values: list[float]) -> list[float]:
    return list(dict.fromkeys(values))


def _from_text(text: str, where: str) -> object:
    parts = text.split(":")
    if len(parts) == 3 and not text.startswith(("{", "[")):  # noqa: PLR2004 - from, to and how
        start, end, how = (_word(part.strip()) for part in parts)
        if isinstance(how, str) and how.startswith("log"):
            return {"from": start, "to": end, "log": True, "points": _word(how.removeprefix("log"))}
        return {"from": start, "to": end, "step": how}
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SweepError(f"{where}: not valid JSON ({error}).") from error
    return [_word(part.strip()) for part in text.split(",")]


def _word(text: str) -> Any:
    try:
        Decimal(text)
        return json.loads(text)
    except (InvalidOperation, ValueError):
        return {"true": True, "false": False, "null": None}.get(text, text)


def _texts(names: object, where: str) -> tuple[str, ...]:
    listed = [names] if isinstance(names, str) else names
    if not isinstance(listed, Sequence) or not all(isinstance(repeated, str) for repeated in listed):
        raise SweepError(f"{where} is {json.dumps(names)}; it takes a name or a list of names.")
    if "" in listed:
        raise SweepError(f'{where} has "" among its names.')
    if repeated := _twice(listed):
        raise SweepError(f"{where} has {json.dumps(repeated)} twice; keep one.")
    return tuple(listed)


def _twice(names: Iterable[str]) -> str | None:
    """Return the first name that was there before."""
    known: set[str] = set()
    for name in names:
        if name in known:
            return name
        known.add(name)
    return None


def _block(block: object, where: str) -> dict[str, Any]:
    if not isinstance(block, dict):
        raise SweepError(f"{where} is {json.dumps(block)}; it takes a block in braces.")
    return {key: value for key, value in block.items() if key != "_comment"}
