"""Writes the text of loops as LLVM's, compiles it to machine code once, caches that on disk and loads it."""
