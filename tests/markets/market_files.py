"""Market files for tests: whole ones written by hand and drawn at random, and those with one mistake each."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from hypothesis import strategies as draw

LUNCH: Final[dict[str, Any]] = {
    "$schema": "market.schema.json",
    "exchange": "XYZ",
    "name": "Exchange of Xyz",
    "codes": ["XZ", "XY"],
    "time_zone": "Europe/London",
    "currency": "GBP",
    "price_unit": "GBp",
    "price_units_per_currency": 100,
    "calendar": "XLON",
    "tickers": ["VOD", "BT/A"],
    "orders_over_break": "cancelled",
    "sessions": [
        {"week": ["Sun", "Mon", "Tue", "Wed", "Thu"], "continuous": ["10:00", "14:00"]},
        {
            "from": "2024-11-05",
            "pre_open": ["08:00", "09:00"],
            "opening_auction": ["08:50", "09:00"],
            "continuous": [["09:00", "11:30"], ["12:30", "15:25"]],
            "closing_auction": ["15:25", "15:30"],
            "trade_at_last": ["15:30", "15:35:30"],
        },
    ],
    "half_days": [{"day": "2024-12-24", "why": "Christmas Eve", "continuous": ["09:00", "12:30"]}],
    "closed_days": [{"day": "2024-12-25", "why": "Christmas"}, {"day": "2025-12-03", "tentative": True}],
    "known_from": "2024-01-01",
    "known_to": "2025-12-31",
    "tick_sizes": [
        {"levels": [{"below": None, "tick": 0.5}]},
        {"from": "2025-01-01", "levels": [{"below": 1, "tick": 0.001}, {"below": None, "tick": 0.01}]},
    ],
    "lot_size": [{"size": 100}, {"from": "2025-01-01", "size": 1}],
    "sources": {"sessions": "https://example.org (hours)", "closed_days": ["a", "b"]},
}
"""A market with every key."""

FIRST_FORM: Final[dict[str, Any]] = {
    "exchange": "XYZ",
    "name": "Exchange of Xyz",
    "sheet_suffix": "XZ",
    "time_zone": "Asia/Dubai",
    "currency": "AED",
    "sessions": {
        "pre_open": ["09:30", "10:00"],
        "continuous": ["10:00", "14:45"],
        "closing_auction": ["14:45", "14:55"],
        "trade_at_last": ["14:55", "15:00"],
    },
    "tick_sizes": [{"below": 1, "tick": 0.001}, {"below": None, "tick": 0.01}],
    "known_from": "2025-01-01",
    "known_to": "2025-12-31",
    "closed_days": [{"day": "2025-06-06"}, {"day": "2025-12-03", "tentative": True}],
    "sources": {"sessions": "https://example.org"},
}

DAYS: Final = draw.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1))

Change = "Callable[[dict[str, Any]], object]"


def _late(file: dict[str, Any]) -> dict[str, Any]:
    session: dict[str, Any] = file["sessions"][1]
    return session


FORM: Final[dict[str, tuple[Change, str]]] = {
    "an unknown key": (lambda f: f.update(curency="GBP"), r"unknown key 'curency'\. Did you mean 'currency'\?"),
    "an unknown phase": (
        lambda f: _late(f).update(continous=_late(f).pop("continuous")),
        r"sessions\[1\]: unknown key 'continous'\. Did you mean 'continuous'\?",
    ),
    "no exchange": (lambda f: f.pop("exchange"), "'exchange' is missing"),
    "no clock": (lambda f: f.pop("time_zone"), "'time_zone' is missing"),
    "no currency": (lambda f: f.pop("currency"), "'currency' is missing"),
    "no codes": (lambda f: f.pop("codes"), "'codes' is missing"),
    "codes twice": (lambda f: f.update(sheet_suffix="XX"), "sheet_suffix and codes say the same"),
    "a code in words": (lambda f: f["codes"].append("London"), r'codes\[2\] is "London"; it takes a Bloomberg code'),
    "one code as two": (lambda f: f["codes"].append("XZ"), "each once"),
    "neither hours nor a calendar": (
        lambda f: (f.pop("sessions"), f.pop("calendar")),
        "'sessions' is missing; hours come from there, or from a 'calendar'",
    ),
    "hours of no days": (lambda f: f["sessions"].clear(), "sessions is empty"),
    "a day without trading": (lambda f: _late(f).pop("continuous"), r"sessions\[1\]: 'continuous' is missing"),
    "a span without an end": (
        lambda f: _late(f)["continuous"].append(["16:00"]),
        r'sessions\[1\]\.continuous\[2\] is \["16:00"\]; it takes two times',
    ),
    "no spans": (lambda f: _late(f)["continuous"].clear(), r"sessions\[1\]\.continuous is empty"),
    "a time in words": (lambda f: _late(f).update(pre_open=["eight", "nine"]), r"sessions\[1\]\.pre_open is"),
    "a time that is none": (lambda f: _late(f).update(pre_open=["08:00", "25:00"]), r"pre_open is .*two times such as"),
    "a day of no week": (lambda f: f["sessions"][0]["week"].append("Fry"), r"week\[5\] is \"Fry\".*Did you mean 'Fri'"),
    "a day twice": (lambda f: f["sessions"][0]["week"].append("Sun"), "each day of the trading week once"),
    "a break's rule of one's own": (
        lambda f: f.update(orders_over_break="canceled"),
        "it is one of: kept, cancelled. Did you mean 'cancelled'",
    ),
    "no tick": (lambda f: f["tick_sizes"][1]["levels"][0].pop("tick"), r"levels\[0\]: 'tick' is missing"),
    "a tick of zero": (lambda f: f["tick_sizes"][1]["levels"][0].update(tick=0), r"levels\[0\]\.tick is 0; it takes a"),
    "a tick in words": (lambda f: f["tick_sizes"][1]["levels"][0].update(tick="small"), r'tick is "small"'),
    "no limit": (lambda f: f["tick_sizes"][1]["levels"][0].pop("below"), "'below' is missing"),
    "no levels": (lambda f: f.update(tick_sizes=[]), "tick_sizes is empty"),
    "a lot of nothing": (lambda f: f["lot_size"][0].update(size=0), r"lot_size\[0\]\.size is 0"),
    "a unit with a blank": (lambda f: f.update(price_unit="p p"), "price_unit is"),
    "a currency in words": (lambda f: f.update(currency="pound"), 'currency is "pound"; it takes three capitals'),
    "a closed day without its day": (lambda f: f["closed_days"].append({"why": "?"}), r"closed_days\[2\]: 'day' is m"),
    "a day that may be": (
        lambda f: f["closed_days"][1].update(tentative="yes"),
        r"tentative is \"yes\"; it takes true",
    ),
    "a source that is empty": (lambda f: f["sources"].update(week=""), r"sources\.week is"),
    "a half day without hours": (lambda f: f["half_days"][0].pop("continuous"), r"half_days\[0\]: 'continuous' is mis"),
}
"""Mistakes that the schema knows as well, each with what the loader says."""

SENSE: Final[dict[str, tuple[Change, str]]] = {
    "a unit of which it is not said how many": (
        lambda f: f.pop("price_units_per_currency"),
        "price_unit and price_units_per_currency go together",
    ),
    "another file's name": (
        lambda f: f.update(exchange="XYY"),
        "exchange is 'XYY'; it takes the file's own name, 'XYZ'",
    ),
    "a clock of nowhere": (
        lambda f: f.update(time_zone="Europe/Londn"),
        "time_zone is 'Europe/Londn'.*Did you mean 'Europe/London'",
    ),
    "a span that ends before it begins": (
        lambda f: _late(f)["continuous"].reverse(),
        r"sessions\[1\]\.continuous\[1\] begins before the span in front of it ends",
    ),
    "an end before the start": (
        lambda f: f["sessions"][0].update(continuous=["14:00", "10:00"]),
        r"sessions\[0\]\.continuous does not begin before it ends \(a day that begins on the evening before",
    ),
    "a span of no length": (lambda f: _late(f).update(pre_open=["08:00", "08:00"]), "does not begin before it ends"),
    "an auction that closes trading early": (
        lambda f: _late(f).update(closing_auction=["15:00", "15:10"]),
        "closing_auction ends before continuous trading does",
    ),
    "trade at last before the auction": (
        lambda f: _late(f).update(trade_at_last=["15:25", "15:40"]),
        "trade_at_last begins before the auction",
    ),
    "an opening in trading": (
        lambda f: _late(f).update(opening_auction=["08:50", "09:10"]),
        "opening_auction ends after continuous trading begins",
    ),
    "hours out of order": (lambda f: f["sessions"].reverse(), r"sessions\[1\]: 'from' is missing"),
    "hours from one day twice": (
        lambda f: f["sessions"].append(_late(f)),
        r"sessions\[2\]: 'from' is 2024-11-05, which is not after 2024-11-05",
    ),
    "two starts of the day": (lambda f: _late(f).update(day_starts="17:00"), "day_starts is not that of the first"),
    "a date that is none": (lambda f: f.update(known_to="2025-02-30"), 'known_to is "2025-02-30"; it takes a date'),
    "known until nobody knows": (lambda f: f.pop("known_to"), "known_from and known_to go together"),
    "known backwards": (lambda f: f.update(known_to="2023-01-01"), "known_to is 2023-01-01, before known_from"),
    "a day closed twice": (lambda f: f["closed_days"].append({"day": "2024-12-25"}), "which stands there already"),
    "a half day twice": (lambda f: f["half_days"].append(f["half_days"][0]), "which stands there already"),
    "ticks that end": (lambda f: f["tick_sizes"][1]["levels"].pop(), "no last level that applies without limit"),
    "ticks out of order": (lambda f: f["tick_sizes"][1]["levels"].reverse(), "below is not above that of the level"),
    "tables out of order": (lambda f: f["tick_sizes"].reverse(), r"tick_sizes\[1\]: 'from' is missing"),
}
"""Mistakes that only the loader knows, each with what it says."""


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@draw.composite
def hours(take: draw.DrawFn, begins: int = 0) -> dict[str, Any]:
    """Draw the phases of a day that begins so many minutes after midnight."""
    count = take(draw.integers(1, 3))
    ends = sorted(take(draw.sets(draw.integers(1, 1439), min_size=2 * count + 8, max_size=2 * count + 8)))
    clocks = [_clock((begins + minute) % 1440) for minute in ends]
    pairs = [list(pair) for pair in zip(clocks[::2], clocks[1::2], strict=True)]
    phases: dict[str, Any] = {"continuous": pairs[2 : 2 + count]}
    if count == 1 and take(draw.booleans()):
        phases["continuous"] = pairs[2]
    others = {"pre_open": 0, "opening_auction": 1, "closing_auction": 2 + count, "trade_at_last": 3 + count}
    return phases | {name: pairs[at] for name, at in others.items() if take(draw.booleans())}


@draw.composite
def markets(take: draw.DrawFn, *, evenings: bool = True) -> dict[str, Any]:
    """Draw a whole market file named XYZ; evenings: whether its day may begin on the evening before."""
    begins = take(draw.sampled_from((0, 1020, 1380))) if evenings else 0
    starts = {"day_starts": _clock(begins)} if begins else {}
    days = sorted(take(draw.sets(DAYS, max_size=2)))
    weeks = draw.sets(draw.sampled_from(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")), min_size=1)
    sessions = [
        {"week": sorted(take(weeks))} | starts | take(hours(begins)) | ({"from": str(day)} if day else {})
        for day in (None, *days)
    ]
    sizes = sorted(take(draw.sets(draw.sampled_from((0.001, 0.01, 0.02, 0.05, 0.1, 0.5, 1)), min_size=1, max_size=3)))
    limits = sorted(take(draw.sets(draw.integers(1, 50), min_size=len(sizes) - 1, max_size=len(sizes) - 1)))
    ticks = [{"below": below, "tick": tick} for below, tick in zip([*limits, None], sizes, strict=True)]
    optional = {
        "name": "Exchange of Xyz",
        "calendar": "XLON",
        "orders_over_break": take(draw.sampled_from(("kept", "cancelled"))),
        "tick_sizes": take(draw.sampled_from((ticks, [{"levels": ticks}], None))),
        "lot_size": take(draw.sampled_from((1, [{"size": 5}], None))),
        "half_days": [{"day": str(day)} | take(hours(begins)) for day in take(draw.sets(DAYS, max_size=2))],
        "closed_days": [{"day": str(day), "why": "?"} for day in take(draw.sets(DAYS, max_size=3))],
        "price_unit": "fils",
    }
    chosen = {name: value for name, value in optional.items() if take(draw.booleans())}
    if "price_unit" in chosen:
        chosen["price_units_per_currency"] = 1000
    zone = take(draw.sampled_from(("Asia/Dubai", "America/New_York", "UTC")))
    return {"exchange": "XYZ", "codes": ["XZ"], "time_zone": zone, "currency": "AED", "sessions": sessions} | chosen
