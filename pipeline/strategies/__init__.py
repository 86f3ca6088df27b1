"""The strategies that ship with the project, one per file."""
