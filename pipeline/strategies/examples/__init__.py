"""Strategies to start from: `pipeline new FILE --like NAME` copies one with a config."""
