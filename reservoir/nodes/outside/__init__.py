"""Devices of other packages: their equations compiled to kernels like those of mottle."""
