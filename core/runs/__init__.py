"""Floor 6: from a question (RunSpec) to an answer (a run folder)."""
