"""Goes through the XML of a row letter by letter: blanks, comments, tags, attributes, and where a cell's value begins.

Compiled as it stands, and run as plain Python, with one result. Each letter is compared before the next one is read,
and the last is a NUL, which is valid nowhere, so nothing is read past the end. `xml` are the bytes, `at` where to
begin; what is returned is where a thing ends, UNSUPPORTED for what is left to the row reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.loop_values import UNSUPPORTED, expect, parse_number

if TYPE_CHECKING:
    from pipeline.conversion.excel.loop_values import Letters

PLAIN, SHARED, STRING, INLINE, ISO, OTHER, NOTHING = range(7)
"""What a cell says that its value is: a number, a shared text's number, a text of a formula, a text in the cell, a date
as text, a truth value or an error, or that it has none."""

NO_VALUE, IN_VALUE, IN_TEXT, IN_RUN = range(4)
"""What a value stands in: an element of its own, the text of the cell, the only run of letters of it, or nothing."""

_ROW: Final = int.from_bytes(b"<row", "little")
_ROW_END: Final = int.from_bytes(b"</row>", "little")
_REFERENCE: Final = int.from_bytes(b' r="', "little")
_CELL_END: Final = int.from_bytes(b"</c>", "little")
_STYLE: Final = int.from_bytes(b' s="', "little")
_OF_SHARED: Final = int.from_bytes(b' t="s">', "little")
_EMPTY: Final = int.from_bytes(b"/>", "little")
_VALUE: Final = int.from_bytes(b"<v", "little")
_PLAIN_VALUE: Final = int.from_bytes(b"<v>", "little")
_VALUE_AND_CELL_END: Final = int.from_bytes(b"</v></c>", "little")
_VALUE_END: Final = int.from_bytes(b"</v>", "little")
_FORMULA: Final = int.from_bytes(b"<f", "little")
_FORMULA_END: Final = int.from_bytes(b"</f>", "little")
_IN_CELL: Final = int.from_bytes(b"<is>", "little")
_IN_CELL_END: Final = int.from_bytes(b"</is>", "little")
_RUN: Final = int.from_bytes(b"<r>", "little")
_RUN_END: Final = int.from_bytes(b"</r>", "little")
_RUN_STYLE: Final = int.from_bytes(b"<rPr", "little")
_RUN_STYLE_END: Final = int.from_bytes(b"</rPr>", "little")
_LETTERS: Final = int.from_bytes(b"<t", "little")
_LETTERS_END: Final = int.from_bytes(b"</t>", "little")
_NOTE: Final = int.from_bytes(b"<!--", "little")
_NOTE_END: Final = int.from_bytes(b"-->", "little")
_AMP: Final = int.from_bytes(b"amp;", "little")
_LT: Final = int.from_bytes(b"lt;", "little")
_GT: Final = int.from_bytes(b"gt;", "little")
_QUOT: Final = int.from_bytes(b"quot;", "little")
_APOS: Final = int.from_bytes(b"apos;", "little")
_STR: Final = int.from_bytes(b"str", "little")
_INLINE_STR: Final = int.from_bytes(b"inlineSt", "little")
_XMLNS: Final = int.from_bytes(b"xmlns", "little")
_HIDDEN_NAME: Final = int.from_bytes(b"hidden", "little")
_TRUE: Final = int.from_bytes(b"true", "little")
_TAB, _NEWLINE, _RETURN, _SPACE, _BANG, _QUOTE, _AND, _APOSTROPHE, _SLASH, _ZERO, _ONE = tuple(b"\t\n\r !\"&'/01")
_COLON, _LESS, _EQUALS, _GREATER, _A, _Z, _LOW_A, _LOW_Z = tuple(b":<=>AZaz")
_NAMED_D, _NAMED_N, _NAMED_R, _NAMED_S, _NAMED_T = tuple(b"dnrst")
_MOST_ROWS: Final = 1_048_576
_LAST_COLUMN: Final = 16_383


def skip_blanks(xml: Letters, at: int) -> int:
    """Return where blanks, tabs and line ends end."""
    while xml[at] == _SPACE or xml[at] == _NEWLINE or xml[at] == _RETURN or xml[at] == _TAB:
        at += 1
    return at


def skip_notes(xml: Letters, at: int) -> int:
    """Return where blanks and comments between two elements end; UNSUPPORTED for a comment that does not."""
    at = skip_blanks(xml, at)
    while xml[at] == _LESS and xml[at + 1] == _BANG:
        at = expect(xml, at, _NOTE)
        if at == UNSUPPORTED:
            return UNSUPPORTED
        while xml[at] != 0 and expect(xml, at, _NOTE_END) == UNSUPPORTED:
            at += 1
        at = expect(xml, at, _NOTE_END)
        if at == UNSUPPORTED:
            return UNSUPPORTED
        at = skip_blanks(xml, at)
    return at


def skip_text(xml: Letters, at: int) -> int:
    """Return where the text of an element ends, before the next tag; UNSUPPORTED for an entity that XML has not."""
    while xml[at] >= _SPACE or xml[at] == _NEWLINE or xml[at] == _RETURN or xml[at] == _TAB:
        if xml[at] == _LESS:
            return at
        if xml[at] == _AND:
            start = at + 1
            at = max(expect(xml, start, _QUOT), expect(xml, start, _AMP), expect(xml, start, _LT))
            at = max(at, expect(xml, start, _GT), expect(xml, start, _APOS))
            if at == UNSUPPORTED:
                return UNSUPPORTED
        else:
            at += 1
    return UNSUPPORTED


def parse_attribute(xml: Letters, at: int) -> tuple[int, int, int]:
    """Return an attribute's name, up to eight letters as one number, and where its value begins and ends.

    `at` is at its name. It begins at UNSUPPORTED for what is none, or gives all elements another namespace.
    """
    name = 0
    start = at
    while _LOW_A <= xml[at] <= _LOW_Z or _A <= xml[at] <= _Z or _ZERO <= xml[at] <= _COLON:
        if at - start < 8:  # noqa: PLR2004 - bytes of a number
            name |= xml[at] << (8 * (at - start))
        at += 1
    at = skip_blanks(xml, at)
    if name == _XMLNS or xml[at] != _EQUALS:
        return name, UNSUPPORTED, UNSUPPORTED
    at = skip_blanks(xml, at + 1)
    quote = xml[at]
    if quote not in (_QUOTE, _APOSTROPHE):
        return name, UNSUPPORTED, UNSUPPORTED
    start = at + 1
    at = start
    while xml[at] >= _SPACE and xml[at] != quote and xml[at] != _LESS and xml[at] != _AND:
        at += 1
    return name, start if xml[at] == quote else UNSUPPORTED, at


def skip_attributes(xml: Letters, at: int) -> int:
    """Return where a tag's attributes end, at ">" or "/>"; UNSUPPORTED for anything else."""
    start = skip_blanks(xml, at)
    while xml[start] != _GREATER and expect(xml, start, _EMPTY) == UNSUPPORTED:
        if start == at:
            return UNSUPPORTED
        _, begins, end = parse_attribute(xml, start)
        if begins == UNSUPPORTED:
            return UNSUPPORTED
        at = end + 1
        start = skip_blanks(xml, at)
    return start


