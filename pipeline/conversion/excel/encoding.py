"""Hands on the XML of a part as UTF-8, whatever encoding it is in, so that readers know of one encoding only."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from pipeline.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_DECLARATION: Final = 1_000
_DECLARATION: Final = re.compile(r"""<\?xml\s[^<>]*?encoding\s*=\s*(["'])([A-Za-z0-9._-]+)\1[^<>]*?\?>""")
_UTF_8: Final = frozenset({"", "utf-8"})
_UTF_16: Final = frozenset({"", "utf-16", "utf-16le", "utf-16be"})
_DECODED: Final = frozenset({"us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"})
MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UNMARKED: Final = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))


def decoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a part's XML in UTF-8, without a byte order mark and with an encoding declared that is true.

    Taken are UTF-8, UTF-16 with or without a mark, ASCII, ISO-8859-1 and Windows-1252. Raises ValueError for another
    encoding, and for bytes that are no text in the one declared; UTF-8 is handed on as it is.
    """
    rest = iter(pieces)
    head = b""
    for piece in rest:
        head += piece
        if len(head) >= _LONGEST_DECLARATION:
            break
    mark, encoding = _family(head)
    start = head[mark : mark + _LONGEST_DECLARATION].decode(encoding if encoding != "utf-8" else "latin-1", "replace")
    declaration = _DECLARATION.match(start)
    if declaration is None and start.startswith("<?xml") and ("?>" not in start or "encoding" in start.split("?>")[0]):
        raise ValueError("it does not say in what encoding it is")
    declared = declaration[2].lower() if declaration else ""
    if declared in (_UTF_8 if encoding == "utf-8" else _UTF_16):
        codec = encoding
    elif encoding == "utf-8" and mark == 0 and declared in _DECODED:
        codec = declared
    else:
        raise ValueError(f"it is in the encoding {shown(declared or encoding)}, which is not read")
    if codec == "utf-8":
        yield head[mark:]
        yield from rest
        return
    decoder = codecs.getincrementaldecoder(codec)("strict")
    first = decoder.decode(head[mark:])
    yield (
        _DECLARATION.sub('<?xml version="1.0" encoding="UTF-8"?>', first, count=1) if declaration else first
    ).encode()
    for piece in rest:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _family(head: bytes) -> tuple[int, str]:
    """Return the length of the byte order mark, and utf-8 for all encodings that write ASCII as ASCII."""
    marked = next(((len(mark), encoding) for mark, encoding in MARKS if head.startswith(mark)), None)
    return marked or (0, next((encoding for start, encoding in _UNMARKED if head.startswith(start)), "utf-8"))
