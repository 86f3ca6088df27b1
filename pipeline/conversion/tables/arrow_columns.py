"""Returns the values of Arrow columns of any type as numpy: numbers, texts by their codes, the bytes of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.store.columns import float_values, number_values
from pipeline.ticks import MOST_VOLUME

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pipeline.ticks import Float64s, Int64s

_TEXTS: Final = pa.dictionary(pa.int32(), pa.string())
_NUMBER: Final = r"^-?[0-9]+(\.[0-9]+)?$"
_CLEAR_NUMBER: Final = r"^-?[0-9]+(\.([0-9]{1,2}|[0-9]{4,}))?$|^-?(0[0-9]*|[0-9]{4,})\.[0-9]{3}$"
_WHOLE: Final = r"^[0-9]{1,18}$|^[1-4][0-9]{18}$"


def is_text(kind: Any) -> bool:
    """Return whether a type is of texts."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def numbers_of(column: Any, *, is_unclear: bool = False) -> Float64s:
    """Return numbers, NaN for what is empty or needs a closer look; is_unclear: 1.000 does."""
    if is_text(column.type):
        column = _where(column, _CLEAR_NUMBER if is_unclear else _NUMBER)
    if pa.types.is_boolean(column.type):
        return np.full(len(column), np.nan)
    if pa.types.is_decimal(column.type):  # as its text: Arrow's own numbers of decimals miss the nearest by a bit
        column = column.cast(pa.string())
    if column.type != pa.float64():
        column = column.cast(pa.float64(), safe=False)  # whole numbers above 2^53 too
    values: Float64s = float_values(pa.chunked_array([column]))
    return values


def whole_numbers_of(column: Any) -> Int64s:
    """Return whole numbers, 0 for what is none."""
    if pa.types.is_floating(column.type):
        numbers = numbers_of(column)
        return np.where((np.abs(numbers) < MOST_VOLUME) & (numbers == np.floor(numbers)), numbers, 0.0).astype(np.int64)
    if is_text(column.type) or pa.types.is_decimal(column.type):
        column = _where(column, _WHOLE)
    if pa.types.is_boolean(column.type):
        return np.zeros(len(column), np.int64)
    values: Int64s = number_values(column.cast(pa.int64(), safe=False).fill_null(0), np.int64)
    return values


def codes_of(column: Any, code_of: Callable[[str], int], kind: type[Any]) -> Any:
    """Return what each text of a column stands for, one that is null as an empty one."""
    if not len(column):
        return np.empty(0, kind)
    if column.null_count:
        column = column.cast(pa.string()).fill_null("")
    if column.type != _TEXTS:
        column = column.cast(pa.string()).dictionary_encode()
    codes = np.array([code_of(text) for text in column.dictionary.to_pylist()], kind)
    return codes[number_values(column.indices, np.int32)]


def filled_of(column: Any) -> NDArray[np.bool_]:
    """Return which cells of a column are not blank."""
    if is_text(column.type):
        filled: NDArray[np.bool_] = codes_of(column, lambda text: int(bool(text.strip())), np.int8).astype(bool)
        return filled
    return np.asarray(column.is_valid().to_pylist(), bool)


def text_buffers(column: Any) -> tuple[Any, Any]:
    """Return the bytes of all texts of a column and where each begins, and the last ends; of others none has any."""
    if not len(column) or not is_text(column.type):
        return np.empty(0, np.uint8), np.zeros(len(column) + 1, np.int32)
    texts = column if column.type == pa.string() and not column.null_count else column.cast(pa.string()).fill_null("")
    _, offsets, content = texts.buffers()
    data = np.empty(0, np.uint8) if content is None else np.frombuffer(content, np.uint8)
    return data, np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset)


def _where(column: Any, expression: str) -> Any:
    """Return a column of texts, null where one does not match."""
    from pyarrow import compute  # only what is not clean pays for it

    texts = column.cast(pa.string())
    return compute.if_else(compute.match_substring_regex(texts, expression), texts, pa.scalar(None, pa.string()))
