"""From scores, rules and a person's decisions to the kept set: one path for screen, command line and export."""

from .view import ScoreColumn, ScoreView, score_column

__all__ = ["ScoreColumn", "ScoreView", "score_column"]
