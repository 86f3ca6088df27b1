"""Compiles the text of loops to machine code with numba once, caches it on disk and loads it without numba."""
