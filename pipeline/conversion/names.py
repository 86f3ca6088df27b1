"""Splits a sheet name into ticker and exchange: `FAB UH Equity` is FAB on ADX."""

from __future__ import annotations

import re
from typing import Final

from pipeline.errors import BadSheetName, shown

# Bloomberg's exchange codes: UH is Abu Dhabi (ADX), DH is Dubai (DFM).
EXCHANGES: Final = {"UH": "ADX", "DH": "DFM"}
_FORM: Final = re.compile(r"(?P<ticker>.+) (?P<code>UH|DH) EQUITY", re.IGNORECASE | re.ASCII)
_FULL_NAME: Final = re.compile(r"\S.* [A-Z]{2} EQUITY", re.ASCII)
_LONGEST: Final = 100
_SAFE: Final = re.compile(r"[A-Z0-9][A-Z0-9&_.-]{0,31}", re.IGNORECASE | re.ASCII)
_WINDOWS_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
)


def security_of(sheet: str) -> tuple[str, str]:
    """Return (ticker, exchange) of a sheet name, any case and blanks; raises BadSheetName."""
    match = _FORM.fullmatch(" ".join(sheet.split()))
    if match is None:
        raise BadSheetName(
            f"Sheet '{shown(sheet)}': the name must be ticker, exchange code (UH for ADX, DH for DFM) and 'Equity', "
            "for example 'FAB UH Equity'."
        )
    ticker = match["ticker"]
    # Asked before letters become large: some that only look like others would become them.
    if not _SAFE.fullmatch(ticker) or not _is_file_name(ticker := ticker.upper()):
        raise BadSheetName(
            f"Sheet '{shown(sheet)}': the ticker '{shown(ticker)}' cannot be a file name on every system; "
            "use letters, digits, '&', '_', '-' and inner dots."
        )
    return ticker, EXCHANGES[match["code"].upper()]


def full_name(text: str) -> str | None:
    """Return a security's name on any exchange in capitals, as FAB UH EQUITY; None for a text that is none."""
    name = " ".join(text.split()).upper() if len(text) <= _LONGEST else ""
    return name if _FULL_NAME.fullmatch(name) else None


def _is_file_name(ticker: str) -> bool:
    return not ticker.endswith((".", ".REJECTS")) and ticker.split(".", 1)[0] not in _WINDOWS_DEVICES
