"""Reads a market's file: every key, by the form that `market.schema.json` states for editors."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Final

from pipeline.errors import ConfigError, MarketFactsError, nearest
from pipeline.markets import blocks
from pipeline.markets.market import MarketFacts
from pipeline.markets.phases import PHASES, Hours, day_start_of, hours_of, sessions_of
from pipeline.markets.tick_tables import lot_sizes_of, tick_tables_of
from pipeline.settings import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEYS: Final = (
    *("exchange", "name", "codes", "time_zone", "currency", "price_unit", "price_units_per_currency", "calendar"),
    *("tickers", "orders_over_break", "sessions", "half_days", "closed_days", "known_from", "known_to", "tick_sizes"),
    *("lot_size", "sources", "sheet_suffix"),
)
"""The keys of a market's file; `sheet_suffix` is that of the first form for the only one of `codes`."""

NEEDED: Final = ("exchange", "time_zone", "currency")
OVER_BREAK: Final = ("kept", "cancelled")
NAME: Final = "[A-Za-z0-9][A-Za-z0-9_-]{0,31}"
CODE: Final = "[A-Z][A-Z0-9]{1,3}"
CURRENCY: Final = "[A-Z]{3}"


def read_market(path: Path) -> MarketFacts:
    """Return the facts that a market's file says; raise MarketFactsError, which names the key at fault, for any other.

    Raises FileNotFoundError where there is no such file.
    """
    try:
        content = read_json(path)
    except ConfigError as error:
        raise MarketFactsError(str(error)) from error
    file = blocks.block(content, str(path), KEYS, NEEDED)
    at = f"{path}: "
    exchange = blocks.text(file["exchange"], f"{at}exchange", NAME, "a name such as ADX")
    if exchange != path.stem:
        raise MarketFactsError(f"{at}exchange is '{exchange}'; it takes the file's own name, '{path.stem}'.")
    if file.get("sessions") is None and file.get("calendar") is None:
        raise MarketFactsError(f"{at}'sessions' is missing; hours come from there, or from a 'calendar'.")
    day_starts = _day_starts(file.get("sessions"), at)
    closed, tentative = _closed_days(file.get("closed_days"), f"{at}closed_days")
    known_from, known_to = (
        None if file.get(name) is None else blocks.day(file[name], f"{at}{name}") for name in ("known_from", "known_to")
    )
    if (known_from is None) != (known_to is None):
        raise MarketFactsError(f"{at}known_from and known_to go together; one of them is missing.")
    if known_from is not None and known_to is not None and known_to < known_from:
        raise MarketFactsError(f"{at}known_to is {known_to}, before known_from.")
    unit, units = file.get("price_unit"), file.get("price_units_per_currency")
    if (unit is None) != (units is None):
        raise MarketFactsError(f"{at}price_unit and price_units_per_currency go together; one of them is missing.")
    _sources(file.get("sources"), f"{at}sources")
    return MarketFacts(
        exchange=exchange,
        name=_name(file.get("name"), f"{at}name") or exchange,
        codes=_codes(file, at),
        time_zone=_zone(file["time_zone"], f"{at}time_zone"),
        currency=blocks.text(file["currency"], f"{at}currency", CURRENCY, "three capitals such as AED"),
        price_unit="" if unit is None else blocks.text(unit, f"{at}price_unit", "[A-Za-z]{1,8}", "a unit such as GBp"),
        price_units_per_currency=_number(units, f"{at}price_units_per_currency"),
        calendar=_name(file.get("calendar"), f"{at}calendar"),
        tickers=_texts(file.get("tickers"), f"{at}tickers", "[A-Z0-9][A-Z0-9&/._-]{0,31}", "a ticker such as EMAAR"),
        cancels_over_break=_over_break(file.get("orders_over_break"), f"{at}orders_over_break"),
        day_starts=day_starts,
        sessions=() if file.get("sessions") is None else sessions_of(file["sessions"], f"{at}sessions", day_starts),
        half_days=_half_days(file.get("half_days"), f"{at}half_days", day_starts),
        closed_days=closed,
        tentative_days=tentative,
        known_from=known_from or dt.date.max,
        known_to=known_to or dt.date.min,
        tick_tables=tick_tables_of(file.get("tick_sizes"), f"{at}tick_sizes"),
        lot_sizes=lot_sizes_of(file.get("lot_size"), f"{at}lot_size"),
    )


