"""States recorded on a bench: files of runs to labelled states, aligned with their input."""
