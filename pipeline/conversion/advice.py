"""Says what to do about rows that are no ticks, by the rule that the first of them broke and what its cell holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.conversion import reject_rules
from pipeline.conversion.number_column import has_decimal_comma

if TYPE_CHECKING:
    from pipeline.conversion.ticks import Reject

_CELL_OF: Final = {"more": 0, "no": 0, "unreadable": 0, "unknown": 1, "price": 2, "size": 3}
"""By the first word of a rule, which of the cells broke it."""

_NOT_ANSWERED: Final = (
    "Bloomberg has not answered where a cell says #N/A or #NAME?: open the workbook beside the terminal, let the sheet "
    "fill, save it and convert it again."
)
_ANSWERED_OTHERWISE: Final = (
    "That is Bloomberg's answer in place of ticks: correct what the formula asks for (the security, its event types, "
    "the time from and to, or fewer ticks at once), let the sheet fill, save it and convert it again."
)
_FAULTY_FORMULA: Final = (
    "That is a formula's error: correct the formula, or load the ticks again and keep them as values (Copy, Paste "
    "Special, Values), and save the workbook."
)
_WAITING: Final = re.compile(r"#(N/A( Requesting.*)?|NAME\?|GETTING_DATA|BUSY!)", re.IGNORECASE)
_ANSWER: Final = re.compile(r"#N/A .+", re.IGNORECASE)
_ERROR: Final = re.compile(r"#(REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!)")
_UNCLEAR: Final = (
    "It may be a number of three decimals or a thousand times that, and no other cell of the column shows which: make "
    "the column numbers in Excel (select it, Data, Text to Columns, Next, Next, Advanced, with the decimal and "
    "thousands separators that are meant, Finish) and save it, or export it without marks between thousands."
)
_AS_NUMBERS: Final = "Make them numbers in Excel (select the column, Data, Text to Columns, Finish) and save it."
_ADVICE: Final = {
    reject_rules.MORE_CELLS: "The mark between cells seems to stand within a number too, as in 1,000 or 17,30: export "
    "the ticks again without marks between thousands and with decimals behind a point, or with each cell in quotes. "
    "Where the cells at the end are a column of their own, give it a header.",
    reject_rules.NO_TIME: "Give each row its time, or remove the rows without one.",
    reject_rules.UNREADABLE_TIME: "A time is a date cell or a text as 2025-04-14 10:00:01, 14-Apr-2025 10:00:01 or "
    "14/04/2025 10:00:01, with a year of four digits and a time of day with colons: make the column dates in Excel "
    "(Data, Text to Columns, Date, with the order of day and month that is meant) and save the workbook.",
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
    reject_rules.SIZE_NOT_WHOLE: "A size is a whole number of shares: see that the column is that of the sizes, "
    "not of the prices.",
    reject_rules.SIZE_TOO_LARGE: "A size is a number of shares: see that the column is that of the sizes.",
}
_NUMBER_AS_TIME: Final = (
    "It is a number that no format shows as a date: format the column as date and time in Excel (where it is a text, "
    "after Data, Text to Columns, Finish) and save the workbook."
)
_THREE_BEHIND_COMMA: Final = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)
_LETTERS: Final = re.compile(r"\d.*([^\W\d]|[$%]|[^\x00-\x7f])|([^\W\d]|[$%]|[^\x00-\x7f]).*\d", re.ASCII)
_DECIMAL_COMMA: Final = (
    "Its decimals stand behind a comma: make the column numbers in Excel (select it, Data, Text to Columns, Next, "
    "Next, Advanced, decimal separator ',', Finish) and save it."
)
_WITHOUT_LETTERS: Final = (
    "A cell of this column is a number and nothing else: in Excel, replace the letters and signs by nothing "
    "(select the column, Home, Find & Select, Replace) and thousands by their zeros (5k by 5000), and save it."
)
_SINCE_1970: Final = (
    "It is no date of Excel's. Seconds since 1970 become one by =A1/86400+25569 (milliseconds by =A1/86400000+25569), "
    "formatted as date and time; UTC must be put on the exchange's clock as well."
)
_ROUNDED: Final = (
    "It is a long number of which only the first digits are left, as Excel saves it in a CSV file and as binary "
    "numbers hold it: export the ticks again, with times as texts (2025-04-14 10:00:01.402) or as whole numbers, and "
    "convert that file before Excel has saved it."
)
_WITH_EXPONENT: Final = re.compile(r"\d+(\.\d+)?[eE]\+?\d+", re.ASCII)
_FARTHEST_SERIAL: Final = 1e8
_DAY_ONCE: Final = (
    "A time of day without its date: where the date stands only in a day's first row, unmerge the cells and fill it "
    "down in Excel (select the column, Home, Find & Select, Go To Special, Blanks, then = and arrow up and Ctrl+Enter)."
)
_NO_DAY: Final = (
    "It is a time of day without a date: put the date into a column of its own, named Date, before the one of the "
    "times, named Time. Where Excel's format hides the date (mm:ss), format the column as date and time and save the "
    "file again."
)
_JOINED: Final = (
    "It is date and time of day as one number. In Excel a column of =DATE(LEFT(A1,4),MID(A1,5,2),MID(A1,7,2))+"
    "TIME(MID(A1,9,2),MID(A1,11,2),MID(A1,13,2)){}, formatted as date and time, is the time; A1 is the first such cell."
)
_CLOCK_AS_NUMBER: Final = (
    "Its time of day is a number that no format shows as a time. In a column of its own, seconds since midnight become "
    "one by =B2/86400, and 100001 for 10:00:01 by =TIME(INT(B2/10000),MOD(INT(B2/100),100),MOD(B2,100)), formatted as "
    "a time; B2 is the first such cell."
)
_TWO_TIMES: Final = (
    "Its two cells are not a day and a time of day: keep the column that holds both and remove the other, or make the "
    "one days and the other times of day."
)
_DAY_AND_NUMBER: Final = re.compile(r"(\d{8}|.*\d[-/.]\d.*) [1-9]\d{0,5}(\.\d+)?", re.ASCII)
_DAY_AND_MOMENT: Final = re.compile(r".*\d:\d.* .*\d:\d.*|.*\d[-/.]\d.* .*(\d{4}[-/.]\d|\d[-/.]\d{4}).*", re.ASCII)
_CLOCK: Final = re.compile(r"\d{1,2}:\d\d(:\d\d)?([.,]\d+)?( ?[AaPp]\.?[Mm]\.?)?", re.ASCII)
_DAY_AND_CLOCK: Final = re.compile(r"(19|20)\d{12}(\d{3})?", re.ASCII)
_OF_ERRORS: Final = ((_WAITING, _NOT_ANSWERED), (_ANSWER, _ANSWERED_OTHERWISE), (_ERROR, _FAULTY_FORMULA))


def broken_cell(reject: Reject) -> str:
    """Return the text of the cell that broke the rule; times in two cells are one."""
    return reject.cells[_CELL_OF[reject.rule.partition(" ")[0]]].strip()


def advice_on(reject: Reject) -> str:
    """Return what to do about the rule that a row broke, by what its cell holds."""
    text = broken_cell(reject)
    for errors, advice in _OF_ERRORS:
        if any(errors.fullmatch(cell.strip()) for cell in reject.cells):
            return advice
    if reject.rule == reject_rules.NO_TIME and text:
        return _DAY_ONCE
    if reject.rule == reject_rules.UNREADABLE_TIME:
        return _on_time(text)
    if reject.rule in (reject_rules.PRICE_NOT_A_NUMBER, reject_rules.SIZE_NOT_A_NUMBER):
        return _on_number(text)
    return _ADVICE[reject.rule]


def _on_number(text: str) -> str:
    """Return what to do about a text that is no number."""
    if has_decimal_comma(text):
        return _DECIMAL_COMMA
    if _THREE_BEHIND_COMMA.fullmatch(text):
        return _UNCLEAR
    return _WITHOUT_LETTERS if _LETTERS.search(text) else _AS_NUMBERS


def _on_time(text: str) -> str:
    """Return what to do about a text that is no time."""
    if joined := _DAY_AND_CLOCK.fullmatch(text):
        return _JOINED.format("+MID(A1,15,3)/86400000" if joined[2] else "")
    if _WITH_EXPONENT.fullmatch(text):
        return _ROUNDED
    if text.replace(".", "", 1).isdigit():
        return _NUMBER_AS_TIME if float(text) < _FARTHEST_SERIAL else _SINCE_1970
    if _DAY_AND_NUMBER.fullmatch(text):
        return _CLOCK_AS_NUMBER
    if _DAY_AND_MOMENT.fullmatch(text):
        return _TWO_TIMES
    return _NO_DAY if _CLOCK.fullmatch(text) else _ADVICE[reject_rules.UNREADABLE_TIME]
