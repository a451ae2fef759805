"""Composition root: Settings in, Gateway out; the only module that knows every room."""
