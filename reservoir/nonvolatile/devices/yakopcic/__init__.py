"""Yakopcic's memristor."""
