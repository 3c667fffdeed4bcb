"""What several scores share: formulas, how well the evidence fits, reading of epochs and checkpoints, games, solvers.

Nothing here knows a score: scores import from here, never from each other.
"""
