"""What a name that does not exist was meant to be: a misspelling of one that does, or another system's word for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

ELSEWHERE: Final = (
    (r"(best|top|current)_?(bid|ask)(_?(price|px))?|(bid|ask)_?(price|px|level)", ("{side}", "best_{side}")),
    (r"(best_?)?(bid|ask)_?(qty|quantity|volume|vol|sz)|(bid|ask)_?depth", ("{side}_size",)),
    (r"(bid|ask)", ("best_{side}",)),
    (
        r"(quote|place|send|submit|post|insert|add|new|set|make|limit|order)_?(limit_?)?(order_?)?(bid|ask|buy|sell)(_?order)?",
        ("quote_{side}", "place"),
    ),
    (r"(modify|amend|replace|update|move|requote)_?(bid|ask)(_?order)?", ("quote_{side}", "replace")),
    (r"(cancel|pull|remove|delete|withdraw|kill|clear|stop)_?(bid|ask)(_?order)?", ("cancel_{side}", "cancel")),
    (r"(buy|sell)_?limit(_?order)?", ("quote_{side}",)),
    (r"(buy|sell)(_?(market|now|order|at_?market))?|market_?(buy|sell)|(lift|hit|take)_?(bid|ask|offer)?", ("{take}",)),
    (r"(place|send|submit|post|limit|new)?_?(limit_?)?(order|quote|quotes)", ("quote_bid", "quote_ask")),
    (r"cancel(_?(all|order|orders|quotes?))?", ("cancel_bid", "cancel_ask")),
    (r"time|timestamp|ts|datetime|clock|current_?time|time_?ns", ("now",)),
    (r"date|today|current_?day", ("day",)),
    (r"pos|inventory|net_?position|holdings?|net_?qty|stock", ("position",)),
    (r"pnl|profit|realised_?pnl|total_?pnl|net_?pnl", ("realized_pnl",)),
    (r"last|last_?trade(_?price)?|last_?px|close|trade_?price", ("last_price",)),
    (r"size|qty|quantity|vol|trade_?size|shares|amount", ("volume",)),
    (r"type|event_?type|side|tick_?type", ("kind",)),
    (r"avg_?price|average_?(price|cost)|avg_?cost|entry|cost", ("entry_price",)),
    (r"round(_?price)?|tick_?size|round_?tick", ("round_to_tick",)),
    (r"trades|fill_?count|num_?fills|n_?fills", ("fills",)),
    (r"i|index|tick|row|event_?(number|id|index)", ("event",)),
)
"""Words for the market in other systems, in lower case, and what stands for them here."""

COMPUTED: Final = (
    (r"mid(_?(price|px|point))?", ("bid", "ask"), "(m.bid + m.ask) / 2"),
    (r"(bid_?ask_?)?spread", ("bid", "ask"), "m.ask - m.bid"),
    (r"hour", ("time_of_day",), "m.time_of_day // 3_600_000_000_000"),
    (r"(unrealized|unrealised|open|mtm)_?pnl", ("entry_price",), "(m.last_price - m.entry_price) * m.position"),
)
"""Words for what is computed here, what has to be there for that, and how."""

SELLS: Final = ("ask", "sell", "hit")
MISSPELT: Final = 0.8


def suggestion(name: str, known: Collection[str], *, of_market: bool) -> str:
    """Return " Did you mean 'x'?" or what else to write, or an empty string when nothing is close."""
    if close := nearest(name, known, MISSPELT):
        return close
    word = name.lower()
    for pattern, needed, text in COMPUTED if of_market else ():
        if re.fullmatch(pattern, word) and set(needed) <= set(known):
            return f" Write `{text}`."
    for pattern, wanted in ELSEWHERE if of_market else ():
        if re.fullmatch(pattern, word):
            sells = any(part in word for part in SELLS) and "take_ask" not in word
            side, take = ("ask", "sell_at_bid") if sells else ("bid", "buy_at_ask")
            ours = [name for name in (text.format(side=side, take=take) for text in wanted) if name in known]
            if ours:
                return f" Did you mean {' or '.join(map(repr, ours))}?"
    parts = set(word.split("_"))
    within = [name for name in sorted(known) if set(name.split("_")) <= parts]
    return f" Did you mean {max(within, key=len)!r}?" if within else nearest(name, known)
