"""Writes a market's file to fill in: what a calendar knows filled in already, what nobody said left empty."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pipeline.errors import BadRequest, OutputNotWritable
from pipeline.markets.calendars import CalendarDays, calendar_days
from pipeline.markets.facts import FOLDER, SCHEMA
from pipeline.markets.phases import WEEK
from pipeline.markets.read import NAME
from pipeline.system import refusal

if TYPE_CHECKING:
    from pathlib import Path

MINUTES_A_DAY = 24 * 60


def new_market(name: str, calendar: str | None) -> Path:
    """Write a market's file into the working directory's `configs/markets` and return its path.

    Raises:
        BadRequest: The name cannot be a file's, or there is such a file.
        MissingExtra: A calendar is asked for and the library that has them is not installed.
        MarketFactsError: The library has no such calendar.
        OutputNotWritable: The file cannot be written.
    """
    if not re.fullmatch(NAME, name):
        raise BadRequest(f"'{name}' cannot be a market's name: letters, digits, '_' and '-', 32 at most.")
    path = FOLDER / f"{name}.json"
    if path.exists():
        raise BadRequest(f"{path} is there already; edit it, or delete it first.")
    days = None if calendar is None else calendar_days(calendar)
    text = json.dumps(_content(name, calendar, days), indent=2, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputNotWritable(f"{path} cannot be written: {refusal(path, error)}.") from error
    return path


def _content(name: str, calendar: str | None, days: CalendarDays | None) -> dict[str, Any]:
    session: dict[str, Any] = {"week": [*WEEK[:5]], "continuous": []}
    if days is not None:
        spans = days.hours[-1][1]
        starts = {"day_starts": _clock(spans[0][0])} if spans[0][0] < 0 else {}
        session = {"week": [WEEK[day] for day in days.week], **starts}
        session["continuous"] = [[_clock(start), _clock(end)] for start, end in spans]
    return {
        "$schema": SCHEMA,
        "_comment": "Fill in what is empty. Sessions may have auctions: market.schema.json says how.",
        "exchange": name,
        "name": name,
        "codes": [],
        "time_zone": "" if days is None else days.zone,
        "currency": "",
        **({"calendar": calendar} if calendar else {}),
        "sessions": [session],
        "tick_sizes": None,
        "sources": {"sessions": f"exchange_calendars, {calendar}" if calendar else "where the hours are from"},
    }


def _clock(minute: int) -> str:
    of_day = minute % MINUTES_A_DAY
    return f"{of_day // 60:02}:{of_day % 60:02}"
