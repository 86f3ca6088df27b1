"""What is in the store: ticks and the facts of their market in, counts, gaps and warnings in plain sentences out."""
