"""How good scores and rules are, measured."""

from .fault_detection import evaluate_scores

__all__ = ["evaluate_scores"]
