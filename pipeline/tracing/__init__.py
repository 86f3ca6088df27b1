"""A run's fill in, why it happened out: the event, the book, our order and its queue, the arithmetic, the rule."""
