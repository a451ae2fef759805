"""One file a row, found by looking: NAME (text), GOAL (`bench.figures.Goal`), measure(context) -> Figures."""
