"""Explains why a fill of a run happened: the event, the book, our order and its queue, the arithmetic, the rule."""
