"""A run's decisions as files, with where each number comes from."""
