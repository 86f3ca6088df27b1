"""The slow, obvious reference of every strategy: what the engine is tested against. It shares no code with it."""
