"""Market facts, read from `configs/markets`: one file an exchange, each fact with its public source."""
