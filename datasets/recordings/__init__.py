"""Recordings that ship with mottle; each has a NOTICE with source, licence and changes."""
