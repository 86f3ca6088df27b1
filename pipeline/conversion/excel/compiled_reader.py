"""Reads a sheet's rows in one pass of machine code; rows that are no clean ticks it hands to the judge one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError, fromstring

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.excel import loop_cells as loop
from pipeline.conversion.excel.cells import LAST_ROW, CellReader
from pipeline.conversion.excel.loop_values import MONTH_ENDS, MONTH_NAMES
from pipeline.conversion.excel.parts import RETURN
from pipeline.conversion.excel.row_blocks import RowBlocks, Unsupported
from pipeline.conversion.rules import type_code
from pipeline.conversion.ticks import LONG_TEXT, TickRows
from pipeline.conversion.time_column import MONTHS_A_YEAR, Evidence, Quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.headers import Block
    from pipeline.conversion.rules import DateOrder, Rules
    from pipeline.conversion.ticks import Judge
    from pipeline.native.functions import CompiledFunction
    from pipeline.ticks import Int64s

_SHORTEST_ROW: Final = 40
_ODD_ROWS: Final = 4_096
# Of texts that stand in their cells; a column of more is no column of types or conditions.
_MOST_TEXTS: Final = 4_096
_SLOTS: Final = 4 * _MOST_TEXTS
_LETTERS: Final = 1 << 20
_NO_FORM: Final = b"\1"
_NO_LABEL: Final = -1
# Where a whole number and a power of ten are doubles, their quotient is the double nearest to the decimal number.
_EXACT: Final = 2**53
_POWERS: Final = np.array([float(10**decimals) for decimals in range(23)])


class CompiledReader:
    """Reads one block of ticks of a sheet; `size` are the bytes of its XML. judge: takes the rows that are no ticks."""

    def __init__(
        self,
        rows: CompiledFunction,
        workbook: Workbook,
        size: int,
        block: Block,
        rules: Rules,
        judge: Judge,
    ) -> None:
        self._loop = rows
        self._rules = rules
        self._judge = judge
        self._cells = CellReader(workbook, block.columns.with_others)
        self._beside = CellReader(workbook, block.beside)
        self._blocks = RowBlocks(workbook.limits.bytes_of("row_mb"))
        capacity = min(LAST_ROW, size // _SHORTEST_ROW + 1)
        self._layout = _layout(workbook, block, capacity)
        self._known = list(workbook.texts)
        self._shared = len(self._known)
        self._blob, self._texts, self._free = _texts(workbook.texts)
        self._slots = np.zeros(_SLOTS, np.int64)
        self._forms = np.zeros(2 * loop.CLOCK_FORM_AT, np.uint8)
        self._columns = np.empty((8, capacity), np.int64)
        self._odd = np.empty((_ODD_ROWS, 3), np.int64)
        self._memory = np.zeros(16, np.int64)
        self._order: DateOrder | None = None
        self._is_zoned = False

    @property
    def hidden_rows(self) -> int:
        """How many rows below the header Excel does not show."""
        return int(self._memory[loop.HIDDEN])

    def read(self, pieces: Iterator[bytes], on_rows: Callable[[int], None]) -> TickRows:
        """Return the ticks of all rows but those given to the judge; raises Unsupported."""
        arrays = (
            self._layout,
            self._blob,
            self._texts,
            self._slots,
            self._forms,
            self._columns,
            self._odd,
            self._memory,
        )
        for block, size in self._blocks.blocks(pieces):
            at = 0
            while (at := self._loop(at, size, block, *arrays)) != size:
                if need := int(self._memory[loop.NEED]):
                    self._provide(need, block)
                elif self._blocks.end(block, at, size):
                    break
                else:
                    raise Unsupported(_why(block, int(self._memory[loop.LAST_ROW])))
            self._judge_odd(block)
            on_rows(int(self._memory[loop.LAST_ROW]))
        return self._ticks()

    def _provide(self, need: int, block: bytes) -> None:
        """Give the loop what it came back for."""
        start, end = self._memory[loop.NEED_START : loop.NEED_END + 1].tolist()
        if need == loop.ROOM:
            self._judge_odd(block)
        elif need == loop.CODE:
            self._texts[2 * start + 1] = type_code(self._known[start], self._rules.words)
        elif need == loop.WORD:
            self._add_text(block[start:end])
        else:
            source = self._blob if self._memory[loop.NEED_IN_BLOB] else np.frombuffer(block, np.uint8)
            self._set_form(source[start:end].tobytes().decode(), is_clock=need == loop.CLOCK_FORM)

    def _set_form(self, text: str, *, is_clock: bool) -> None:
        """Have time texts read in the form of the first; where that is none, each goes to the judge."""
        form = timestamps.form_of(text, self._rules.date_order) or ""
        if ("H" if is_clock else "Y") not in form:
            form = ""
        self._is_zoned = self._is_zoned or "z" in form
        if form.startswith(timestamps.DAY_AND_MONTH):
            self._order = "dmy" if form.startswith("d") else "mdy"
        letters = form.encode() or _NO_FORM
        at = loop.CLOCK_FORM_AT if is_clock else 0
        self._forms[at : at + len(letters)] = tuple(letters)

    def _add_text(self, letters: bytes) -> None:
        """Give a text that stands in its cell a number."""
        number = len(self._known)
        if number == self._shared + _MOST_TEXTS or self._free + len(letters) >= len(self._blob):
            raise Unsupported(f"its cells hold more than {_MOST_TEXTS:,} different texts of their own")
        self._blob[self._free : self._free + len(letters) + 1] = tuple(letters + b"<")
        self._texts[2 * number : 2 * number + 2] = self._free, loop.UNKNOWN
        self._slots[self._memory[loop.NEED_SLOT]] = number + 1
        self._free += len(letters) + 1
        self._known.append(letters.decode().replace(RETURN, "\r"))

    def _judge_odd(self, block: bytes) -> None:
        """Have the rows judged that the loop left, each by itself."""
        odd = self._odd[: self._memory[loop.ODD]].tolist()
        self._memory[loop.ODD] = 0
        if not odd:
            return
        rows = b"".join(block[start:end] for _, start, end in odd)
        try:
            # No declaration comes here, thus no entity: the tags around the rows are ours.
            (table,) = fromstring(b"".join((self._blocks.opening, rows, self._blocks.closing)))  # noqa: S314
            for (number, _, _), row in zip(odd, table, strict=True):
                self._cells.row = number - 1
                self._cells.next_row(row)
                cells = self._cells.cells(row)
                if cells:
                    self._judge.judge(number, cells)
                else:
                    self._beside.row = number
                    self._judge.note_beside(number, self._beside.cells(row))
        except (ParseError, ValueError) as error:
            raise Unsupported(f"row {odd[0][0]} or a later one is not lawful ({error})") from error

    def _ticks(self) -> TickRows:
        memory = self._memory
        ticks = self._columns[:, : memory[loop.TICKS]]
        labels, (security, condition) = self._labels(ticks)
        counts = range(loop.SERIALS, loop.DOTTED_PRICES + 1)
        _, texts, serial_row, text_row, number_texts, dotted_prices = (int(memory[count]) for count in counts)
        moments = ticks[loop.MOMENTS]
        return TickRows(
            rows=ticks[loop.ROWS],
            moments=moments,
            kinds=ticks[loop.KINDS].astype(np.int8),
            price=nearest_doubles(ticks[loop.MANTISSAS], ticks[loop.DECIMALS]),
            volume=ticks[loop.VOLUMES],
            security=security,
            condition=condition,
            labels=labels,
            utc=self._is_zoned,
            order=self._order,
            evidence=self._evidence(ticks[loop.ROWS], moments, serial_row, text_row),
            number_texts=number_texts,
            dotted_prices=dotted_prices,
            used_texts=self._used_texts(texts + number_texts, labels),
        )

    def _evidence(self, rows: Int64s, moments: Int64s, serial_row: int, text_row: int) -> Evidence:
        """Return what the times show, of whose texts none is kept: they are quoted by their order, numbers by ISO's."""

        def quoted(row: int, order: DateOrder | None = None) -> Quoted | None:
            if row == 0:
                return None
            date, _, clock = timestamps.as_text(int(moments[np.searchsorted(rows, row)])).partition(" ")
            year, month, day = date.split("-")
            dates = {"dmy": f"{day}/{month}/{year}", "mdy": f"{month}/{day}/{year}"}
            return Quoted(row, f"{dates.get(order or '', date)} {clock}")

        order = self._order
        if order is None:
            return Evidence(quoted(serial_row))
        late = np.flatnonzero(timestamps.days_of_month(moments) > MONTHS_A_YEAR)
        proof = quoted(int(rows[late[0]]), order) if len(late) else None
        return Evidence(quoted(serial_row), quoted(text_row, order), {order: proof} if proof else {})

    def _labels(self, ticks: NDArray[np.int64]) -> tuple[tuple[str, ...], list[NDArray[np.int32] | None]]:
        """Return the texts of securities and conditions, none being the first of them, and each tick's by number."""
        is_label = np.zeros(len(self._known) + 1, bool)
        columns = [
            ticks[column] if self._layout[loop.LABELS] & role else None
            for column, role in ((loop.SECURITIES, loop.SECURITY), (loop.CONDITIONS, loop.CONDITION))
        ]
        for column in columns:
            if column is not None:
                is_label[column] = True
        is_label[_NO_LABEL] = False
        numbers = np.flatnonzero(is_label)
        place = np.zeros(len(is_label), np.int32)
        place[numbers] = np.arange(1, len(numbers) + 1)
        labels = ("", *(self._known[number] for number in numbers.tolist()))
        return labels, [None if column is None else place[column] for column in columns]

    def _used_texts(self, of_values: int, labels: tuple[str, ...]) -> frozenset[str]:
        """Return the texts that the ticks hang on; `LONG_TEXT` stands for times and numbers that are texts."""
        codes = self._texts[1 : 2 * len(self._known) : 2]
        used: set[str] = {self._known[number] for number in np.flatnonzero(codes >= 0).tolist()}
        return frozenset(used.union(labels[1:], [LONG_TEXT] if of_values else []))


