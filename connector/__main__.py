"""`python -m connector`, and the console script."""


def main() -> None:
    """Hand the command line to the composition root."""
    raise SystemExit("not built yet")
