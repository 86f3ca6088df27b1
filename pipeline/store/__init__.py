"""What is on disk between the stages: Parquet files and their catalog."""
