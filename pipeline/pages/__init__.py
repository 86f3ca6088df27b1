"""Makes the page of a run or sweep from its folder: one HTML file that opens from disk without a network."""
