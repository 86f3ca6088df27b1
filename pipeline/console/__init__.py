"""What commands print: progress and errors on stderr as they work, then tables and a closing line on stdout."""
