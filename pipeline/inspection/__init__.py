"""What is likely wrong with the ticks in the store: counts, gaps and warnings, given the facts of their market."""
