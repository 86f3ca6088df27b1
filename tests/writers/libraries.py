"""Writes made ticks by openpyxl, xlsxwriter, pandas, and by LibreOffice where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import openpyxl
import pandas as pd
import xlsxwriter

from tests.writers.forms import IMITATED
from tests.writers.made_ticks import NAMES, TITLES
from tests.writers.package import SHEET, write_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.writers.forms import Form
    from tests.writers.made_ticks import MadeTicks

_FORMAT: Final = "yyyy-mm-dd hh:mm:ss"
_LONGEST: Final = 600


def _rows(ticks: MadeTicks) -> list[tuple[Any, ...]]:
    times = [time.to_pydatetime() for time in pd.to_datetime(ticks.seconds, unit="s")]
    return [(time, *rest) for time, (_, *rest) in zip(times, ticks.plain(), strict=True)]


def by_openpyxl(path: Path, ticks: MadeTicks) -> None:
    """Write cell by cell, which openpyxl does by default."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = SHEET
    for row in [*[(title,) for title in TITLES], NAMES, *_rows(ticks)]:
        sheet.append(row)
    book.save(path)


def by_openpyxl_write_only(path: Path, ticks: MadeTicks) -> None:
    """Write as a stream, dates as ISO texts."""
    book = openpyxl.Workbook(write_only=True, iso_dates=True)
    sheet = book.create_sheet(SHEET)
    for row in [*[(title,) for title in TITLES], NAMES, *_rows(ticks)]:
        sheet.append(row)
    book.save(path)


def by_xlsxwriter(path: Path, ticks: MadeTicks, *, constant_memory: bool = False) -> None:
    """Write with shared texts, or with texts in the cells when in constant memory."""
    with xlsxwriter.Workbook(path, {"constant_memory": constant_memory}) as book:
        sheet = book.add_worksheet(SHEET)
        moment = book.add_format({"num_format": _FORMAT})
        for number, row in enumerate([*[(title,) for title in TITLES], NAMES, *_rows(ticks)]):
            if number < len(TITLES) + 1:
                sheet.write_row(number, 0, row)
                continue
            sheet.write_datetime(number, 0, row[0], moment)
            sheet.write_row(number, 1, row[1:])


def by_xlsxwriter_in_constant_memory(path: Path, ticks: MadeTicks) -> None:
    """Write row by row, texts in the cells."""
    by_xlsxwriter(path, ticks, constant_memory=True)


def by_pandas(path: Path, ticks: MadeTicks) -> None:
    """Write a frame below two empty rows."""
    frame = pd.DataFrame(_rows(ticks), columns=list(NAMES))
    frame.to_excel(path, sheet_name=SHEET, startrow=len(TITLES), index=False)


def by_libreoffice(path: Path, ticks: MadeTicks, kind: str = "xlsx") -> None:
    """Let LibreOffice open a workbook and save it, as another kind of file too."""
    source = path.with_name("source") / f"{path.stem}.xlsx"
    source.parent.mkdir(exist_ok=True)
    write_form(source, IMITATED[0], ticks)
    profile = f"-env:UserInstallation={(path.parent / 'profile').absolute().as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", str(path.parent), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=_LONGEST)


def _by_form(path: Path, ticks: MadeTicks, form: Form) -> None:
    write_form(path, form, ticks)


LIBRARIES: Final[dict[str, Callable[[Path, MadeTicks], None]]] = {
    "by openpyxl": by_openpyxl,
    "by openpyxl, write-only, iso_dates": by_openpyxl_write_only,
    "by xlsxwriter": by_xlsxwriter,
    "by xlsxwriter, constant_memory": by_xlsxwriter_in_constant_memory,
    "by pandas": by_pandas,
    **({"by LibreOffice": by_libreoffice} if shutil.which("soffice") else {}),
}

WAYS: Final[dict[str, Callable[[Path, MadeTicks], object]]] = {
    **{form.name: partial(_by_form, form=form) for form in IMITATED},
    **LIBRARIES,
}