def _day_starts(sessions: object, at: str) -> int:
    first = sessions[0] if isinstance(sessions, list) and sessions else sessions
    return day_start_of(first.get("day_starts"), f"{at}sessions[0].day_starts") if isinstance(first, dict) else 0


def _codes(file: Mapping[str, object], at: str) -> tuple[str, ...]:
    if file.get("sheet_suffix") is not None:
        if file.get("codes") is not None:
            raise MarketFactsError(f"{at}sheet_suffix and codes say the same; keep codes.")
        return (blocks.text(file["sheet_suffix"], f"{at}sheet_suffix", CODE, "a Bloomberg code such as UH"),)
    if "codes" not in file:
        raise MarketFactsError(f"{at}'codes' is missing; [] where no name carries a code of this market.")
    return _texts(file["codes"], f"{at}codes", CODE, "a Bloomberg code such as UH")


def _texts(value: object, where: str, pattern: str, what: str) -> tuple[str, ...]:
    listed = blocks.items(value, where, f"a list, each {what}")
    texts = tuple(blocks.text(each, f"{where}[{number}]", pattern, what) for number, each in enumerate(listed))
    if len(set(texts)) != len(texts):
        raise blocks.wrong(where, value, "each once")
    return texts


def _name(value: object, where: str) -> str:
    return "" if value is None else blocks.text(value, where, r"(?s)\S.*", "a name")


def _number(value: object, where: str) -> float:
    return 1.0 if value is None else blocks.number(value, where)


def _over_break(value: object, where: str) -> bool:
    return value is not None and blocks.one_of(value, where, OVER_BREAK) == "cancelled"


def _closed_days(value: object, where: str) -> tuple[frozenset[dt.date], frozenset[dt.date]]:
    """Return the days that are closed for certain and those that are only announced."""
    days: dict[dt.date, bool] = {}
    for number, each in enumerate(blocks.items(value, where, "a list of days")):
        place = f"{where}[{number}]"
        entry = blocks.block(each, place, ("day", "why", "tentative"), ("day",))
        day = blocks.day(entry["day"], f"{place}.day")
        if day in days:
            raise MarketFactsError(f"{place}.day is {day}, which stands there already.")
        _name(entry.get("why"), f"{place}.why")
        if not isinstance(entry.get("tentative", False), bool):
            raise blocks.wrong(f"{place}.tentative", entry["tentative"], "true or false")
        days[day] = bool(entry.get("tentative", False))
    certain = frozenset(day for day, is_tentative in days.items() if not is_tentative)
    return certain, frozenset(days) - certain


def _half_days(value: object, where: str, day_starts: int) -> tuple[tuple[dt.date, Hours], ...]:
    days: dict[dt.date, Hours] = {}
    for number, each in enumerate(blocks.items(value, where, "a list of days with their hours")):
        place = f"{where}[{number}]"
        entry = blocks.block(each, place, ("day", "why", *PHASES), ("day",))
        day = blocks.day(entry["day"], f"{place}.day")
        if day in days:
            raise MarketFactsError(f"{place}.day is {day}, which stands there already.")
        _name(entry.get("why"), f"{place}.why")
        days[day] = hours_of(entry, place, day_starts)
    return tuple(sorted(days.items(), key=lambda each: each[0]))


def _sources(value: object, where: str) -> None:
    """Check that each fact's source is a text, or some of them; which facts have one is for who keeps the file."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise blocks.wrong(where, value, "a block in braces")
    for fact, source in value.items():
        texts = source if isinstance(source, list) else [source]
        if not texts or not all(isinstance(each, str) and each.strip() for each in texts):
            raise blocks.wrong(f"{where}.{fact}", source, "where it is from, as a text or a list of texts")


def _zone(value: object, where: str) -> str:
    what = "a time zone such as Europe/London"
    zone = blocks.text(value, where, "[A-Za-z0-9_+/-]{1,64}", what)
    if not _is_zone(zone):
        from zoneinfo import available_timezones  # reads a folder of files

        raise MarketFactsError(f"{where} is '{zone}'; it takes {what}.{nearest(zone, available_timezones())}")
    return zone


@cache
def _is_zone(zone: str) -> bool:
    from zoneinfo import ZoneInfo  # not needed by who reads no market

    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        return False
    return True
