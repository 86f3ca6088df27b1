"""Finds the blocks of ticks in the top rows of a sheet: the row of the headers, the columns, the name above them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.conversion.excel.cells import LAST_COLUMN, letters_of
from pipeline.conversion.header_groups import Group, groups_of, with_index
from pipeline.conversion.header_names import SECTOR, NameAbove, name_above
from pipeline.conversion.header_times import counts_seconds, holds_times, is_clock_of
from pipeline.conversion.header_words import LONG, is_security, meaning_of, unit_not_applied, word_of
from pipeline.conversion.missing_headers import complete_of, place_of_row, refuse_no_ticks, without_headers
from pipeline.conversion.names import full_name
from pipeline.conversion.number_column import is_number
from pipeline.conversion.rules import type_code
from pipeline.errors import AmbiguousColumns, AmbiguousTimes, EmptySheet, SeveralSecurities, shown
from pipeline.ticks import ASK, BID, TRADE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.conversion.header_words import Meaning

Head: TypeAlias = "Mapping[int, Mapping[int, str]]"
"""A sheet's first rows: row number → column (0 is A) → the start of the text."""

HEAD_ROWS: Final = 20
MOST_HEAD_ROWS: Final = 1_000
"""How far down the headers are looked for where the first rows have none."""

ONE_EACH: Final = "Put each security into a sheet of its own, with its name as the sheet's."
_OF_OTHERS: Final = frozenset({"benchmark", "index", "hedge", "underlying", "currency", "pair", "parent", "peer"})
"""Headers of columns that name securities which the ticks are not of."""
_LAST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions (0 is column A) of what a tick needs.

    clock: the second column when Date and Time stand apart. security: the column that names each row's security.
    condition: the column of the vendor's condition codes. quotes: where rows hold whole quotes, each tick type's code
    with the columns of its price and size; price and size mean nothing then, and type is -1 where there is none.
    """

    time: int
    type: int
    price: int
    size: int
    clock: int | None = None
    security: int | None = None
    condition: int | None = None
    quotes: tuple[tuple[int, int, int], ...] = ()

    @property
    def used(self) -> tuple[int, ...]:
        """Return the positions in the order time, (clock,) type, price, size, or price and size of each quote."""
        times = (self.time,) if self.clock is None else (self.time, self.clock)
        if self.quotes:
            return (*times, *(column for _, *columns in self.quotes for column in columns))
        return (*times, self.type, self.price, self.size)

    @property
    def with_others(self) -> tuple[int, ...]:
        """Return the positions used and those of the security's name, of condition codes and of whole quotes' types."""
        others = (self.security, self.condition, self.type if self.quotes and self.type >= 0 else None)
        return (*self.used, *(column for column in others if column is not None))


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of ticks below the headers in `header_row`.

    security: the name found above the block. is_alone: whether the sheet has no other block.
    has_ticks: whether its first rows hold any that may be one. remarks: what a person must be told of how it was read.
    beside: its columns from the first to the last, with those that hold nothing of a tick. by_side: whether its types
    stand below Side, as in a list of orders.
    """

    header_row: int
    columns: Columns
    security: NameAbove | None = None
    is_alone: bool = True
    has_ticks: bool = True
    remarks: tuple[str, ...] = ()
    beside: range = range(0)
    by_side: bool = False


NO_BLOCK: Final = Block(0, Columns(0, 0, 0, 0))


def find_blocks(head: Head, header_row: int | None = None, own: Mapping[str, Meaning] | None = None) -> list[Block]:
    """Return the blocks of ticks in `head` (row number → position → text), left to right.

    Args:
        head: The first rows of a sheet.
        header_row: Row of the headers; by default the first that has all of them.
        own: A desk's own headers, as `word_of` returns them, and what they stand for.

    Raises:
        EmptySheet: There is no text.
        MissingColumns: No row has all headers; it names what was found. TicksWithoutHeaders where rows look like ticks.
        AmbiguousColumns: Two columns stand for one thing; it names both.
        SeveralSecurities: A second block of columns is not complete.
    """
    if all(not text or text.isspace() for row in head.values() for text in row.values()):
        raise EmptySheet("the sheet is empty.")
    head = with_index(head)
    groups = {number: groups_of(head, number, own or {}) for number in sorted(head)}
    complete = [number for number in groups if complete_of(groups[number])]
    first = header_row if header_row is not None else next(iter(complete), None)
    if first is None or first not in complete:
        raise without_headers(head, groups, header_row)
    _refuse_incomplete(first, groups[first])
    blocks: list[tuple[int, Group]] = []
    for number in (number for number in complete if number >= first):
        for group in complete_of(groups[number]):
            above = next((place for place, other in enumerate(blocks) if other[1].positions & group.positions), None)
            if above is None:
                blocks.append((number, group))
            elif header_row is None and _is_repeated(head, blocks[above], number, group):
                blocks[above] = (number, group)
    blocks.sort(key=lambda block: min(block[1].positions))
    starts = [_start(head[number], before, group) for (_, before), (number, group) in pairwise(blocks)]
    spans = zip([0, *starts], [*starts, _LAST], strict=True)
    return [
        _block(head, number, group, span, own or {}, is_alone=len(blocks) == 1)
        for (number, group), span in zip(blocks, spans, strict=True)
    ]


