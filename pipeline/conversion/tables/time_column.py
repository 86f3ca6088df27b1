"""Reads a block's column of times, texts or Arrow's own, all at once, and what it shows of day and month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.conversion import timestamps
from pipeline.conversion.tables.arrow_columns import filled_of, is_text, numbers_of, text_buffers, whole_numbers_of
from pipeline.conversion.tables.time_texts import TimeTexts, read_texts
from pipeline.conversion.time_column import MONTHS_A_YEAR, OTHER_ORDER, Evidence, Quoted
from pipeline.conversion.timestamps import EARLIEST_PLAIN_MS, EPOCHS, LATEST_PLAIN_MS
from pipeline.store.columns import number_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pipeline.conversion.headers import Columns
    from pipeline.conversion.rules import DateOrder, Rules
    from pipeline.ticks import Int64s

    Mask = NDArray[np.bool_]

_UNITS: Final = dict(zip(("s", "ms", "us", "ns"), EPOCHS, strict=True))


class BlockTimes:
    """The times of a block's rows: ms since 1970 on the exchange's clock, which could be read, and which had a zone.

    Excel's serials and counts of seconds, ms, us or ns since 1970 are read too, where they are of 1990 to 2099.
    """

    def __init__(self, column: Mapping[int, Any], columns: Columns, rules: Rules) -> None:
        self._rules = rules
        self._first = column[columns.time]
        self._used = [column[position] for position in columns.used]
        self._texts: TimeTexts | None = None
        count = len(self._first)
        self._is_serial = np.zeros(count, bool)
        self.moments: Int64s = np.zeros(count, np.int64)
        self.is_time: Mask = np.zeros(count, bool)
        self.of_utc: Mask = np.zeros(count, bool)
        if columns.clock is not None:
            self._read_day_and_clock(column[columns.clock])
        elif pa.types.is_timestamp(self._first.type):
            self._read_timestamps()
        else:
            self._read_texts_and_numbers()
        self.is_time &= (self.moments >= timestamps.FIRST_MS_1900) & (self.moments < timestamps.END_MS)
        self.of_utc &= self.is_time
        if self.of_utc.any():
            self.moments[self.of_utc] = timestamps.to_clock(self.moments[self.of_utc], rules.time_zone)

    def evidence(self, places: Int64s) -> Evidence:
        """Return what the times of the rows that have all cells of a tick show of the order of day and month."""
        texts = self._texts
        may_be_of_order = texts is not None and bool(texts.has_order.any() or not texts.has_day.all())
        if not may_be_of_order and not self._is_serial.any():
            return Evidence()
        is_whole = np.logical_and.reduce([filled_of(column) for column in self._used])
        serial = self._quoted(self._is_serial & self.is_time & is_whole, places)
        if texts is None or not may_be_of_order:
            return Evidence(serial)
        text: Quoted | None = None
        proofs: dict[DateOrder, Quoted] = {}
        requested = self._rules.date_order
        orders: tuple[DateOrder, ...] = ("dmy", "mdy") if requested is None else (requested, OTHER_ORDER[requested])
        for order in orders:
            read = texts if order == requested else read_texts(*text_buffers(self._first), order)
            by_order = read.has_order & is_whole
            text = text or self._quoted(by_order, places)
            proof = self._quoted(by_order & (timestamps.days_of_month(read.day) > MONTHS_A_YEAR), places)
            if proof is not None:
                proofs[order] = proof
        return Evidence(serial, text, proofs)

    def _quoted(self, which: Mask, places: Int64s) -> Quoted | None:
        if not which.any():
            return None
        place = int(np.argmax(which))
        return Quoted(int(places[place]), str(self._first[place].as_py()))

    def _read_day_and_clock(self, second: Any) -> None:
        days = read_texts(*text_buffers(self._first), self._rules.date_order)
        clocks = read_texts(*text_buffers(second), self._rules.date_order)
        self._texts = days
        offset = np.where(days.has_offset, days.offset, clocks.offset)
        self.moments = days.day + clocks.clock - offset
        is_one_moment = (days.clock == 0) & ((clocks.day < EARLIEST_PLAIN_MS) | (clocks.day == days.day))
        self.is_time = days.has_day & clocks.has_clock & is_one_moment
        self.of_utc = days.has_offset | clocks.has_offset

    def _read_timestamps(self) -> None:
        ms, units = _UNITS[self._first.type.unit]
        column = self._first
        self.is_time = np.ones(len(column), bool)
        if column.null_count:
            self.is_time = np.asarray(column.is_valid().to_pylist(), bool)
            column = column.fill_null(0)
        self.moments = number_values(column, np.int64) // units * ms
        if column.type.tz is not None:
            self.of_utc = self.is_time.copy()

    def _read_texts_and_numbers(self) -> None:
        left = np.ones(len(self._first), bool)
        if is_text(self._first.type):
            self._texts = texts = read_texts(*text_buffers(self._first), self._rules.date_order)
            self.moments = texts.day + texts.clock - texts.offset
            self.is_time, self.of_utc = texts.has_day, texts.has_offset
            left = ~texts.has_day
        if left.any():
            self._read_numbers(left)

    def _read_numbers(self, left: Mask) -> None:
        """Read what is left as serials of Excel or counts since 1970."""
        numbers = numbers_of(self._first)
        in_range = (numbers >= timestamps.FIRST_SERIAL) & (numbers < timestamps.END_SERIAL) & left
        self._is_serial = in_range
        serials = timestamps.serials_ms(np.where(in_range, numbers, 0.0), date1904=self._rules.date1904)
        self.moments = np.where(in_range, serials.astype(np.int64), self.moments)
        self.is_time = self.is_time | in_range
        left = left & ~in_range & (numbers > timestamps.END_SERIAL)
        if not left.any():
            return
        counts = whole_numbers_of(self._first)
        for ms, units in EPOCHS:
            moments = counts // units * ms
            is_count = left & (counts < LATEST_PLAIN_MS * units // ms) & (moments >= EARLIEST_PLAIN_MS)
            self.moments = np.where(is_count, moments, self.moments)
            self.is_time, self.of_utc = self.is_time | is_count, self.of_utc | is_count
            left = left & ~is_count
