"""Was it true? Checks of a run's rules and self-tests, kept beside the run."""
