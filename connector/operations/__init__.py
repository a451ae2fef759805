"""One gift card deed per file; each does one thing or raises."""