def skip_element(xml: Letters, at: int, end_tag: int) -> int:
    """Return where an element of text alone ends; `at` is behind its tag's name."""
    at = skip_attributes(xml, at)
    if at == UNSUPPORTED or xml[at] == _SLASH:
        return at if at == UNSUPPORTED else at + 2
    at = skip_text(xml, at + 1)
    return at if at == UNSUPPORTED else expect(xml, at, end_tag)


def skip_row(xml: Letters, at: int) -> int:
    """Return where a row ends, whatever its cells hold; UNSUPPORTED for what may hide its end, and prefixed names."""
    while expect(xml, at, _ROW_END) == UNSUPPORTED:
        if xml[at] == 0:
            return UNSUPPORTED
        if xml[at] == _LESS:
            name = at + 2 if xml[at + 1] == _SLASH else at + 1
            start = name
            while _LOW_A <= xml[name] <= _LOW_Z or _A <= xml[name] <= _Z:
                name += 1
            if name == start or xml[name] == _COLON:
                return UNSUPPORTED
        at += 1
    return expect(xml, at, _ROW_END)


def parse_row_tag(xml: Letters, at: int, last: int) -> tuple[int, int, int, int]:
    """Return the number of a row after `last`, whether it is hidden, whether it has content, and where its tag ends."""
    at = expect(xml, at, _ROW)
    if at == UNSUPPORTED:
        return 0, 0, 0, UNSUPPORTED
    row = last + 1
    is_hidden = 0
    is_numbered = False
    start = skip_blanks(xml, at)
    while xml[start] != _GREATER and expect(xml, start, _EMPTY) == UNSUPPORTED:
        if start == at:
            return 0, 0, 0, UNSUPPORTED
        name, begins, at = parse_attribute(xml, start)
        if begins == UNSUPPORTED:
            return 0, 0, 0, UNSUPPORTED
        if name == _NAMED_R:
            row, end = parse_number(xml, begins, 7)
            if end != at or end == begins or is_numbered:
                return 0, 0, 0, UNSUPPORTED
            is_numbered = True
        elif name == _HIDDEN_NAME:
            is_hidden = 1 if xml[begins] == _ONE or expect(xml, begins, _TRUE) != UNSUPPORTED else 0
        at += 1
        start = skip_blanks(xml, at)
    if row <= last or row > _MOST_ROWS:
        return 0, 0, 0, UNSUPPORTED
    is_open = xml[start] == _GREATER
    return row, is_hidden, is_open, start + 1 if is_open else start + 2


