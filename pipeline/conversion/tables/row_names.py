"""Says of which security each row of a table is, by the texts of its column of securities as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conversion.names import FORM, SecurityName, full_name, likely_name, may_stand_for, other_than, security_of
from pipeline.errors import BadSheetName, SeveralSecurities, shown

if TYPE_CHECKING:
    from collections.abc import Collection


class RowNames:
    """The securities that the rows of a block name.

    own: the security that the file's name, the cells above or the request name; empty where none does.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._known: dict[str, SecurityName] = {}
        self._code = ""

    def security(self, text: str, row: int) -> SecurityName:
        """Return the security of a text that first stands in `row`, of the block where its cell is blank.

        Raises SeveralSecurities or BadSheetName where it cannot be told.
        """
        if text not in self._known:
            self._known[text] = security_of(self._name(text, row))
        return self._known[text]

    def check(self, names: Collection[str]) -> None:
        """Raise SeveralSecurities where all rows are of another security than the block is named after."""
        if self._own and len(names) == 1 and self._own not in names:
            raise SeveralSecurities(other_than(next(iter(names)), self._own, "file"))

    def _name(self, text: str, row: int) -> str:
        own = self._own
        plain = " ".join(text.split()).upper()
        if not plain:
            if own:
                return own
            if not row:
                raise BadSheetName(f"nothing names its security. Name the file as one ({FORM}).")
            raise SeveralSecurities(f"row {row} names no security. Write each row's security into its cell.")
        if own and plain == own.split(" ")[0]:
            return own
        name = full_name(text) or likely_name(text)
        if name is None and own and self._code in ("", plain):  # its ISIN, say
            if not may_stand_for(text, own):
                raise SeveralSecurities(other_than(text, own, "file"))
            self._code = plain
            return own
        if name is None:
            raise SeveralSecurities(
                f"row {row} ('{shown(text)}') names no security that can be told by its name. "
                f"Write the names in full: {FORM}."
            )
        return name
