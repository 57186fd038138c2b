"""Data sets, one file each: loader, files and their hashes, citation, licence, split."""
