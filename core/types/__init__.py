"""Floor 0: the nouns. Frozen values; standard library and numpy only; no torch, no disk."""