def _start(row: Mapping[int, str], before: Group, group: Group) -> int:
    """Return the first column of a block: behind the last gap, or with the name of its security, where there is one."""
    first = min(group.positions)
    between = range(max(before.positions) + 1, first)
    gaps = [column for column in between if not row.get(column, "").strip()]
    names = [column for column in between if is_security(row.get(column, ""))]
    return gaps[-1] + 1 if gaps else names[-1] if names else first


def _refuse_incomplete(header_row: int, groups: list[Group]) -> None:
    """Raise AmbiguousColumns or SeveralSecurities for headers that can be meant in two ways."""
    for group in groups:
        if group.is_complete and group.twice:
            meaning, first, second = group.twice
            raise AmbiguousColumns(
                f"{place_of_row(header_row)} has two columns for {meaning}, '{shown(first)}' and '{shown(second)}'; "
                "rename or remove one."
            )
        if set(LONG) - group.headers.keys() == {"time"} and len(groups) > 1:
            repeated = ", ".join(shown(text) for _, text, _ in group.headers.values())
            raise SeveralSecurities(
                f"{place_of_row(header_row)} has the headers {repeated} twice, as for two securities side by side, and "
                f"one column of times. {ONE_EACH}"
            )


def _is_repeated(head: Head, above: tuple[int, Group], number: int, group: Group) -> bool:
    """Return whether headers stand below their like with no row of ticks between."""
    first, other = above
    between = (head.get(row, {}) for row in range(first + 1, number))
    is_empty = all(not row.get(column, "").strip() for row in between for column in group.positions)
    return is_empty and group.positions == other.positions


def _block(
    head: Head, header_row: int, group: Group, span: tuple[int, int], own: Mapping[str, Meaning], *, is_alone: bool
) -> Block:
    """Return the block of a group of headers, which has the columns from the first of `span` to before the last."""
    columns = _columns(head, header_row, group)
    inside = {column: text for column, text in head[header_row].items() if span[0] <= column < span[1]}
    known = {column: meaning_of(text, own) for column, text in inside.items()}
    marked = _of_meaning(known, "condition")
    by_side = refuse_no_ticks(header_row, group, inside.values())
    _refuse_times(head, header_row, columns, known)
    security = _security_column(head, header_row, columns, span, own)
    condition = marked[0] if len(marked) == 1 and marked[0] != security else None
    return Block(
        header_row,
        replace(columns, security=security, condition=condition),
        # A name over an empty column between two blocks may be of either.
        name_above(head, header_row, span if is_alone else (span[0], max(*inside, 0) + 1)),
        is_alone,
        any(_may_be_tick(row, columns) for number, row in head.items() if number > header_row),
        tuple(_remarks(head, header_row, group, columns, known)),
        range(span[0], min(span[1], LAST_COLUMN + 1)),
        by_side,
    )


def _header(row: Mapping[int, str], column: int, number: int = 0) -> str:
    return f"'{shown(row[column])}' ({letters_of(column)}{number or ''})"


def _refuse_times(
    head: Head, header_row: int, columns: Columns, known: Mapping[int, tuple[Meaning, int] | None]
) -> None:
    """Raise AmbiguousTimes for numbers that can hardly be Excel's dates.

    Raise AmbiguousColumns for days without a time of day where a column of no known header has times of day.
    """
    row = head[header_row]
    if columns.clock is not None:
        return
    if counts_seconds(head, header_row, columns.time):
        column = letters_of(columns.time)
        raise AmbiguousTimes(
            f"the numbers below {_header(row, columns.time, header_row)} would be dates of all days of the week, each "
            "row's another. Where they are seconds since midnight, put their date into a column Date before them, and "
            f"make them times of day: ={column}{header_row + 1}/86400, formatted as a time."
        )
    for other, meaning in known.items():
        if meaning is None and row[other].strip() and is_clock_of(head, header_row, columns.time, other):
            raise AmbiguousColumns(
                f"below {_header(row, columns.time, header_row)} are days alone, and "
                f"{_header(row, other, header_row)} holds times of day: name that column Time."
            )


