"""File names, columns and format version of the store, shared by the code that writes, reads and lists its files."""

from __future__ import annotations

from typing import Final

# Raise it when older code could misread newer files.
FORMAT_VERSION: Final = 2
TICK_COLUMNS: Final = ("timestamp", "type", "price", "volume")
CONDITION_COLUMN: Final = "condition"
"""The column that only ticks with the vendor's condition codes have."""

CATALOG_NAME: Final = "catalog.json"
TICKS_SUFFIX: Final = ".parquet"
REJECTS_SUFFIX: Final = ".rejects.parquet"


def ticks_name(ticker: str) -> str:
    """Return the name of a security's file of ticks."""
    return f"{ticker}{TICKS_SUFFIX}"


def rejects_name(ticker: str) -> str:
    """Return the name of a security's file of rejected rows."""
    return f"{ticker}{REJECTS_SUFFIX}"
