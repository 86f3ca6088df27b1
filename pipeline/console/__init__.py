"""What the commands say: progress and errors on stderr while they work, tables and a closing line on stdout at last."""
