"""Converts Python and numpy values to Arrow columns and back by their buffers; Arrow's own ways import pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence


def text_array(texts: Sequence[str | None]) -> Any:
    """Return an Arrow string column, null where a text is None; pa.array(list) would import pandas."""
    encoded = [(text or "").encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, encoded), dtype=np.int32, count=len(encoded)), out=offsets[1:])
    known = None if all(text is not None for text in texts) else _bits([text is not None for text in texts])
    return pa.Array.from_buffers(
        pa.utf8(), len(encoded), [known, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    )


def text_of_codes(codes: np.ndarray[Any, Any], texts: Sequence[str]) -> Any:
    """Return an Arrow string column of the texts that int8 `codes` stand for."""
    encoded = [text.encode() for text in texts]
    lengths = np.array([*map(len, encoded)], np.int32)
    letters = np.array([list(text.ljust(lengths.max())) for text in encoded], np.uint8)
    offsets = np.zeros(len(codes) + 1, np.int32)
    np.cumsum(lengths[codes], out=offsets[1:])
    content = letters[codes][(np.arange(lengths.max()) < lengths[:, None])[codes]]
    return pa.Array.from_buffers(pa.utf8(), len(codes), [None, pa.py_buffer(offsets), pa.py_buffer(content)])


def number_array(values: np.ndarray[Any, Any], kind: Any, known: np.ndarray[Any, Any] | None = None) -> Any:
    """Return an Arrow column that views a contiguous numpy array as Arrow type `kind`, null where it is not known."""
    validity = None if known is None or known.all() else _bits(known)
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(np.ascontiguousarray(values))])


def some_numbers(values: Sequence[float | None], kind: Any) -> Any:
    """Return an Arrow column of numbers or truth values, null where a value is None."""
    known = None if all(value is not None for value in values) else _bits([value is not None for value in values])
    if kind == pa.bool_():
        return pa.Array.from_buffers(kind, len(values), [known, _bits([bool(value) for value in values])])
    filled = np.array([0 if value is None else value for value in values], kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [known, pa.py_buffer(filled)])


def _bits(values: Sequence[bool] | np.ndarray[Any, Any]) -> Any:
    return pa.py_buffer(np.packbits(np.asarray(values, bool), bitorder="little"))


def number_values(column: Any, kind: type[Any]) -> Any:
    """Return the values of a null-free Arrow column as numpy, without a copy; to_numpy() would import pandas."""
    if len(column) == 0:
        return np.empty(0, dtype=kind)
    return np.frombuffer(column.buffers()[1], dtype=kind, count=len(column), offset=column.offset * kind().itemsize)


def float_values(column: Any) -> Any:
    """Return numbers or truth values of a column as float64, NaN where it is empty; to_numpy() would import pandas."""
    parts = [_floats(chunk) for chunk in column.chunks if len(chunk)]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])


def _floats(chunk: Any) -> Any:
    known, content = chunk.buffers()
    if pa.types.is_boolean(chunk.type):
        values = _from_bits(content, chunk).astype(np.float64)
    else:
        kind = np.dtype(chunk.type.to_pandas_dtype())
        values = np.frombuffer(content, kind, len(chunk), chunk.offset * kind.itemsize).astype(np.float64, copy=False)
    return np.where(_from_bits(known, chunk), values, np.nan) if chunk.null_count else values


def _from_bits(content: Any, chunk: Any) -> Any:
    bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    return bits[chunk.offset : chunk.offset + len(chunk)].astype(bool)


def coded(column: Any) -> tuple[Any, list[Any]]:
    """Return a column as int32 places in the list of its different values, -1 where it is empty."""
    encoded = column.combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    if not len(encoded):
        return np.empty(0, np.int32), []
    codes = np.frombuffer(encoded.indices.buffers()[1], np.int32, len(encoded), 4 * encoded.offset)
    known = encoded.indices.buffers()[0]
    if encoded.null_count:
        codes = np.where(_from_bits(known, encoded), codes, -1)
    return codes, encoded.dictionary.to_pylist()


def dictionary_array(codes: np.ndarray[Any, Any], texts: Sequence[str]) -> Any:
    """Return an Arrow dictionary column of `codes` into `texts`: int32 where they come so, else int8."""
    kind = np.int32 if codes.dtype == np.int32 else np.int8
    indices = number_array(codes.astype(kind, copy=False), pa.int32() if kind is np.int32 else pa.int8())
    return pa.DictionaryArray.from_arrays(indices, text_array(texts))


def whole(chunks: Any) -> Any:
    """Return a column that was read as one Arrow array."""
    return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()
