"""Compiled loops of the encoders: arrays in, arrays out, input already checked."""
