"""Values and words. Pure: nothing here does input or output, and nothing here imports another room."""
