"""What a model is, wants and can give, found by a child process with limits: nobody else opens a stranger's model."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.guarded import answer_with, ask_child
from core.models.encoding import subset
from core.models.found import FoundNetwork
from core.models.sources import described, opened, placed, refuse_unreadable, source_of
from core.runs.folder.source import Loaded, load_source
from core.types.errors import ModelError
from core.types.model_names import is_own_code
from core.types.models import Measured, ModelFacts, facts_from_json
from core.types.runs import RunSpec, TrainingSpec, spec_from_json

from .prepare import plan_scores

MEMORY = 24 * 2**30  # of address space: torch and transformers reserve several times what they touch
SECONDS = 600  # a large model and one batch on a busy machine
_BATCH = 32  # rows that are timed
_KILOBYTES = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in


def inspect_in_child(training: TrainingSpec, data: RunSpec | None = None) -> ModelFacts:
    """`inspect_model` in a child; errors in its words, `UnsafeFileError` if it crashed or wanted too much."""
    question = {"training": RunSpec("", training=training).to_json(), "data": None if data is None else data.to_json()}
    return facts_from_json(ask_child(__name__, question, training.model, SECONDS, MEMORY))


def main() -> None:
    """What the child runs."""
    answer_with(_done)


def _done(question: dict[str, Any]) -> dict[str, Any]:
    training = spec_from_json(question["training"]).training
    data = None if question["data"] is None else spec_from_json(question["data"])
    return inspect_model(training, data).to_json()


def inspect_model(training: TrainingSpec, data: RunSpec | None = None) -> ModelFacts:
    """What a model is; with data also which of its outputs stands for which class, the scores that both pay for, and
    what a pass over the data takes. A person's own code is not run for it. Raises `ModelError` or `DataError`.
    """
    training = placed(training)
    refuse_unreadable(training)
    facts = described(training)
    if data is None:
        return facts
    spec = replace(data, training=training)
    loaded = load_source(spec)
    plan = plan_scores(spec, loaded.examples, loaded.given)
    facts = replace(
        facts,
        scores=tuple(line.name for line in plan if line.runs),
        without={line.name: line.why_not for line in plan if not line.runs},
        data_classes=loaded.examples.class_names,
    )
    return facts if is_own_code(training.model) else _with_data(facts, spec, loaded)


def _with_data(facts: ModelFacts, spec: RunSpec, loaded: Loaded) -> ModelFacts:
    """The facts with the order of the classes and one measured batch, where a network is there to be asked."""
    predict = source_of(spec.training.model).predict
    if predict is not None:
        few = subset(loaded.examples, np.arange(min(_BATCH, len(loaded.examples))))
        started = time.perf_counter()
        predict(spec.training, few)
        return replace(facts, measured=_reckoned(time.perf_counter() - started, len(few), len(loaded.examples)))
    found = opened("", spec.training)
    if not isinstance(found, FoundNetwork):
        return facts
    order, names = found.order(loaded.examples.class_names), list(loaded.examples.class_names)
    if facts.class_count and facts.class_count != len(names):
        raise ModelError(
            f"{Path(facts.name).name} has {facts.class_count} outputs, the data {len(names)} classes.",
            "Give data with one class for each output of the model.",
        )
    if order is not None:
        for place, output in enumerate(order):
            names[output] = loaded.examples.class_names[place]
    return replace(facts, data_classes=tuple(names), measured=_measured(found, spec, loaded))


def _measured(found: Any, spec: RunSpec, loaded: Loaded) -> Measured:
    """One batch through the network as a pass would take it; the first batch warms up and is not counted."""
    from core.training.measuring import seconds_of_batch

    rows = np.arange(min(_BATCH, len(loaded.examples)))
    seconds = seconds_of_batch(loaded.examples, rows, spec.training, found)
    return _reckoned(seconds * max(facts_moments(spec.training), 1), len(rows), len(loaded.examples))


def _reckoned(seconds: float, rows: int, of_rows: int) -> Measured:
    """All rows at the pace of those that were timed, and what this process has taken so far."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTES / 2**20
    return Measured(rows, of_rows, round(seconds * of_rows / max(rows, 1), 3), round(used, 1))


def facts_moments(training: TrainingSpec) -> int:
    """How many checkpoints a run would pass over."""
    return len(training.weights)
