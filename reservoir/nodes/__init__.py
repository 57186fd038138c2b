"""The physics: one folder a family with its constants, kernel, node and figure."""
