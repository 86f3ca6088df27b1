"""Reads a workbook's table of shared texts: plain texts all at once, those with anything else in them by the parser."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.parts import RETURN, text_of
from pipeline.conversion.excel.stream import ElementStream, elements

if TYPE_CHECKING:
    from pipeline.conversion.excel.parts import Pieces

_ITEM: Final = "si"
_LEAST_TEXT: Final = 16
_LONG: Final = 8
"""A text of more letters than this part of the longest is left to the parser."""

_HEAD: Final = re.compile(r"(?:<\?xml [^<>]*\?>)?+\s*+<((?:[A-Za-z][A-Za-z0-9]*:)?)sst(?:\s[^<>]*)?>")
_CONTROLS: Final = bytes(byte for byte in range(32) if byte not in b"\t\n")
_TAGS: Final = 4
"""Of a plain text's item: two that begin, two that end."""

_NOT_PLAIN: Final = ("<!", "<?", "]]>", "\ufffe", "\uffff")


def shared_texts(pieces: Pieces, longest: int, size: int) -> tuple[str, ...]:
    """Return the shared-string table's texts by number; phonetic guides are not part of a text.

    Raises ValueError, also for a text of more than `longest` bytes, or for more texts than `size` bytes are meant for.
    """
    content = b"".join(pieces)
    most = size // _LEAST_TEXT
    texts = _texts_at_once(content, longest, most)
    if texts is None:
        items = elements((content,), (_ITEM,), longest)
        texts = [text_of(item) for item in itertools.islice(items, most + 1)]
    if len(texts) > most:
        raise _too_many(most)
    if RETURN.encode() in content:
        texts = [text.replace(RETURN, "\r") for text in texts]
    return tuple(texts)


def _too_many(most: int) -> ValueError:
    return ValueError(f"it has more than {most:,} texts, most of them empty")


def _texts_at_once(content: bytes, longest: int, most: int) -> list[str] | None:
    """Return the texts of a table; None for one that is not written plainly enough, or is to be refused.

    Raises ValueError for more than `most` items.

    Without a comment, an instruction or CDATA every `<` begins a tag, so the table can be cut between two plain texts.
    What has another tag or a reference in it goes to the parser then, and so do the tags of the table itself.
    """
    try:
        table = content.decode().rstrip(" \t\n")
    except UnicodeDecodeError:
        return None
    head = _HEAD.match(table)
    if head is None or len(content.translate(None, _CONTROLS)) < len(content):
        return None
    if any(table.find(sign, head.end()) >= 0 for sign in _NOT_PLAIN):
        return None
    prefix = head[1]
    begin, end, tail = f"<{prefix}si><{prefix}t>", f"</{prefix}t></{prefix}si>", f"</{prefix}sst>"
    if table.count(f"</{prefix}{_ITEM}>") + table.count(f"<{prefix}{_ITEM}/>") > most:
        raise _too_many(most)
    body = table[head.end() :].removesuffix(tail).replace(f'<{prefix}t xml:space="preserve">', f"<{prefix}t>")
    # As if an empty text came first and another last, so that each part stands between the end of one and the next.
    texts = f"{end}{body}{begin}".split(end + begin)
    is_plain = "&" not in body and body.count("<") == _TAGS * (len(texts) - 2)
    odd = {
        number: f"{begin}{text}{end}"
        for number, text in enumerate(texts)
        if len(text) > longest // _LONG or (not is_plain and ("<" in text or "&" in text))
    }
    counts = {number: _items_in(part, f"{prefix}{_ITEM}") for number, part in odd.items()}
    try:
        parsed = _parsed((table[: head.end()], "".join(odd.values()), tail), longest)
    except ValueError:
        return None
    if min(counts.values(), default=0) < 0 or sum(counts.values()) != len(parsed):
        return None
    if odd:
        rest = iter(parsed)
        whole = (itertools.islice(rest, counts[at]) if at in odd else (text,) for at, text in enumerate(texts))
        texts = list(itertools.chain.from_iterable(whole))
    return texts[1:-1]


def _items_in(part: str, name: str) -> int:
    """Return how many items begin and end in a part, in tags without attributes; -1 where that is not so."""
    begun, ended = part.count(f"<{name}>"), part.count(f"</{name}>")
    return ended if begun == ended == part.count(f"<{name}") == part.count(f"</{name}") else -1


def _parsed(parts: tuple[str, ...], longest: int) -> list[str]:
    """Return the texts of a table's items by the parser; raises ValueError."""
    stream = ElementStream((_ITEM,), longest)
    texts = [text_of(item) for part in parts for item in stream.feed(part.encode())]
    stream.close()
    return texts