def _remarks(
    head: Head, header_row: int, group: Group, columns: Columns, known: Mapping[int, tuple[Meaning, int] | None]
) -> Iterator[str]:
    """Yield what a person must be told: of rows and columns that are not read, and of units that are not applied."""
    row = head[header_row]
    if columns.quotes:
        yield "of each row the ask, the bid and the trade were taken as ticks, in this order"
    above = [number for number, cells in sorted(head.items()) if number < header_row and _may_be_tick(cells, columns)]
    if above:
        yield f"rows above the headers look like ticks and were not read: {len(above):,}, the first is row {above[0]}"
    for column in columns.used:
        meaning = known.get(column)
        unit = unit_not_applied(row.get(column, ""), meaning[0]) if meaning else None
        if unit:
            taken = "on the clock of the exchange" if meaning and meaning[0] == "time" else "as they stand"
            yield f"the header {_header(row, column)} names {unit} that was not applied: its cells were taken {taken}"
    marked = _of_meaning(known, "condition")
    if len(marked) > 1:
        listed = " and ".join(_header(row, column) for column in marked)
        yield f"the columns {listed} are not read, since each may be that of the condition codes: rename all but one"
    for column in range(min(columns.used), max(columns.used)) if columns.quotes else ():
        if known.get(column, row) is None and holds_times(head, header_row, column):
            yield (
                f"the column {_header(row, column)} holds times that are not read: all prices of a row were taken to "
                f"be of {_header(row, columns.time)}"
            )
    for column, text, other in group.unread:
        yield f"the column '{shown(text)}' ({letters_of(column)}) is not read, since '{shown(other)}' is there too"


def _of_meaning(known: Mapping[int, tuple[Meaning, int] | None], wanted: Meaning) -> list[int]:
    return [column for column, meaning in known.items() if meaning and meaning[0] == wanted]


def _may_be_tick(row: Mapping[int, str], columns: Columns) -> bool:
    """Return whether a row has a type, or any quote where rows hold both sides, and a figure for it."""
    if columns.quotes:
        return any(is_number(row.get(price, "")) for _, price, _ in columns.quotes)
    return type_code(row.get(columns.type, "")) >= 0 and is_number(row.get(columns.price, ""))


def _columns(head: Head, header_row: int, group: Group) -> Columns:
    """Return the columns of a complete group: of one tick a row, unless rows have both sides and no type says which."""
    at = {meaning: header[0] for meaning, header in group.headers.items()}
    clock = group.clock and group.clock[0]
    types = (row.get(at["type"], "") for number, row in head.items() if number > header_row) if "type" in at else ()
    if group.is_long and not (group.is_wide and all(type_code(text) not in (BID, ASK) for text in types)):
        return Columns(at["time"], at["type"], at["price"], at["size"], clock)
    quotes = [(ASK, at["ask"], at["ask size"]), (BID, at["bid"], at["bid size"])]
    if "price" in at and "size" in at:
        quotes.append((TRADE, at["price"], at["size"]))
    return Columns(at["time"], at.get("type", -1), -1, -1, clock, quotes=tuple(quotes))


def _security_column(
    head: Head, header_row: int, columns: Columns, span: tuple[int, int], own: Mapping[str, Meaning]
) -> int | None:
    """Return the column whose header, or whose every cell in the first rows, names securities."""
    rows = [cells for number, cells in head.items() if number > header_row and columns.type in cells]
    for column in sorted(set(head[header_row]).union(*rows) - set(columns.used)):
        if not span[0] <= column < span[1]:
            continue
        header = head[header_row].get(column, "")
        names = [full_name(cells.get(column, "")) or "" for cells in rows]
        is_named = bool(names) and all(names) and word_of(header) not in _OF_OTHERS
        is_named &= not header.strip() or all(name.casefold().endswith(SECTOR) for name in names)
        known = meaning_of(header, own)
        is_label = full_name(head[header_row].get(column + 1, "")) is not None  # of the name to its right
        if is_named or (known and known[0] == "security" and not is_label):
            return column
    return None
