"""Ticks from tables that are no workbooks: CSV files, and Parquet files of other tools."""
