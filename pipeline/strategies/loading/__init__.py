"""From a strategy's name or file to its class: its text, the modules beside it, the data files that it reads."""
