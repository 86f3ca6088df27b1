"""Splits a sheet whose rows name their securities into one content a security."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.conversion.names import FORM, full_name, likely_name, may_stand_for, other_than
from pipeline.conversion.refuse import listed, refuse_other_blocks
from pipeline.errors import BadSheetName, SeveralSecurities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.conversion.sheet import SheetContent
    from pipeline.conversion.ticks import Parsed


def split(content: SheetContent, own: str) -> dict[str, SheetContent]:
    """Return what a block holds of each security, by its name as Bloomberg writes it, in the order of their rows.

    Args:
        content: The block's rows.
        own: The security that the sheet or the request names; empty where none does.

    Raises:
        SeveralSecurities: It cannot be said of each row which security it is of.
        BadSheetName: No row names a security, and nothing else does.
    """
    parsed = content.parsed
    rows = _naming_rows(parsed, own)
    names = _names(rows, own)
    fulls = list(dict.fromkeys(names.values())) or [own]
    refuse_other_blocks({*fulls, own}, parsed)
    if fulls == [""]:
        raise BadSheetName(f"no row names its security, nor does the sheet. Name the sheet as one ({FORM}).")
    if len(fulls) == 1:
        return {fulls[0]: replace(content, securities=(fulls[0],))}
    blank = _first_blank(parsed)
    if blank:
        raise SeveralSecurities(
            f"{listed([(rows[text], text) for text in names])} are of different securities, and row {blank} names "
            "none. Write each row's security into its cell."
        )
    return {full: _part(content, names, full, fulls) for full in fulls}


def _naming_rows(parsed: Parsed, own: str) -> dict[str, int]:
    """Return the texts that are to name securities with their first rows: of ticks all, of rejects those that do."""
    of_ticks = set(np.bincount(parsed.security).nonzero()[0].tolist()) if parsed.security is not None else set()
    rows = sorted(parsed.first_rows.items(), key=lambda item: item[1])
    return {
        text: row
        for text, row in rows
        if text and (parsed.securities.index(text) in of_ticks or not of_ticks or _security(text, own))
    }


def _names(rows: Mapping[str, int], own: str) -> dict[str, str]:
    """Return the security that each text of the column stands for, in the order of their first rows."""
    if not rows:
        return {}
    names = {text: _security(text, own) for text in rows}
    unknown = [(rows[text], text) for text, name in names.items() if name is None]
    spelt = {" ".join(text.split()).upper() for text in rows}
    if unknown and len(spelt) == 1 and own:
        if not may_stand_for(unknown[0][1], own):
            raise SeveralSecurities(other_than(unknown[0][1], own, "sheet"))
        return dict.fromkeys(rows, own)
    if unknown:
        raise SeveralSecurities(
            f"{listed(unknown)} {'names' if len(unknown) == 1 else 'name'} no security that can be told by its name. "
            f"Write the names in full: {FORM}."
        )
    named = {text: name for text, name in names.items() if name is not None}
    if own and own not in named.values() and len(set(named.values())) == 1:
        raise SeveralSecurities(other_than(next(iter(rows)), own, "sheet"))
    return named


def _security(text: str, own: str) -> str | None:
    is_own_ticker = bool(own) and text.strip().upper() == own.split(" ", maxsplit=1)[0]
    return own if is_own_ticker else full_name(text) or likely_name(text)


def _first_blank(parsed: Parsed) -> int:
    """Return the first row with a tick and no security's name, 0 for none."""
    if parsed.security is None or "" not in parsed.securities:
        return 0
    blank = np.flatnonzero(parsed.security == parsed.securities.index(""))
    return int(parsed.row_numbers[blank[0]]) if len(blank) else 0


def _part(content: SheetContent, names: Mapping[str, str], full: str, fulls: list[str]) -> SheetContent:
    """Return what a block holds of one security; its first has the blank rows, and the rejects that name none."""
    parsed = content.parsed
    is_first = full == fulls[0]
    own = [names.get(text) == full or (is_first and text not in names) for text in parsed.securities]
    chosen = np.flatnonzero(np.array(own)[parsed.security])
    rejects = tuple(reject for reject in parsed.rejects if own[reject.security])
    blank = parsed.blank if is_first else 0
    part = replace(
        parsed,
        ticks=parsed.ticks[chosen],
        rejects=rejects,
        rows=len(chosen) + len(rejects) + blank,
        blank=blank,
        row_numbers=parsed.row_numbers[chosen],
        security=None,
        securities=(),
    )
    return replace(content, parsed=part, securities=tuple(fulls))
