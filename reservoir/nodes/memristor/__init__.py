"""Volatile oxide memristors: WOx and TiOx."""
