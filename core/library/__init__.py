"""Scores of one's own arrays and networks in one call each, without a dashboard and without a run folder."""

from .arrays import examples_from
from .families import score_embeddings, score_logits, score_probabilities, score_texts
from .scored import Scored
from .scoring import score

__all__ = [
    "Scored",
    "examples_from",
    "score",
    "score_embeddings",
    "score_logits",
    "score_probabilities",
    "score_texts",
]
