"""How sheets are to be read where that is not left to what they hold: the request's options and the desk's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from pipeline.conversion.desk_words import DeskWords
from pipeline.conversion.rules import WORDS, Rules
from pipeline.errors import BadRequest

if TYPE_CHECKING:
    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.rules import DateOrder
    from pipeline.conversion.tables.table import Table

DATE_ORDERS: Final = ("dmy", "mdy")


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """What a request and a desk say of its sheets.

    header_row: row of the headers, counted from 1. security: whose ticks the block is of that names none. date_order:
    of times as 05/06/2025. words: what the desk calls columns and types.
    """

    header_row: int | None = None
    security: str | None = None
    date_order: DateOrder | None = None
    words: DeskWords = field(default_factory=DeskWords)

    def rules(self, workbook: Workbook | Table) -> Rules:
        """Return by what the cells of a workbook's sheets are read."""
        return Rules(workbook.date1904, {**WORDS, **self.words.types}, self.date_order)


def checked_order(text: str | None) -> DateOrder | None:
    """Return an order of day and month; raises BadRequest for another text."""
    if text is not None and text not in DATE_ORDERS:
        raise BadRequest(f"--date-order is '{text}'; it takes dmy (day first) or mdy (month first).")
    return cast("DateOrder | None", text)
