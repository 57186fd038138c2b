"""Two memristors that mottle does not have: a package of its own, found by its entry points."""
