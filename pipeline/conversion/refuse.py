"""Refuses a sheet for what its rows hold, more rejects than may be or two securities, and says what to do about it."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.conversion import reject_rules
from pipeline.conversion.header_words import names_columns
from pipeline.conversion.headers import ONE_EACH
from pipeline.conversion.names import full_name
from pipeline.conversion.number_column import has_decimal_comma
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

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from pipeline.conversion.ticks import Parsed, Reject

MAX_REJECTS: Final = 0.1
SHEET_FAILURES: Final = (SheetError, CorruptWorkbook, MemoryError)
"""What ends one sheet; the others are converted."""
_CELLS: Final = ("time", "type", "price", "size")
_CELL_OF: Final = {"no": 0, "unreadable": 0, "unknown": 1, "price": 2, "size": 3}
"""By the first word of a rule, which of the cells broke it."""

_MOST_BLOCKS: Final = 3
_NOT_ANSWERED: Final = (
    "Bloomberg has not answered where a cell says #N/A or #NAME?: open the workbook beside the terminal, let the sheet "
    "fill, save it and convert it again."
)
_ERRORS: Final = ("#N/A", "#NAME?")
_UNCLEAR: Final = (
    "It may be a number of three decimals or a thousand times that, and no other cell of the column shows which: make "
    "the column numbers in Excel (select it, Data, Text to Columns, Next, Next, Advanced, with the decimal and "
    "thousands separators that are meant, Finish) and save it."
)
_AS_NUMBERS: Final = "Make them numbers in Excel (select the column, Data, Text to Columns, Finish) and save it."
_ADVICE: Final = {
    reject_rules.NO_TIME: "Give each row its time, or remove the rows without one.",
    reject_rules.UNREADABLE_TIME: "A time is a date cell or a text as 2025-04-14 10:00:01, 14-Apr-2025 10:00:01 or "
    "14/04/2025 10:00:01: make the column dates in Excel (Data, Text to Columns, Date, with the order of day and month "
    "that is meant) and save the workbook.",
    reject_rules.UNKNOWN_TYPE: "A type is BID, ASK or TRADE (BEST_BID, BEST_ASK, AT_TRADE, B, A and T count as well): "
    "load these event types, or say in configs/excel.json what the others stand for.",
    reject_rules.PRICE_MISSING: "Load the ticks again with their prices, or remove the rows without one.",
    reject_rules.PRICE_NOT_A_NUMBER: _AS_NUMBERS,
    reject_rules.PRICE_NEGATIVE: "No price is below 0: load the ticks again, or correct these rows.",
    reject_rules.SIZE_MISSING: "Load the ticks again with their sizes, or remove the rows without one.",
    reject_rules.SIZE_NOT_A_NUMBER: _AS_NUMBERS,
    reject_rules.PRICE_UNCLEAR: _UNCLEAR,
    reject_rules.SIZE_UNCLEAR: _UNCLEAR,
    reject_rules.SIZE_NEGATIVE: "No size is below 0: load the ticks again, or correct these rows.",
    reject_rules.SIZE_NOT_WHOLE: "A size is a whole number of shares: load the ticks again, or correct these rows.",
    reject_rules.SIZE_TOO_LARGE: "A size is a number of shares: see that the column is that of the sizes.",
}
_NUMBER_AS_TIME: Final = (
    "It is a number that no format shows as a date: format the column as date and time in Excel (where it is a text, "
    "after Data, Text to Columns, Finish) and save the workbook."
)
_LETTERS: Final = re.compile(r"\d.*[^\W\d]|[^\W\d].*\d")
_DECIMAL_COMMA: Final = (
    "Its decimals stand behind a comma: make the column numbers in Excel (select it, Data, Text to Columns, Next, "
    "Next, Advanced, decimal separator ',', Finish) and save it."
)
_WITHOUT_LETTERS: Final = (
    "A cell of this column is a number and nothing else: in Excel, replace the letters by nothing (select the column, "
    "Home, Find & Select, Replace) and thousands by their zeros (5k by 5000), and save it."
)
_SINCE_1970: Final = (
    "It is no date of Excel's. Seconds since 1970 become one by =A1/86400+25569 (milliseconds by =A1/86400000+25569), "
    "formatted as date and time; UTC must be put on the exchange's clock as well."
)
_FARTHEST_SERIAL: Final = 1e8


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


def refuse_rejects(parsed: Parsed, allowed: float) -> None:
    """Raise RejectedRows for a sheet without a tick, or with a larger share of rejected rows than is allowed."""
    refuse_rejected(Rejected(parsed.rejects), len(parsed.ticks), allowed)


def refuse_rejected(rejected: Rejected, good: int, allowed: float) -> None:
    """Do so for so many ticks and for rejected rows that are not all in memory."""
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
    remedy = f" Or leave such rows out: --max-rejects {enough:g}." if good else ""
    raise RejectedRows(f"{message} {quoted} {_advice(leading)}{remedy}")


def refuse_other_blocks(own: Container[str], parsed: Parsed) -> None:
    """Raise SeveralSecurities for rows in which another block begins, of a security that is none of `own`."""
    starts = []
    for reject in parsed.rejects:
        # Most rejects are rows of a tick with one bad cell, and there may be a million of them.
        if type_code(reject.cells[1]) >= 0 or reject.cells[2][:1].isdigit():
            continue
        if names_columns(reject.cells):
            starts.append((reject.row, ", ".join(filter(None, reject.cells))))
        else:
            starts += [(reject.row, text) for text in reject.cells if (name := full_name(text)) and name not in own][:1]
    if starts:
        raise SeveralSecurities(
            f"another block of rows begins in it: {listed(starts)}. {ONE_EACH} Where the rows below are of the same "
            "security, remove the headers between them."
        )


def first_rows(parsed: Parsed) -> dict[str, int]:
    """Return the texts that name securities with the first row of each, in the order of these (0: not known)."""
    if parsed.security is None:
        return dict.fromkeys(parsed.securities, 0)
    first = np.zeros(len(parsed.securities), np.int64)
    first[parsed.security[::-1]] = parsed.row_numbers[::-1]  # of several the last that is assigned stays
    rows = dict(zip(parsed.securities, first.tolist(), strict=True))
    for reject in parsed.rejects:
        text = parsed.securities[reject.security]
        rows[text] = min(reject.row, rows[text] or reject.row)
    rows.pop("", None)
    return dict(sorted(rows.items(), key=lambda item: item[1]))


def listed(rows: list[tuple[int, str]]) -> str:
    """Return rows by number with what they hold, the first few of many."""
    listed = " and ".join(f"row {number} ('{shown(text)}')" for number, text in rows[:_MOST_BLOCKS])
    return listed + (f" and {len(rows) - _MOST_BLOCKS:,} others" if len(rows) > _MOST_BLOCKS else "")


def _quoted(reject: Reject) -> str:
    cells = zip(_CELLS, reject.cells, strict=True)
    texts = ", ".join(f"{name} '{shown(text)}'" if text else f"no {name}" for name, text in cells)
    return f"Row {reject.row} ({reject.rule}): {texts}."


def _advice(reject: Reject) -> str:
    """Return what to do about the rule that a row broke, by what its cell holds."""
    text = reject.cells[_CELL_OF[reject.rule.partition(" ")[0]]].strip()
    if any(cell.startswith(_ERRORS) for cell in reject.cells):
        return _NOT_ANSWERED
    if reject.rule == reject_rules.UNREADABLE_TIME and text.replace(".", "", 1).isdigit():
        return _NUMBER_AS_TIME if float(text) < _FARTHEST_SERIAL else _SINCE_1970
    if reject.rule in (reject_rules.PRICE_NOT_A_NUMBER, reject_rules.SIZE_NOT_A_NUMBER):
        if has_decimal_comma(text):
            return _DECIMAL_COMMA
        if _LETTERS.search(text):
            return _WITHOUT_LETTERS
    return _ADVICE[reject.rule]


def failure_words(error: Exception, at_a_time: int) -> str:
    """Return why a sheet cannot be converted; for memory that ran out, what to do when so many are read at a time."""
    if not isinstance(error, MemoryError):
        return str(error)
    what_to_do = "use fewer --workers" if at_a_time > 1 else "it was read alone, so convert it where more is free"
    return str(out_of_memory(error, "to convert it", f"What the store holds of it stays; {what_to_do}."))
