"""From a strategy's class and the rules to one flat loop."""
