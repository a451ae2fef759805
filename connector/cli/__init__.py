"""Words in, tables out."""
