"""REST below /v1 that is no operation: lists, details, look-ups, subscriptions."""
