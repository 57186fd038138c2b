"""Ferroelectric tunnel junctions."""
