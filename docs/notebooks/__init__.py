"""Notebooks as text; `mottle notebooks copy` writes them as files for Jupyter."""
