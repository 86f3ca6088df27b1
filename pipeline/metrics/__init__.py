"""Figures of a run, of one security and of several on one clock."""
