"""Stage 2: the Parquet store in, one result a security out."""