def parse_column(xml: Letters, at: int, row: int, before: int) -> tuple[int, int]:
    """Return the column of a cell's reference, of this row and to the right of `before`, and where it ends."""
    start = at
    column = 0
    while at - start < 3 and _A <= xml[at] <= _Z:  # noqa: PLR2004 - XFD is Excel's last
        column = column * 26 + (xml[at] - _A + 1)
        at += 1
    column -= 1
    row_of_cell, end = parse_number(xml, at, 7)
    if column <= before or column > _LAST_COLUMN or row_of_cell != row or xml[at] == _ZERO:
        return column, UNSUPPORTED
    return column, end


def type_of_cell(xml: Letters, start: int, end: int) -> int:
    """Return the type that a cell says it has, between its quotes."""
    letter = xml[start]
    if end - start == 1:
        if letter == _NAMED_N:
            return PLAIN
        return SHARED if letter == _NAMED_S else ISO if letter == _NAMED_D else OTHER
    if end - start == 3 and expect(xml, start, _STR) != UNSUPPORTED:  # noqa: PLR2004 - letters
        return STRING
    return INLINE if end - start == 9 and expect(xml, start, _INLINE_STR) != UNSUPPORTED else OTHER  # noqa: PLR2004


def parse_cell_tag(  # noqa: C901, PLR0911, PLR0912 - an attribute each
    xml: Letters, at: int, row: int, before: int
) -> tuple[int, int, int, int]:
    """Return a cell's column, its style (UNSUPPORTED: none), its type, and where its tag ends; `at` is behind "<c"."""
    column = before + 1
    style = UNSUPPORTED
    kind = PLAIN
    is_placed = False
    # In the order in which most write them, without a look at what else there could be.
    start = expect(xml, at, _REFERENCE)
    if start != UNSUPPORTED:
        column, end = parse_column(xml, start, row, before)
        if end == UNSUPPORTED or xml[end] != _QUOTE:
            return column, style, kind, UNSUPPORTED
        is_placed = True
        at = end + 1
    start = expect(xml, at, _STYLE)
    if start != UNSUPPORTED:
        style, end = parse_number(xml, start, 6)
        if end == start or xml[end] != _QUOTE:
            return column, style, kind, UNSUPPORTED
        at = end + 1
    if xml[at] == _GREATER:
        return column, style, kind, at + 1 if column <= _LAST_COLUMN else UNSUPPORTED
    start = expect(xml, at, _OF_SHARED)
    if start != UNSUPPORTED:
        return column, style, SHARED, start if column <= _LAST_COLUMN else UNSUPPORTED
    start = skip_blanks(xml, at)
    while xml[start] != _GREATER and expect(xml, start, _EMPTY) == UNSUPPORTED:
        if start == at:
            return column, style, kind, UNSUPPORTED
        name, begins, at = parse_attribute(xml, start)
        if begins == UNSUPPORTED:
            return column, style, kind, UNSUPPORTED
        if name == _NAMED_R:
            column, end = parse_column(xml, begins, row, before)
            if end != at or is_placed:
                return column, style, kind, UNSUPPORTED
            is_placed = True
        elif name == _NAMED_S:
            is_first = style == UNSUPPORTED
            style, end = parse_number(xml, begins, 6)
            if end != at or end == begins or not is_first:
                return column, style, kind, UNSUPPORTED
        elif name == _NAMED_T:
            kind = type_of_cell(xml, begins, at)
        at += 1
        start = skip_blanks(xml, at)
    if column > _LAST_COLUMN:
        return column, style, kind, UNSUPPORTED
    if xml[start] == _SLASH:
        return column, style, NOTHING, start + 2
    return column, style, kind, start + 1


