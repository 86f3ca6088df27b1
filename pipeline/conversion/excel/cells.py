"""A cell as the file holds it: its kind and its text."""

from __future__ import annotations

from typing import Final, NamedTuple

EMPTY: Final = "empty"
NUMBER: Final = "number"
SERIAL: Final = "serial"
ISO: Final = "iso"
TEXT: Final = "text"
BOOL: Final = "bool"
ERROR: Final = "error"


class Cell(NamedTuple):
    """A cell's kind (a SERIAL is a number shown as a date, an ISO a date kept as text) and its text."""

    kind: str
    text: str


BLANK: Final = Cell(EMPTY, "")
