"""Stage 1: converts tick workbooks to one checked Parquet file per security."""
