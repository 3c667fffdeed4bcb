"""Models that people bring: what one is, what it wants, and what it can give for their data."""

from __future__ import annotations

from core.models.sources import SOURCES, ModelSource
from core.runs.plan import model_in_child
from core.types.models import ModelFacts
from core.types.runs import RunSpec, TrainingSpec


def model_sources() -> tuple[ModelSource, ...]:
    """The kinds of models that are read, in the order in which they are tried."""
    return SOURCES


def inspect_model(training: TrainingSpec, data: RunSpec | None = None) -> ModelFacts:
    """What a model is, wants and can give, found in a child process with limits; with data also its classes against
    theirs, the scores that both pay for, and the cost of a pass, measured on one batch. Own code is not run for it.
    """
    return model_in_child.inspect_in_child(training, data)
