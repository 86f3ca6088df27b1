"""The words that head the columns of ticks, as Bloomberg's add-in and API, LSEG, pandas and desks write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Meaning: TypeAlias = Literal[
    "time", "type", "price", "size", "bid", "bid size", "ask", "ask size", "condition", "security"
]

LONGEST: Final = 64
_BRACKETS: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_UNIT: Final = re.compile(r"(?<![\s,/:-])[\s,/:-]++(aed|usd|eur|gbp|sar|shares|shs|gst|utc|local)\W*$", re.IGNORECASE)
_SCALE: Final = re.compile(
    r"00|%|(?<![a-z])(?:[ckmp]|hundreds?|thousands?|mm|mn|mln|millions?|lots?|contracts?|fils|cts?|cents?|pence|gbx)(?![a-z])",
    re.IGNORECASE,
)
_ZONE: Final = re.compile(
    r"[+-]\d|(?<![a-z])(?:utc|gmt|z|london|bst|wet|west|new york|ny|nyc|chicago|[ecmp][sd]?t|cest|eet|eest|msk|trt"
    r"|ast|sast|pkt|ist|mumbai|sgt|singapore|hkt|hong kong|jst|tokyo|kst|a[ecw][sd]t|sydney|nz[sd]t)(?![a-z])",
    re.IGNORECASE,
)
_NO_LETTER: Final = re.compile(r"[\W_]+")

# What a desk's own words say counts before these, and the words in the first row of each meaning before the others.
_WORDS: Final[dict[Meaning, tuple[str, str]]] = {
    "time": (
        "date dates time times datetime datetimes dateandtime datesandtimes timestamp timestamps ts",
        "ticktime ticktimestamp tickdate tradetime tradedate eventtime eventdate exchangetime localtime updatetime",
    ),
    "type": ("type types typ eventtype eventtypes ticktype ticktypes", "event events evt tick side"),
    "price": (
        "price prices px prc tickprice",
        "last lastprice pxlast lastpx value values val tradeprice tradepx lasttrade lasttradeprice trade",
    ),
    "size": (
        "size sizes sz qty quantity quantities lastsize lastsz tradesize tradesz tradeqty lasttradesize sizelast",
        "volume volumes vol shares lastvolume tradevolume ticksize tickvolume",
    ),
    "bid": ("bid bidprice bidpx pxbid bestbid bestbidprice bidprc", "bid1 bidprice1 l1bidprice"),
    "bid size": (
        "bidsize bidsz bidqty bidquantity bidvolume bidvol bestbidsize sizebid bestbidqty",
        "bidsize1 bidqty1 l1bidsize",
    ),
    "ask": (
        "ask askprice askpx pxask bestask bestaskprice askprc offer offerprice bestoffer bestofferprice",
        "ask1 askprice1 l1askprice",
    ),
    "ask size": (
        "asksize asksz askqty askquantity askvolume askvol bestasksize sizeask bestaskqty offersize offerqty",
        "asksize1 askqty1 l1asksize",
    ),
    "condition": (
        "conditioncodes conditioncode condcodes condcode cond condition conditions tradeconditions tradecondition",
        "",
    ),
    "security": (
        "ticker tickers tickersymbol security securities securityname symbol symbols instrument instruments",
        "stock bloombergticker bloombergcode isin ric rics sedol figi",
    ),
}
_RANKED: Final = {
    word: (meaning, rank)
    for meaning, ranks in _WORDS.items()
    for rank, words in enumerate(ranks)
    for word in words.split()
}
_DATE: Final = frozenset({"date", "dates", "tickdate", "tradedate", "eventdate"})
_DAY: Final = _DATE - {"dates"}  # the add-in calls so its column of times
_CLOCK: Final = frozenset({"time", "times", "ticktime", "tradetime", "eventtime", "exchangetime", "localtime"})
_OF_ORDERS: Final = frozenset(
    {
        *("orderid", "orderno", "ordernumber", "orderref", "clordid", "clientorderid", "ordertype", "orderstatus"),
        *("status", "fillid", "filled", "filledqty", "execid", "executionid", "account", "trader"),
    }
)
MEANINGS: Final = tuple(_WORDS)
LONG: Final = ("time", "type", "price", "size")
"""What a row of one tick needs."""

WIDE: Final = ("time", "bid", "bid size", "ask", "ask size")
"""What a row needs that has both sides of the book, and maybe a trade."""


def word_of(text: str) -> str:
    """Return a header's text without case, blanks, punctuation and what stands in brackets, a unit mostly."""
    return _NO_LETTER.sub("", _BRACKETS.sub("", text)).casefold() if len(text) <= LONGEST else ""


def meaning_of(text: str, own: Mapping[str, Meaning]) -> tuple[Meaning, int] | None:
    """Return what a header stands for and its rank, the lowest being the surest; `own` are a desk's own words."""
    if (text[:1].isdigit() and not own) or len(text) > LONGEST:  # most cells are numbers
        return None
    word = word_of(text)
    if word in own:
        return own[word], -1
    return _RANKED.get(word) or _RANKED.get(word_of(_UNIT.sub("", text)))


def is_security(text: str) -> bool:
    """Return whether a header is that of a column which names securities, or stands beside such a name."""
    known = meaning_of(text, {})
    return known is not None and known[0] == "security"


def unit_not_applied(text: str, meaning: Meaning) -> str | None:
    """Return what a header names, behind its first word, that its numbers are not converted by."""
    behind = re.sub(r"^\W*[^\W_]+", "", text[:LONGEST])
    if meaning == "time":
        return "a time zone" if _ZONE.search(behind) else None
    return "a unit" if _SCALE.search(behind) else None


def is_date(text: str) -> bool:
    """Return whether a header can be that of days, whose time of day stands in another column."""
    return word_of(text) in _DATE


def is_day(text: str) -> bool:
    """Return whether a header is that of days and of nothing more."""
    return word_of(text) in _DAY


def is_clock(text: str) -> bool:
    """Return whether a header can be that of times of day, whose date stands in another column."""
    return word_of(text) in _CLOCK


def heads_bars(texts: Iterable[str]) -> bool:
    """Return whether headers are those of bars."""
    return {re.sub("price|px|prc", "", word_of(text)) for text in texts} >= {"open", "high", "low", "close"}


def heads_orders(texts: Iterable[str]) -> bool:
    """Return whether a header, beside that of sides, is one of a list of orders or of fills."""
    return not _OF_ORDERS.isdisjoint(map(word_of, texts))


def names_columns(cells: Iterable[str]) -> bool:
    """Return whether cells of a row are column names again: two of them at least."""
    meanings = (_RANKED.get(word_of(cell), ("security",))[0] for cell in cells)
    return sum(meaning in LONG or meaning in WIDE for meaning in meanings) > 1
