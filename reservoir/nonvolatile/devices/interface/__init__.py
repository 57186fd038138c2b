"""Interface memristors."""
