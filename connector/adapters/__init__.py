"""Bytes from a platform to events, and back for the sender's side; pure."""
