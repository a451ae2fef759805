"""The published APIs of seeds 001, 002 and 003: their own spellings, our operations."""
