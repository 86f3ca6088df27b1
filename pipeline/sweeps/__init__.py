"""Sweeps: what is learnt from replaying many settings of a strategy."""
