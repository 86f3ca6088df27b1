"""A run's folder: writing, reading and comparing its summary, fills and metrics."""
