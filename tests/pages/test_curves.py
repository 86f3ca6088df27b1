"""What a page carries of long series is every value."""

from __future__ import annotations

import base64
import gzip
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.curves import packed, packed_columns
from tests.pages.reading import unpacked

NUMBERS = st.integers(-(10**12), 10**13) | st.integers(-3, 3)


@given(st.lists(NUMBERS, max_size=60), st.lists(st.integers(-(10**9), 10**9) | st.none(), max_size=60))
def test_columns_come_back_exactly_with_what_is_missing(stamps: list[int], cents: list[int | None]) -> None:
    money = [math.nan if one is None else one / 100 for one in cents]
    pack = packed_columns({"stamps": (np.array(stamps, np.int64), 0), "money": (np.array(money, np.float64), 2)})
    columns = unpacked(pack)
    assert columns["stamps"] == stamps
    assert repr(columns["money"]) == repr(money)


def test_a_column_is_written_as_documented() -> None:
    pack = packed_columns({"a": (np.array([5, 15, 5, 1285]), 0), "b": (np.array([np.nan, 0.5, 0.25]), 2)})
    assert pack["columns"] == [["a", 4, 5, 10, 0], ["b", 3, 50, 25, 2]]
    # Steps in tens: 0, 1, -1, 128; in quarters: missing, 0, -1.
    assert gzip.decompress(base64.b64decode(pack["base64"])) == bytes([1, 3, 2, 0x81, 2, 0, 1, 2])


def test_what_is_packed_is_the_same_bytes_at_any_time() -> None:
    content = base64.b64decode(packed(b"the same" * 100))
    assert content[4:8] == bytes(4), "gzip keeps a time here"
    assert packed(b"the same" * 100) == packed(b"the same" * 100)
