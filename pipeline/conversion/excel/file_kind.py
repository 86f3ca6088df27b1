"""Says what kind of file one is by its first bytes, and what to do with one that only has a workbook's ending."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Names of streams stand in the compound file's directory, in UTF-16.
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_MIB: Final = 1 << 20
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_BEFORE_TEXT: Final = "\ufeff\xef\xbb\xbf \t\r\n"
_SYLK: Final = "id;p"
_LFS_POINTER: Final = "version https://git-lfs"
_WEB_PAGE: Final = ("<!doctype html", "<html", "<head", "<meta", "<body", "<style", "<table", "mime-version:")


def is_old_excel(path: Path) -> bool:
    """Return whether a file is a workbook of Excel 97 to 2003, or another document of those years; False for none."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(OLE_MAGIC)) == OLE_MAGIC and not is_encrypted(file)
    except OSError:
        return False


def is_encrypted(file: IO[bytes]) -> bool:
    """Return whether a compound file holds an encrypted workbook of a later Excel."""
    tail = b""
    while chunk := file.read(_MIB):
        if _ENCRYPTED_STREAM in tail + chunk:
            return True
        tail = chunk[-len(_ENCRYPTED_STREAM) :]
    return False


def what_it_is(path: Path, start: bytes) -> str:
    """Return what a file is that is no archive, and what to do with it."""
    text = start.decode("utf-16" if start.startswith(_UTF_16) else "latin-1", "ignore")
    text = text.lstrip(_BEFORE_TEXT).lower()
    if not text:
        return f"{path} is empty, not a workbook: copy it again, or export its ticks again."
    is_xml = "urn:schemas-microsoft-com:office:spreadsheet" in text
    if is_xml or text.startswith(_SYLK):
        what = "an XML Spreadsheet of Excel 2003" if is_xml else "a SYLK file"
        return f"{path} is {what}; open it in Excel and save it as .xlsx."
    if text.startswith(_WEB_PAGE):
        return (
            f"{path} is a web page, not a workbook; open it in Excel and save it as .xlsx (File, Save As, Excel "
            "Workbook)."
        )
    if text.startswith(_LFS_POINTER):
        return f"{path} is what Git LFS keeps in place of the file, not the workbook itself: run `git lfs pull`."
    line, newline, _ = text.partition("\n")
    if newline and "\0" not in text and any(sign in line for sign in ",;\t|"):
        return f"{path} is text, not a workbook; give it the ending .csv and convert it again."
    return f"{path} is not an Excel workbook, nor text with rows of ticks: export its ticks again, as .xlsx or .csv."
