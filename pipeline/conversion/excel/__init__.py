"""Everything that knows Excel: the archive and its parts, the two readers and a small writer."""
