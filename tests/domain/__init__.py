"""Values and words."""
