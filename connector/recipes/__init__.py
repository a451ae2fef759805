"""Recipes: read, check, decide; can be tried with nothing behind them."""
