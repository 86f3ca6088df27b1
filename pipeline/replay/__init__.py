"""Stage 2: replays a strategy over the Parquet store, one result per security."""
