"""Speed, as ratios to a bare reference measured in the same run: machines differ, and drift."""
