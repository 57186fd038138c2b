"""VO2 thermal neuristors."""
