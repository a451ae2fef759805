"""Rows in, rows out; the only room that knows SQL."""
