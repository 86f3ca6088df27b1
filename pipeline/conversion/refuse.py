"""Refuses a sheet for what its rows hold, more rejects than may be or two securities, and says what to do about it."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pipeline.conversion import reject_rules
from pipeline.conversion.advice import advice_on, broken_cell
from pipeline.conversion.header_words import names_columns
from pipeline.conversion.headers import ONE_EACH
from pipeline.conversion.names import full_name, likely_name
from pipeline.conversion.rules import type_code
from pipeline.errors import (
    BadRequest,
    CorruptWorkbook,
    RejectedRows,
    SeveralSecurities,
    SheetError,
    out_of_memory,
    shown,
)
from pipeline.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pipeline.conversion.ticks import Parsed, Reject

MAX_REJECTS: Final = 0.1
SHEET_FAILURES: Final = (SheetError, CorruptWorkbook, MemoryError)
"""What ends one sheet; the others are converted."""
_CELLS: Final = ("time", "type", "price", "size")
_MOST_BLOCKS: Final = 3
_OF_NO_TIME: Final = (reject_rules.UNREADABLE_TIME, reject_rules.MORE_CELLS)
_TICKER: Final = re.compile(r"[A-Z][A-Z0-9]{1,11}", re.ASCII)
_NO_TICKERS: Final = frozenset(
    {
        *("NA", "NAN", "NULL", "NONE", "TOTAL", "SUBTOTAL", "SUM", "COUNT", "END", "EOD", "SOD", "START", "STOP"),
        *("OPEN", "OPENED", "PREOPEN", "CLOSE", "CLOSED", "AUCTION", "BREAK", "LUNCH", "HOLIDAY", "WEEKEND"),
        *("HALT", "HALTED", "PAUSE", "PAUSED", "RESUME", "RESUMED", "SUSPENDED"),
        *("NEWS", "NOTE", "ERROR", "DATE", "DATES", "TIME", "TYPE", "PRICE", "SIZE"),
        *(
            "MON",
            "TUE",
            "WED",
            "THU",
            "FRI",
            "SAT",
            "SUN",
            "MONDAY",
            "TUESDAY",
            "WEDNESDAY",
            "THURSDAY",
            "FRIDAY",
            "SATURDAY",
            "SUNDAY",
        ),
        *("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    }
)
"""Words that stand between ticks as notes."""
_MOST_LEFT_OUT: Final = 0.9
"""Where a larger share is rejected, the rows are not to be left out but to be mended."""


def rejects_allowed(max_rejects: float | None, *, strict: bool) -> float:
    """Return which share of a sheet's rows may be rejected; raises BadRequest for one that cannot be meant."""
    if max_rejects is not None and not 0 <= max_rejects <= 1:
        raise BadRequest(
            f"--max-rejects is {max_rejects:g}; it takes a share from 0 to 1: 0.3 allows three rejected rows in ten."
        )
    if strict and max_rejects:
        raise BadRequest("--strict and --max-rejects contradict each other; give one of them.")
    return 0.0 if strict else MAX_REJECTS if max_rejects is None else max_rejects


def faulty(rejects: Mapping[str, int]) -> int:
    """Return how many rejected rows, counted by rule, are at fault: not those whose trade another row tells."""
    return sum(rejects.values()) - rejects.get(reject_rules.TRADE_TOLD_TWICE, 0)


def too_many(rejects: int, ticks: int, allowed: float) -> bool:
    """Return whether a sheet of so many rejected rows and ticks fails: without a tick it always does."""
    return ticks == 0 or rejects / (rejects + ticks) > allowed


class Rejected:
    """Rejected rows: how many there are by rule, and the first of each."""

    def __init__(self, rejects: Iterable[Reject] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, Reject] = {}
        self.add(rejects)

    def add(self, rejects: Iterable[Reject]) -> None:
        """Take further rejected rows."""
        for reject in rejects:
            self.counts[reject.rule] += 1
            self.first.setdefault(reject.rule, reject)


