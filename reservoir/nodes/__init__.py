"""Device physics: one folder per family, with its constants, kernel, node and figure."""
