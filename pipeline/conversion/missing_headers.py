"""Says what the likeliest row of a sheet without headers of ticks lacks, and whether rows of it look like ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.header_groups import Group, is_time
from pipeline.conversion.header_words import LONG, WIDE, heads_bars, heads_orders, word_of
from pipeline.conversion.number_column import is_number
from pipeline.conversion.rules import type_code
from pipeline.errors import MissingColumns, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipeline.conversion.header_groups import Header
    from pipeline.conversion.header_words import Meaning
    from pipeline.conversion.headers import Head

NEEDED: Final = (
    "A tick sheet needs Dates, Type, Price and Size in one row, or Dates, Bid, Bid Size, Ask and Ask Size; say in "
    "configs/excel.json what the desk calls them, or rename them."
)
_BARS: Final = (
    "heads bars, as Open, High, Low and Close say, which are no ticks: export each BID, ASK and TRADE with its time, "
    "price and size."
)
ORDERS: Final = (
    "orders or fills, which are no ticks of the market: export those (BID, ASK, TRADE). Where its rows are ticks, name "
    "the column Side as Type."
)
_LONGEST: Final = 64
_MOST_NAMES: Final = 20


class TicksWithoutHeaders(MissingColumns):
    """A sheet with rows that look like ticks below no row of headers."""


def without_headers(head: Head, groups: Mapping[int, list[Group]], header_row: int | None) -> MissingColumns:
    """Return the error of a sheet whose first rows have no headers, or not in the row that was asked for.

    It says what was looked for, what the row asked for or the likeliest holds, and what to do.
    """
    ticks = [number for number, row in sorted(head.items()) if header_row is None and _looks_like_tick(row)]
    number = header_row if header_row is not None else max(groups, key=lambda row: _likeness(head[row], groups[row]))
    best = _best(groups.get(number, [Group()]))
    is_like_headers = best or len([text for text in head.get(number, {}).values() if text.strip()]) >= len(LONG)
    if ticks and (number in ticks or not is_like_headers):
        return TicksWithoutHeaders(
            f"no row has the headers of ticks, and row {ticks[0]} looks like a tick: {_listed(head[ticks[0]])}. Write "
            "Dates, Type, Price and Size above the first of them, each over its column."
        )
    is_wide = "type" not in best and bool({"bid", "ask"} & best.keys())
    missing = [_title(meaning) for meaning in (WIDE if is_wide else LONG) if meaning not in best]
    holds = _listed(head.get(number, {}))
    message = f"{place_of_row(number)} has no column {' and no column '.join(missing)}; it holds {holds}."
    elsewhere = [row for row, found in groups.items() if complete_of(found)]
    if elsewhere:
        return MissingColumns(f"{message} Row {elsewhere[0]} has the headers: use --header-row {elsewhere[0]}.")
    if heads_bars(head.get(number, {}).values()):
        return MissingColumns(f"{place_of_row(number)} {_BARS}")
    if header_row is None:
        message = f"no row has the headers of ticks{f': {message}' if is_like_headers else '.'}"
    return (TicksWithoutHeaders if ticks else MissingColumns)(f"{message} {NEEDED}")


def refuse_no_ticks(header_row: int, group: Group, texts: Collection[str]) -> bool:
    """Raise MissingColumns for headers of bars and of orders; return whether types stand below Side.

    Where a desk says what its columns are, or one is called Price, that holds.
    """
    no_header = (-1, "", -1)
    price, kind = (group.headers.get(meaning, no_header) for meaning in ("price", "type"))
    if group.is_long and price[2] > 0 and heads_bars(texts):
        raise MissingColumns(f"{place_of_row(header_row)} {_BARS}")
    by_side = kind[2] > 0 and word_of(kind[1]) == "side"
    if by_side and heads_orders(texts):
        raise MissingColumns(f"{place_of_row(header_row)} has the headers of {ORDERS}")
    return by_side


def complete_of(groups: list[Group]) -> list[Group]:
    """Return the groups of headers that have all that ticks need."""
    return [group for group in groups if group.is_complete]


def place_of_row(row: int) -> str:
    """Return the words for a row of headers; a Parquet file has names for its columns."""
    return f"row {row}" if row else "it"


def _title(meaning: Meaning) -> str:
    return "Dates" if meaning == "time" else meaning.title()


def _listed(row: Mapping[int, str]) -> str:
    names = [text.strip() for _, text in sorted(row.items()) if text.strip()]
    return ", ".join([shown(name, _LONGEST) for name in names[:_MOST_NAMES]] + ["…"] * (len(names) > _MOST_NAMES)) or (
        "nothing"
    )


def _looks_like_tick(row: Mapping[int, str]) -> bool:
    """Return whether a row has a time, a word for a type, not a letter alone, and two numbers beside them."""
    texts = [text.strip() for text in row.values()]
    times = sum(map(is_time, texts))
    is_typed = any(len(text) > 1 and type_code(text) >= 0 for text in texts)
    return is_typed and times == 1 and sum(is_number(text) and not is_time(text) for text in texts) > 1


def _likeness(row: Mapping[int, str], groups: list[Group]) -> tuple[int, int, int]:
    """Return how much like headers a row is: by those that are known, by its texts, by all its cells."""
    texts = [text for text in row.values() if text.strip()]
    numbers = sum(map(is_number, texts))
    return (0 if numbers else len(_best(groups)), len(texts) - numbers, len(texts))


def _best(groups: list[Group]) -> dict[Meaning, Header]:
    return max((group.headers for group in groups), key=len)
