"""Own recordings: files in folders, tables that list files, one long table, arrays, .ts files."""
