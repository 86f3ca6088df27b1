"""Finds the facts of an exchange's market by its name, in the files of `configs/markets`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from pipeline.errors import MarketFactsError, nearest
from pipeline.folders import CONFIGS, config_file, config_files
from pipeline.markets.calendars import with_calendar
from pipeline.markets.market import MarketFacts
from pipeline.markets.phases import EVER, WORKING_WEEK, Hours, Sessions
from pipeline.markets.read import read_market
from pipeline.times import DAY

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = CONFIGS / "markets"
SCHEMA: Final = "market.schema.json"
"""The form of a market's file for editors, which stands beside the files and is no market."""

SECTORS: Final = ("Index", "Curncy", "Comdty")
"""What stands for the exchange of a security whose name says none, as `ES1 Index`: the last word of its name."""


@cache
def facts_of(exchange: str) -> MarketFacts:
    """Return the facts of an exchange; raise MarketFactsError when its file is missing or not usable."""
    path = config_file(FOLDER / f"{exchange}.json")
    if not path.exists():
        known = [file.stem for file in market_files()]
        what = f"No market facts for exchange '{exchange}'; there are {', '.join(known)}.{nearest(exchange, known)}"
        raise MarketFactsError(f"{'' if exchange in SECTORS else f'{what} '}{how_to_add(exchange)}")
    return with_calendar(read_market(path))


def how_to_add(exchange: str) -> str:
    """Return in a sentence or two what gives the facts of an exchange without a file, or of names that say none."""
    if exchange in SECTORS:
        return (
            f"A name that ends in '{exchange}' says no exchange: give its market by --market NAME, or by \"exchange\" "
            "in the config. `pipeline markets` lists those there are, "
            "`pipeline markets new NAME` writes one to fill in."
        )
    path = config_file(FOLDER / f"{exchange}.json")
    return f"Add {path}: `pipeline markets new {exchange}` writes one to fill in."


def facts_or_open(exchange: str) -> MarketFacts:
    """Return the facts of an exchange; of one that no file knows, those of a market that never closes.

    Raises MarketFactsError for a file that is not usable.
    """
    if config_file(FOLDER / f"{exchange}.json").exists():
        return facts_of(exchange)
    ever = Sessions(EVER, WORKING_WEEK, Hours(((0, DAY),)))
    return MarketFacts(exchange, (ever,), is_known=False)


def market_files() -> list[Path]:
    """Return the markets' files in the order of their names, each where `config_file` finds it."""
    return [file for file in config_files(FOLDER) if file.name != SCHEMA]


def find_market(name: str) -> tuple[MarketFacts, Path]:
    """Return a market and its file, by its name in any case, one of its codes or its calendar's name.

    Raises MarketFactsError where no market's file has it.
    """
    files = market_files()
    by_name = {file.stem.upper(): file for file in files}
    wanted = name.upper()
    if wanted in by_name:
        return facts_of(by_name[wanted].stem), by_name[wanted]
    for file in files:
        market = facts_of(file.stem)
        if wanted in (*market.codes, market.calendar):
            return market, file
    return facts_of(name), config_file(FOLDER / f"{name}.json")