def open_value(xml: Letters, at: int) -> tuple[int, int]:  # noqa: PLR0911 - an element each
    """Return what a cell's value stands in, and where it begins; `at` is behind the cell's tag."""
    start = expect(xml, at, _PLAIN_VALUE)
    if start != UNSUPPORTED:
        return IN_VALUE, start
    at = skip_notes(xml, at)
    start = expect(xml, at, _FORMULA) if at != UNSUPPORTED else UNSUPPORTED
    if start != UNSUPPORTED:
        at = skip_element(xml, start, _FORMULA_END)
        at = at if at == UNSUPPORTED else skip_notes(xml, at)
    if at == UNSUPPORTED:
        return NO_VALUE, UNSUPPORTED
    start = expect(xml, at, _VALUE)
    if start != UNSUPPORTED:
        start = skip_attributes(xml, start)
        if start == UNSUPPORTED:
            return NO_VALUE, UNSUPPORTED
        if xml[start] == _SLASH:
            return NO_VALUE, start + 2
        return IN_VALUE, start + 1
    start = expect(xml, at, _IN_CELL)
    if start == UNSUPPORTED:
        return NO_VALUE, at
    at = skip_blanks(xml, start)
    stands_in = IN_TEXT
    start = expect(xml, at, _RUN)
    if start != UNSUPPORTED:
        stands_in = IN_RUN
        at = skip_run_style(xml, skip_blanks(xml, start))
    start = expect(xml, at, _LETTERS) if at != UNSUPPORTED else UNSUPPORTED
    start = skip_attributes(xml, start) if start != UNSUPPORTED else UNSUPPORTED
    return stands_in, start + 1 if start != UNSUPPORTED and xml[start] == _GREATER else UNSUPPORTED


def skip_run_style(xml: Letters, at: int) -> int:
    """Return where the fonts of a run of letters end: empty elements alone; `at` itself where there are none."""
    start = expect(xml, at, _RUN_STYLE)
    if start == UNSUPPORTED:
        return at
    at = skip_attributes(xml, start)
    if at == UNSUPPORTED or xml[at] == _SLASH:
        return at if at == UNSUPPORTED else skip_blanks(xml, at + 2)
    at = skip_blanks(xml, at + 1)
    while expect(xml, at, _RUN_STYLE_END) == UNSUPPORTED:
        if xml[at] != _LESS:
            return UNSUPPORTED
        at += 1
        while _LOW_A <= xml[at] <= _LOW_Z or _A <= xml[at] <= _Z:
            at += 1
        at = skip_attributes(xml, at)
        if at == UNSUPPORTED or xml[at] != _SLASH:
            return UNSUPPORTED
        at = skip_blanks(xml, at + 2)
    return skip_blanks(xml, expect(xml, at, _RUN_STYLE_END))


def close_value(xml: Letters, at: int, stands_in: int) -> int:
    """Return where a cell ends, after its value."""
    if stands_in == IN_VALUE:
        end = expect(xml, at, _VALUE_AND_CELL_END)
        if end != UNSUPPORTED:
            return end
        at = expect(xml, at, _VALUE_END)
    elif stands_in != NO_VALUE:
        at = expect(xml, at, _LETTERS_END)
        at = at if at == UNSUPPORTED else skip_blanks(xml, at)
        if stands_in == IN_RUN and at != UNSUPPORTED:
            at = expect(xml, at, _RUN_END)
            at = at if at == UNSUPPORTED else skip_blanks(xml, at)
        at = at if at == UNSUPPORTED else expect(xml, at, _IN_CELL_END)
    at = at if at == UNSUPPORTED else skip_notes(xml, at)
    return at if at == UNSUPPORTED else expect(xml, at, _CELL_END)
