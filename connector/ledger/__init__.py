"""Double entry: which account to which, and the proof; without SQL."""
