"""Fitted models as C99 without dynamic memory: a header, a source, a test and a Makefile."""
