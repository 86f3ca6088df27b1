"""One security's events through book, orders and queue, fills and account; compiled or as plain Python."""
