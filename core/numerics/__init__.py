"""Floor 1: torch maths with no opinion about data."""
