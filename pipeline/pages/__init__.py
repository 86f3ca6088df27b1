"""A run folder in, one page that opens from the disk without network out."""
