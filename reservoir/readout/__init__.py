"""Linear readouts: ridge regression, online learning, long streams, live runs."""
