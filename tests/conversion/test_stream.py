"""The elements of one XML part, piece by piece: all of them, or a ValueError; never none for XML that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion.excel.parts import read_styles
from pipeline.conversion.excel.shared_texts import shared_texts
from pipeline.conversion.excel.stream import elements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WHOLE: Final = b'<?xml version="1.0"?><root><si><t>BID</t></si></root>'
NOT_WHOLE: Final = {
    "a quote that nobody closes": b"'" + WHOLE,
    "a double quote that nobody closes": b'"' + WHOLE[WHOLE.index(b"<root") :].replace(b'"', b""),
    "a comment that nobody closes": b"<!--" + WHOLE,
    "an instruction that nobody closes": WHOLE[:12],
    "half of a tag": b"<ro",
    "white space alone": b" \n",
    "no end": WHOLE[:-3],
}
READERS: Final = {
    "elements": lambda pieces: list(elements(pieces, ("si",), 1000)),
    "styles": read_styles,
    "shared texts": lambda pieces: shared_texts(pieces, 1000, 10_000),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("content", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_what_is_not_whole_is_refused_in_one_piece_or_many(
    read: Callable[[Iterable[bytes]], object], content: bytes
) -> None:
    for pieces in ([content], [content[at : at + 1] for at in range(len(content))]):
        with pytest.raises(ValueError, match="bad XML"):
            read(pieces)


@pytest.mark.parametrize("pieces", [[], [b""]], ids=["not there", "empty"])
def test_a_part_that_is_not_there_has_no_elements(pieces: list[bytes]) -> None:
    assert list(elements(pieces, ("si",), 1000)) == []
    assert shared_texts(pieces, 1000, 10_000) == ()
    assert read_styles(pieces) == ()


def test_what_is_whole_has_its_elements_however_it_comes() -> None:
    assert shared_texts([WHOLE], 1000, 10_000) == ("BID",)
    assert shared_texts([WHOLE[at : at + 1] for at in range(len(WHOLE))], 1000, 10_000) == ("BID",)