def nearest_doubles(mantissas: NDArray[np.int64], decimals: NDArray[Any]) -> NDArray[np.float64]:
    """Return whole numbers of so many decimals as the doubles nearest to them."""
    values: NDArray[np.float64] = mantissas / _POWERS[decimals]
    long = np.flatnonzero(mantissas > _EXACT)
    if len(long):
        numbers, where = np.unique(mantissas[long] * len(_POWERS) + decimals[long], return_inverse=True)
        nearest = [float(f"{number // len(_POWERS)}E-{number % len(_POWERS)}") for number in numbers.tolist()]
        values[long] = np.array(nearest)[where]
    return values


def _layout(workbook: Workbook, block: Block, capacity: int) -> NDArray[np.int64]:
    """Return what the loop knows of the sheet."""
    columns, beside = block.columns, block.beside
    layout = np.zeros(loop.DATES + len(workbook.styles), np.int64)
    epoch = timestamps.day_zero_ms(date1904=workbook.date1904) // timestamps.MS_PER_DAY
    layout[loop.HEADER_ROW] = block.header_row
    layout[loop.STYLES] = len(workbook.styles)
    layout[loop.TEXTS] = len(workbook.texts)
    layout[loop.CAPACITY] = capacity
    layout[loop.ODD_ROWS] = _ODD_ROWS
    layout[loop.SLOTS] = _SLOTS
    layout[loop.EPOCH] = epoch
    first = timestamps.first_ms(date1904=workbook.date1904)
    dates = (first, timestamps.END_MS - timestamps.MS_PER_DAY)
    plain = (timestamps.EARLIEST_PLAIN_MS, timestamps.LATEST_PLAIN_MS)
    layout[loop.PLAIN_FIRST : loop.PLAIN_LAST + 1] = [date // timestamps.MS_PER_DAY - epoch for date in plain]
    layout[loop.FIRST_DAY : loop.LAST_DAY + 1] = [date // timestamps.MS_PER_DAY - epoch for date in dates]
    roles = {columns.time: loop.TIME, columns.type: loop.KIND, columns.price: loop.PRICE, columns.size: loop.SIZE}
    if columns.clock is not None:
        roles[columns.clock] = loop.CLOCK
    layout[loop.CLOCKS] = columns.clock is not None
    layout[loop.WHOLE] = sum(roles.values())
    if columns.security is not None:
        roles[columns.security] = loop.SECURITY
    if columns.condition is not None:
        roles[columns.condition] = loop.CONDITION
    layout[loop.LABELS] = sum(roles.values()) - layout[loop.WHOLE]
    layout[loop.ROLES + beside.start : loop.ROLES + beside.stop] = loop.BESIDE
    for column, role in roles.items():
        layout[loop.ROLES + column] = role
    for style in workbook.date_styles:
        layout[loop.DATES + style] = 1
    for month, name in enumerate(timestamps.MONTHS, start=1):
        layout[MONTH_NAMES + month] = int.from_bytes(name[:3].encode(), "big")
        layout[MONTH_ENDS + month] = int.from_bytes(name[3:].encode(), "little")
    return layout


def _texts(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64], int]:
    """Return the letters of the shared texts, with room for others, where each begins, and where the room begins."""
    joined = "<".join((*texts, ""))
    if joined.count("<") != len(texts) or not joined.isascii():
        # What is no plain text is neither a time nor a number; the row reader judges it.
        joined = "<".join((*(text if text.isascii() and "<" not in text else "" for text in texts), ""))
    letters = np.frombuffer(joined.encode(), np.uint8)
    blob = np.zeros(len(letters) + _LETTERS, np.uint8)
    blob[: len(letters)] = letters
    known = np.full(2 * (len(texts) + _MOST_TEXTS), loop.UNKNOWN, np.int64)
    known[: 2 * len(texts) : 2] = np.concatenate(([0], np.flatnonzero(letters == ord("<"))[:-1] + 1))[: len(texts)]
    return blob, known, len(letters)


def _why(block: bytes, row: int) -> str:
    """Return what of a block may have kept it from being read in one pass."""
    for mark, what in ((b"<![CDATA[", "a CDATA section"), (b"<?", "a processing instruction"), (b"<!--", "a comment")):
        if mark in block:
            return f"{what} stands among its rows"
    return f"the row after row {row} is out of order, or not written as a row of a sheet"
