"""Linear readouts: ridge regression, sums over rows, long streams, live runs."""
