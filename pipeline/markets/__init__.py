"""Market facts, read from `configs/markets`: one file per exchange, each fact with its public source."""
