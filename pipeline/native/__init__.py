"""Text of loops in, machine code out: compiled once by numba, kept on disk, loaded without it."""
