"""Columns of Arrow as numpy."""

from __future__ import annotations

import pyarrow as pa

from pipeline.conversion.tables.arrow_columns import numbers_of


def test_decimals_of_a_parquet_file_are_the_numbers_nearest_to_them() -> None:
    texts = [f"{cents / 100:.2f}" for cents in range(10_000)]
    decimals = pa.array(texts).cast(pa.decimal128(10, 2))
    assert numbers_of(decimals).tolist() == [float(text) for text in texts]
