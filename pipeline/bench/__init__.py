"""What `benchmark` measures: the stages of a conversion and a backtest, and how a backtest scales."""
