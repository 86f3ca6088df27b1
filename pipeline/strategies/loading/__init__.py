"""Loads a strategy by name or file: its class, its text, the modules next to it and the data files it declares."""
