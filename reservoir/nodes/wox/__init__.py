"""WOx volatile memristors."""
