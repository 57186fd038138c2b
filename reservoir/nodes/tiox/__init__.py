"""TiOx volatile memristors."""
