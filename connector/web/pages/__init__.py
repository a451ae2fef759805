"""Pages for people who are no callers of the API."""
