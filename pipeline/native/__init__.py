"""Compiles the text of loops to machine code with numba once, keeps it on disk and loads it without numba."""
