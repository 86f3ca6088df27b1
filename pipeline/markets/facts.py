"""Reads the facts of an exchange's market from its file in `configs/markets`."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, Final

from pipeline.errors import MarketFactsError, nearest
from pipeline.folders import CONFIGS, config_file, config_files
from pipeline.times import DAY, MINUTE

FOLDER: Final = CONFIGS / "markets"
SATURDAY: Final = 5

# The UAE's weekend was Friday and Saturday before (`sources.week` of the market files).
WEEK_SINCE: Final = dt.date(2022, 1, 1)


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """One exchange: its sessions as ns since midnight on its own clock, its tick sizes, its closed days.

    Each session is [start, end): pre_open, continuous, closing_auction, trade_at_last. The auction prints from the end
    of closing_auction on. tick_sizes: (price below which it applies in AED, tick in AED), ascending, the last below
    infinity. closed_days: weekdays known to have had no trading; from known_from to known_to they are all of them.
    tentative_days: weekdays announced as closed, but not for certain. is_known: whether a file says all this.
    """

    exchange: str
    pre_open: tuple[int, int]
    continuous: tuple[int, int]
    closing_auction: tuple[int, int]
    trade_at_last: tuple[int, int]
    tick_sizes: tuple[tuple[float, float], ...]
    closed_days: frozenset[dt.date]
    known_from: dt.date = dt.date.max
    known_to: dt.date = dt.date.min
    tentative_days: frozenset[dt.date] = frozenset()
    is_known: bool = True

    def trades_on(self, day: dt.date) -> bool | None:
        """Tell whether the exchange trades on a day; None where that is not known."""
        if day < WEEK_SINCE or not self.is_known:
            return None
        if day.weekday() >= SATURDAY or day in self.closed_days:
            return False
        return True if self.known_from <= day <= self.known_to and day not in self.tentative_days else None

    def may_trade_on(self, day: dt.date) -> bool:
        """Tell whether a day is one of the exchange's week and not announced as closed, not even tentatively."""
        is_of_week = self.is_known and day >= WEEK_SINCE
        return is_of_week and self.trades_on(day) is not False and day not in self.tentative_days

    @property
    def key(self) -> str:
        """A digest of the sessions and tick sizes: what is counted by them holds for these alone."""
        facts = (self.pre_open, self.continuous, self.closing_auction, self.trade_at_last, self.tick_sizes)
        return blake2b(repr(facts).encode(), digest_size=4).hexdigest()


@cache
def facts_of(exchange: str) -> MarketFacts:
    """Return the facts of an exchange; raise MarketFactsError when its file is missing or not usable."""
    path = config_file(FOLDER / f"{exchange}.json")
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        sessions = facts["sessions"]
        return MarketFacts(
            exchange=exchange,
            pre_open=_span(sessions["pre_open"]),
            continuous=_span(sessions["continuous"]),
            closing_auction=_span(sessions["closing_auction"]),
            trade_at_last=_span(sessions["trade_at_last"]),
            tick_sizes=_ticks(facts["tick_sizes"]),
            closed_days=_days(facts, tentative=False),
            known_from=dt.date.fromisoformat(facts["known_from"]),
            known_to=dt.date.fromisoformat(facts["known_to"]),
            tentative_days=_days(facts, tentative=True),
        )
    except FileNotFoundError:
        known = [file.stem for file in config_files(FOLDER)]
        raise MarketFactsError(
            f"No market facts for exchange '{exchange}'; there are {', '.join(known)}.{nearest(exchange, known)} "
            f"Add {path}."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MarketFactsError(f"{path}: the facts of the market cannot be read ({error!r}).") from error


def facts_or_open(exchange: str) -> MarketFacts:
    """Return the facts of an exchange; of one that no file knows, those of a market that never closes.

    Raises MarketFactsError for a file that is not usable.
    """
    if config_file(FOLDER / f"{exchange}.json").exists():
        return facts_of(exchange)
    day = (0, DAY)
    # A step of a power of 2 has every price on its grid.
    return MarketFacts(exchange, day, day, day, day, ((math.inf, 2.0**-80),), frozenset(), is_known=False)


@cache
def exchange_of_code(code: str) -> str | None:
    """Return the exchange whose securities Bloomberg marks by a code, as UH; None where no market's file says so."""
    for file in config_files(FOLDER):
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(facts, dict) and facts.get("sheet_suffix") == code:
            return file.stem
    return None


def _days(facts: dict[str, Any], *, tentative: bool) -> frozenset[dt.date]:
    chosen = [closed for closed in facts["closed_days"] if closed.get("tentative", False) is tentative]
    return frozenset(dt.date.fromisoformat(closed["day"]) for closed in chosen)


def _span(texts: list[str]) -> tuple[int, int]:
    start, end = (_time(text) for text in texts)
    if start >= end:
        raise ValueError(f"{texts[0]} is not before {texts[1]}")
    return start, end


def _time(text: str) -> int:
    moment = dt.time.fromisoformat(text)
    return (moment.hour * 60 + moment.minute) * MINUTE


def _ticks(levels: list[dict[str, float | None]]) -> tuple[tuple[float, float], ...]:
    ticks = tuple(
        (math.inf if level["below"] is None else float(level["below"]), float(level["tick"] or 0)) for level in levels
    )
    limits = [below for below, _ in ticks]
    if not ticks or limits != sorted(set(limits)) or limits[-1] != math.inf or min(tick for _, tick in ticks) <= 0:
        raise ValueError("tick sizes ascend to one that applies without limit")
    return ticks
