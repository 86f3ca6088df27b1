"""What the content of a sheet is: all that its ticks hang on, known without unpacking the sheet."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion.headers import Block, Columns
from pipeline.conversion.ticks import LONG_TEXT
from pipeline.store.layout import FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.parts import Sheet
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.tables.table import Table

# Raise it whenever the same sheet would give other ticks or rejects than before, or would be refused.
CONVERTER_VERSION: Final = 7
# The same for tables alone.
TABLES_VERSION: Final = 1
_MOST_TEXTS: Final = 1000


def make_record(workbook: Workbook, sheet: Sheet, block: Block, rules: Rules, seen: Iterable[str]) -> dict[str, Any]:
    """Return what the sheet's content is; `seen` are the texts of the cells that were read.

    The sheet's XML holds numbers of shared texts and of styles only, so the record has what stood behind them: every
    shared text that is among those seen, or all when they are many or not all shared, and the number formats of all
    styles there were.
    """
    texts = set(seen)
    numbers = [] if LONG_TEXT in texts else [number for number, text in enumerate(workbook.texts) if text in texts]
    is_short = len(numbers) <= _MOST_TEXTS and texts <= {workbook.texts[number] for number in numbers}
    used = numbers if is_short else len(workbook.texts)
    return _content(workbook, sheet, block, rules, len(workbook.styles), used)


def table_record(table: Table, block: Block, rules: Rules, crc: int, dialect: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table's content is; crc: of its bytes. dialect: how its rows are written."""
    return {
        **_of_table(table, block, rules),
        "crc": f"{crc:08x}",
        "size": table.stamp.size,
        "dialect": dict(dialect),
    }


def table_still_holds(record: dict[str, Any], table: Table, block: Block, rules: Rules, *, is_same_file: bool) -> bool:
    """Return whether converting a table now would read what it read when `record` was made.

    is_same_file: its size and time of modification are what they were then, so that it is not read to be sure.
    """
    of_content = {key: record.get(key) for key in ("crc", "size", "dialect")}
    if record != _of_table(table, block, rules) | of_content or record["size"] != table.stamp.size:
        return False
    return is_same_file or record["crc"] == f"{table.crc():08x}"


def _of_table(table: Table, block: Block, rules: Rules) -> dict[str, Any]:
    return {**_of_any(table.sheets[0].name, block, rules), "tables": TABLES_VERSION}


def still_holds(record: dict[str, Any], workbook: Workbook, sheet: Sheet, block: Block, rules: Rules) -> bool:
    """Return whether converting the sheet now would read what it read when `record` was made."""
    try:
        texts = record["texts"]
        used = texts["all"]["count"] if "all" in texts else [int(number) for number in texts["used"]]
        return record == _content(workbook, sheet, block, rules, record["styles"]["count"], used)
    except (KeyError, TypeError, ValueError):
        return False


def recorded_block(record: dict[str, Any]) -> Block | None:
    """Return the block that a record is of; None for a record of an earlier version."""
    try:
        columns = Columns(**record["columns"])
        return Block(
            record["header_row"],
            replace(columns, quotes=tuple((kind, price, size) for kind, price, size in columns.quotes)),
        )
    except (KeyError, TypeError):
        return None


def fingerprint(records: Sequence[dict[str, Any]]) -> str:
    """Return one hex digest for the records of all parts of a security, in the order in which they were joined."""
    return _digest(list(records))


def _content(
    workbook: Workbook, sheet: Sheet, block: Block, rules: Rules, styles: int, texts: int | list[int]
) -> dict[str, Any]:
    """Return a sheet's content as of the first so many styles, and of the first so many texts or of these alone.

    What was added to a table behind those that were there when the sheet was read is not used by it.
    """
    table = workbook.texts
    return {
        **_of_any(sheet.name, block, rules),
        "crc": f"{sheet.part.CRC:08x}",
        "size": sheet.part.file_size,
        "date1904": workbook.date1904,
        "styles": _table(workbook.styles[:styles]),
        "texts": {"all": _table(table[:texts])}
        if isinstance(texts, int)
        else {"used": {str(number): table[number] for number in texts if number < len(table)}},
    }


def _of_any(sheet: str, block: Block, rules: Rules) -> dict[str, Any]:
    """Return by what a block of a sheet or of a table is read."""
    return {
        "converter": CONVERTER_VERSION,
        "format": FORMAT_VERSION,
        "sheet": sheet,
        "header_row": block.header_row,
        "columns": {**asdict(block.columns), "quotes": [list(quote) for quote in block.columns.quotes]},
        "rules": {"words": _digest(sorted(rules.words.items())), "date_order": rules.date_order},
    }


def _table(items: tuple[str, ...]) -> dict[str, Any]:
    # No text of XML holds a NUL.
    letters = "\0".join(items).encode("utf-8", "surrogatepass")
    return {"count": len(items), "digest": blake2b(letters, digest_size=16).hexdigest()}


def _digest(content: Sequence[Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
