"""Everything that knows Excel's file format: the archive and its parts, the readers and a small writer."""
