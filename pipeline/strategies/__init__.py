"""The strategies that come with the product, one per file."""
