"""Linear ion drift."""
