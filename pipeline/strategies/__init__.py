"""The strategies that come with the product, one a file."""
