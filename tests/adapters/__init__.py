"""Bytes in, events out: what each platform sends, and what it must not get away with."""
