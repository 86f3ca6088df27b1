"""Rates of currencies by day: read from a file or given as constants, checked, and looked up by day."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pipeline.errors import BadRequest, RatesError
from pipeline.system import refusal
from pipeline.times import FIRST_DAY, date_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.ticks import Float64s, Int64s

COLUMNS: Final = ("day", "currency", "rate")
Fx: TypeAlias = "str | Path | Mapping[str, float] | Sequence[str | Path]"
CODE: Final = re.compile(r"[A-Z]{3}")
CONSTANT: Final = re.compile(r"([A-Za-z]{3})\s*=(.*)", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Conversion:
    """What converts one security's amounts into another currency, day by day.

    Attributes:
        currency: What they are converted to.
        days: The days from which on each rate holds, since 1970-01-01, ascending, shape (n,); one of a constant, which
            holds on all days.
        rates: Units of `currency` for one unit of the security's amounts, shape (n,).
        is_constant: Whether the one rate is of no day.
    """

    currency: str
    days: Int64s
    rates: Float64s
    is_constant: bool = False

    @property
    def key(self) -> str:
        """What the converted amounts depend on, as text."""
        digest = blake2b(self.days.tobytes() + self.rates.tobytes(), digest_size=16).hexdigest()
        return f"{self.currency} {digest}"

    def at(self, days: Int64s) -> Float64s:
        """Return the rate of each day, that of the last known one where it has none; there is one not after it."""
        rates: Float64s = self.rates[np.maximum(np.searchsorted(self.days, days, side="right") - 1, 0)]
        return rates

    def carried(self, days: Int64s) -> Int64s:
        """Return those of some days that have no rate of their own."""
        none: Int64s = days[:0] if self.is_constant else days[~np.isin(days, self.days)]
        return none


@dataclass(frozen=True)
class Rates:
    """The rates of a run. tables: by currency days and rates of the file. constants: by currency, before the file.

    source, fingerprint: the file's name and the BLAKE2b digest of its bytes; empty without one.
    """

    currency: str
    constants: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, tuple[Int64s, Float64s]] = field(default_factory=dict)
    source: str = ""
    fingerprint: str = ""

    @cached_property
    def named(self) -> str:
        """Where the rates are from, in words; empty where there are none."""
        given = [
            *(f"{code}={rate:g}" for code, rate in self.constants.items()),
            *([self.source] if self.source else []),
        ]
        return " and ".join(given)

    def conversion(self, money: str, who: str, first_day: int | None) -> Conversion | None:
        """Return what converts amounts into the currency of these rates; None where they are in it already.

        Args:
            money: The currency that the amounts are in.
            who: Whose amounts these are, for the message.
            first_day: The first day that has to have a rate, None where there is none.

        Raises:
            RatesError: There is no rate of that currency, or none yet on the first day.
        """
        if money == self.currency:
            return None
        if money in self.constants:
            rate = np.array([self.constants[money]])
            return Conversion(self.currency, np.zeros(1, np.int64), rate, is_constant=True)
        if money not in self.tables:
            one = f"--fx {money}=RATE, in {self.currency} for one {money}"
            if not self.named:
                raise RatesError(f"{who} is in {money}, and without --fx there is no rate for {money}. Add {one}.")
            raise RatesError(f"{who} is in {money}, and {self.named} has no rate of {money}. Add rows of it, or {one}.")
        days, rates = self.tables[money]
        if first_day is not None and first_day < days[0]:
            raise RatesError(
                f"{who} has ticks from {date_of(first_day)} on, and the first rate of {money} in {self.source} is of "
                f"{date_of(int(days[0]))}. Add the rate of {date_of(first_day)} or of a day before it."
            )
        return Conversion(self.currency, days, rates)


def read_rates(fx: Fx, currency: str | None) -> Rates | None:
    """Return the rates that are asked for; None where nothing is to be converted.

    Args:
        fx: A file of rates, constants as `USD=3.6725`, or several of these; or constants by currency.
        currency: What amounts are converted to.

    Raises:
        BadRequest: Rates without a currency to convert to, one that is none, or two files.
        RatesError: A rate that is none, or a file that cannot be read.
    """
    texts = _texts(fx)
    if currency is None:
        if texts:
            raise BadRequest("--fx gives rates, and nothing says what to convert to: add --currency AED.")
        return None
    if not CODE.fullmatch(currency):
        raise BadRequest(f"--currency: {_no_currency(currency)}")
    constants, files = _constants_and_files(texts)
    if len(files) > 1:
        raise BadRequest(f"--fx takes one file of rates, and constants beside it; these are {', '.join(files)}.")
    if constants.get(currency, 1.0) != 1.0:
        raise BadRequest(f"--fx {currency}={constants[currency]:g}: a unit of {currency} is one {currency}.")
    if not files:
        return Rates(currency, constants)
    content = _content(Path(files[0]))
    tables = _tables(files[0], content, currency)
    fingerprint = blake2b(content, digest_size=16).hexdigest()
    return Rates(currency, constants, tables, Path(files[0]).name, fingerprint)


def _texts(fx: Fx) -> list[str]:
    if isinstance(fx, (str, Path)):
        return [str(fx)]
    if hasattr(fx, "items"):
        return [f"{code}={rate!r}" for code, rate in fx.items()]
    return [str(one) for one in fx]


def _constants_and_files(texts: Iterable[str]) -> tuple[dict[str, float], list[str]]:
    constants: dict[str, float] = {}
    files = []
    for text in texts:
        if match := CONSTANT.fullmatch(text):
            code = match[1].upper()
            if match[1] not in (code, code.lower()):
                raise RatesError(f"--fx {text}: {_no_currency(match[1])}")
            if code in constants:
                raise BadRequest(f"--fx {code} is given twice; keep one rate of it.")
            constants[code] = _rate(match[2], f"--fx {text}")
        else:
            files.append(text)
    return constants, files


def _rate(text: str, where: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0.0 < rate < math.inf:
        raise RatesError(f"{where}: '{text.strip()}' is no rate; it takes a number above 0.")
    return rate


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RatesError(f"--fx: {path} cannot be read: {refusal(path, error)}.") from error


def _tables(name: str, content: bytes, currency: str) -> dict[str, tuple[Int64s, Float64s]]:
    """Return days and rates by currency; raises RatesError that names the line."""
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RatesError(f"{name} is no CSV of rates: {error}.") from error
    heads = [head.strip().lower() for head in lines[0]] if lines else []
    if missing := [column for column in COLUMNS if column not in heads]:
        raise RatesError(f"{name} has no column {', '.join(missing)}; its first line has to be {','.join(COLUMNS)}.")
    found: dict[str, dict[int, float]] = {}
    for number, line in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in line):
            continue
        where = f"{name}, line {number}"
        if len(line) != len(heads):
            raise RatesError(f"{where}: {len(line)} cells, and {len(heads)} columns.")
        day, code, rate = (line[heads.index(column)].strip() for column in COLUMNS)
        _add(found.setdefault(code, {}), day, code, _rate(rate, where), where)
    if any(rate != 1.0 for rate in found.get(currency, {}).values()):
        raise RatesError(f"{name} has rates of {currency} that are not 1: a rate is {currency} for one unit.")
    return {code: _sorted(of_code) for code, of_code in found.items()}


def _add(of_code: dict[int, float], day: str, code: str, rate: float, where: str) -> None:
    try:
        at = (dt.date.fromisoformat(day) - FIRST_DAY).days
    except ValueError:
        raise RatesError(f"{where}: '{day}' is no day; it takes one such as 2025-01-06.") from None
    if not CODE.fullmatch(code):
        raise RatesError(f"{where}: {_no_currency(code)}")
    if at in of_code:
        raise RatesError(f"{where}: another rate of {code} on {day} stands above it.")
    of_code[at] = rate


def _no_currency(code: str) -> str:
    """Return what is wrong with a text that is no currency; one as GBp is a part of one, which amounts are never in."""
    if CODE.fullmatch(code.upper()) and not code.islower():
        return f"'{code}' is a part of a currency; amounts are in the whole one, three capitals as GBP."
    return f"'{code}' is no currency; it takes three capitals, as USD."


def _sorted(of_code: Mapping[int, float]) -> tuple[Int64s, Float64s]:
    days = sorted(of_code)
    return np.array(days, np.int64), np.array([of_code[day] for day in days])


def rates_json(rates: Rates | None, carried: Mapping[str, Iterable[str]]) -> dict[str, Any] | None:
    """Return what run.json and sweep.json say of rates: where from, constants, days without a rate."""
    if rates is None:
        return None
    return {
        "currency": rates.currency,
        "source": rates.source or None,
        "fingerprint": rates.fingerprint or None,
        "constants": dict(rates.constants),
        "carried": {code: list(days) for code, days in carried.items() if days},
    }
