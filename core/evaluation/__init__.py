"""How good scores and rules are, measured."""

from .fault_detection import evaluate_scores, read_key

__all__ = ["evaluate_scores", "read_key"]
