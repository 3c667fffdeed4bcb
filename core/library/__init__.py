"""The door for notebooks and scripts: scores of one's own arrays and networks in one call each.

No dashboard, no run folder. What works on finished runs is in `core.actions`.
"""

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
