"""A model that came with a file and is only asked for its outputs: opened anew for each question, checked before."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from core.models.encoding import subset
from core.models.sources import is_predicted, source_of
from core.types.errors import CurationError
from core.types.examples import ExampleTable
from core.types.runs import TrainingSpec

from .method import Explained
from .parts import TableParts


def explained_by_itself(training: TrainingSpec, examples: ExampleTable, row: int) -> Explained:
    """One row and what its columns add, as the model's own library says. Raises `CurationError` where none does."""
    source = source_of(training.model)
    if source.shares is None:
        raise CurationError(f"{source.title} does not take its outputs apart.", "Ask what if: change a cell.")
    shares = source.shares(training, subset(examples, np.array([row])))
    parts = TableParts(shares.names, tuple((place,) for place in range(len(shares.names))))
    return Explained(shares, None, None, examples.class_names, int(examples.labels[row]), parts)


def probabilities_of(training: TrainingSpec, examples: ExampleTable) -> np.ndarray | None:
    """float64 [n, C] of the model that was brought; None for networks and what was trained here."""
    predict = source_of(training.model).predict if is_predicted(training.model) else None
    return None if predict is None else np.asarray(softmax(predict(training, examples)["logits"], axis=1))
