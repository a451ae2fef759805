"""What crosses rooms; reads like a story, decides nothing about money."""
