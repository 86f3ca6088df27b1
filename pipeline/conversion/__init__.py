"""Stage 1: tick workbooks in, one checked Parquet file per security out."""
