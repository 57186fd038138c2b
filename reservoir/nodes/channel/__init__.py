"""Thermal threshold switches of a channel with a metallic core (NbO2)."""
