"""Records what a sheet's content depends on, so that a later run can tell without unpacking it that nothing changed."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from pipeline.store.layout import FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.conversion.excel.archive import Sheet, Workbook

# Raise it whenever the same sheet would give other ticks or rejects than before, or would be refused.
CONVERTER_VERSION: Final = 3
_MOST_TEXTS: Final = 1000


def make_record(workbook: Workbook, sheet: Sheet, header_row: int, seen: Iterable[str]) -> dict[str, Any]:
    """Return what the sheet's meaning hangs on; `seen` are the texts of the header row and of the cells that were read.

    The sheet's XML holds numbers of shared texts and of styles only, so the record keeps what stood behind them: every
    shared text that is among those seen, and the number formats of all styles there were.
    """
    return {
        **_own(sheet, header_row),
        "date1904": workbook.date1904,
        "styles": _list_digest(workbook.styles),
        "texts": _texts(workbook.texts, frozenset(seen)),
    }


def still_holds(record: dict[str, Any], workbook: Workbook, sheet: Sheet, header_row: int) -> bool:
    """Return whether converting the sheet now would read what it read when `record` was made."""
    try:
        return (
            all(record[key] == value for key, value in _own(sheet, header_row).items())
            and record["date1904"] == workbook.date1904
            and _same_list(record["styles"], workbook.styles)
            and _same_texts(record["texts"], workbook.texts)
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def fingerprint(records: Sequence[dict[str, Any]]) -> str:
    """Return one hex digest for the records of all parts of a security, in the order in which they were joined."""
    return _digest(json.dumps(list(records), sort_keys=True, ensure_ascii=False))


def _own(sheet: Sheet, header_row: int) -> dict[str, Any]:
    return {
        "converter": CONVERTER_VERSION,
        "format": FORMAT_VERSION,
        "sheet": sheet.name,
        "crc": f"{sheet.crc:08x}",
        "size": sheet.size,
        "header_row": header_row,
    }


def _texts(table: tuple[str, ...], seen: frozenset[str]) -> dict[str, Any]:
    """Keep the seen texts' numbers; when they are many or not all shared, keep a digest of the whole table."""
    used = {str(number): text for number, text in enumerate(table) if text in seen}
    if len(used) > _MOST_TEXTS or not seen <= set(used.values()):
        return {"all": _list_digest(table)}
    return {"used": used}


def _same_texts(record: dict[str, Any], table: tuple[str, ...]) -> bool:
    if "all" in record:
        return _same_list(record["all"], table)
    return all(int(number) < len(table) and table[int(number)] == text for number, text in record["used"].items())


def _list_digest(items: tuple[str, ...]) -> dict[str, Any]:
    return {"count": len(items), "digest": _digest(json.dumps(items, ensure_ascii=False))}


def _same_list(record: dict[str, Any], items: tuple[str, ...]) -> bool:
    """Entries added behind those that were there when the sheet was read are not used by it."""
    count = record["count"]
    return len(items) >= count and _list_digest(items[:count]) == record


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
