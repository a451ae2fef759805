"""The tests: sentences about the product."""
