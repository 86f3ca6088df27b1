"""Hands on the XML of a sheet of any kind of workbook: as it is, or made of what the workbook holds instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conversion.excel.binary import binary_sheet
from pipeline.conversion.excel.encoding import decoded
from pipeline.conversion.excel.open_document import table_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.parts import Sheet


def sheet_pieces(workbook: Workbook, sheet: Sheet, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a sheet's XML in UTF-8; `pieces` are its part unpacked. Raises ValueError for what cannot be read."""
    if workbook.kind == "xls":
        from pipeline.conversion.excel.old_excel import old_sheet

        return old_sheet(workbook.path, sheet.name)
    if workbook.kind == "xlsb":
        return binary_sheet(pieces)
    if workbook.kind == "ods":
        longest, most = workbook.limits.bytes_of("row_mb"), workbook.limits.bytes_of("sheet_gb")
        number = [each.name for each in workbook.sheets].index(sheet.name)
        return table_xml(decoded(pieces), number, longest, most)
    return decoded(pieces)
