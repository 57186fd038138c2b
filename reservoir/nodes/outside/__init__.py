"""Devices from outside this package: their equations compiled into kernels like our own."""
