"""What a run leaves for people: summary, fills, metrics, files."""
