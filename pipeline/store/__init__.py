"""What stands between the stages: Parquet files and their catalog."""