def refuse_rejected(
    rejected: Rejected, good: int, allowed: float, uncalculated: Callable[[], str] = lambda: ""
) -> None:
    """Raise RejectedRows for a sheet without a good tick, or with a larger share of rejected rows than is allowed.

    uncalculated: returns what to say of formulas without values, of which cells may be blank.
    """
    bad = faulty(rejected.counts)
    if not too_many(bad, good, allowed):
        return
    counts = Counter({rule: count for rule, count in rejected.counts.items() if rule != reject_rules.TRADE_TOLD_TWICE})
    leading = rejected.first[counts.most_common(1)[0][0]]
    first = min((rejected.first[rule] for rule in counts), key=lambda reject: reject.row)
    quoted = " ".join(_quoted(reject) for reject in dict.fromkeys((first, leading)))
    rules = ", ".join(f"{count:,} {rule}" for rule, count in counts.most_common())
    limit = f"at most {100 * allowed:.3g} % may be" if allowed else "none may be"
    share = f"{bad:,} of {bad + good:,} rows rejected ({rules}"
    message = f"{share}; {limit})." if good else f"no ticks: {share})."
    enough = math.ceil(100 * bad / (bad + good)) / 100
    remedy = f" Or leave such rows out: --max-rejects {enough:g}." if good and enough <= _MOST_LEFT_OUT else ""
    advice = "" if broken_cell(leading) else uncalculated()
    raise RejectedRows(f"{message} {quoted} {advice or advice_on(leading)}{remedy}")


def refuse_other_blocks(own: Collection[str], parsed: Parsed) -> None:
    """Raise SeveralSecurities for rows in which another block begins, of a security that is none of `own`."""
    starts = [(row, text) for row, text in parsed.beside if _parts_ticks(row, text, own, parsed)]
    for reject in parsed.rejects:
        # Most rejects are rows of a tick with one bad cell, and there may be a million of them. Rows of whole quotes
        # have the type of their column.
        is_of_tick = type_code(reject.cells[1]) >= 0 and reject.rule not in _OF_NO_TIME
        if is_of_tick or reject.cells[2][:1].isdigit():
            continue
        if names_columns(reject.cells):
            starts.append((reject.row, ", ".join(filter(None, reject.cells))))
        else:
            alone = "".join(reject.cells) if sum(map(bool, reject.cells)) == 1 else ""
            starts += [
                (reject.row, text)
                for text in filter(None, reject.cells)
                if ((name := full_name(text)) and name not in own) or _parts_ticks(reject.row, alone, own, parsed)
            ][:1]
    if starts:
        starts.sort()
        raise SeveralSecurities(
            f"another block of rows begins in it: {listed(starts)}. {ONE_EACH} Where the rows below are of the same "
            "security, remove the rows between them."
        )


def _parts_ticks(row: int, text: str, own: Collection[str], parsed: Parsed) -> bool:
    """Return whether a text alone in its row, with ticks above and below, names another security or may be a ticker."""
    ticks = parsed.row_numbers
    if not text or not len(ticks) or not ticks[0] < row < ticks[-1]:
        return False
    name = _name_in(text)
    tickers = {each.partition(" ")[0] for each in own}
    return name is not None and name not in own and name not in tickers


@lru_cache(maxsize=4096)
def _name_in(text: str) -> str | None:
    """Return the security that a text names, or the text where it may be a ticker."""
    word = text.strip()
    is_ticker = _TICKER.fullmatch(word) is not None and word not in _NO_TICKERS
    return full_name(text) or likely_name(word) or (word if is_ticker else None)


def listed(rows: list[tuple[int, str]]) -> str:
    """Return rows by number with what they hold, the first few of many."""
    listed = " and ".join(f"row {number} ('{shown(text)}')" for number, text in rows[:_MOST_BLOCKS])
    return listed + (f" and {counted(len(rows) - _MOST_BLOCKS, 'other')}" if len(rows) > _MOST_BLOCKS else "")


def _quoted(reject: Reject) -> str:
    cells = zip(_CELLS, reject.cells, strict=True)
    texts = ", ".join(f"{name} '{shown(text)}'" if text else f"no {name}" for name, text in cells)
    return f"Row {reject.row} ({reject.rule}): {texts}."


def failure_words(error: Exception, at_a_time: int) -> str:
    """Return why a sheet cannot be converted; for memory that ran out, what to do when so many are read at a time."""
    if not isinstance(error, MemoryError):
        return str(error)
    what_to_do = "use fewer --workers" if at_a_time > 1 else "it was read alone, so convert it where more is free"
    return str(out_of_memory(error, "to convert it", f"What the store holds of it stays; {what_to_do}."))
