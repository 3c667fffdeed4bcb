"""Kinds of models that people bring. `SOURCES` is the only registration; importing it needs no torch.

What a run can compute follows from the evidence that a source states; nothing else asks what kind of model it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.models.own_code import own_factory
from core.types.errors import ModelError
from core.types.image_format import ImageFormat
from core.types.model_names import is_own_code, is_place
from core.types.models import ModelFacts
from core.types.runs import TrainingSpec

from .built_in import BUILT_IN
from .factory import FACTORY
from .huggingface import HUGGING_FACE
from .library_networks import LIBRARY_NETWORKS
from .lightgbm_file import LIGHTGBM
from .onnx_file import ONNX
from .skops_file import SKOPS
from .source import ModelSource
from .xgboost_file import XGBOOST

# Order here is order everywhere; the first that recognises a name reads it.
SOURCES: tuple[ModelSource, ...] = (HUGGING_FACE, LIBRARY_NETWORKS, XGBOOST, LIGHTGBM, SKOPS, ONNX, FACTORY, BUILT_IN)


def source_of(model: str) -> ModelSource:
    """The source that reads it. Raises `ModelError` for paths that are no model, with what would be one."""
    source = next((one for one in SOURCES if one.sniff(model)), None)
    if source is None:
        is_there = Path(model).expanduser().exists() if is_place(model) else True
        kinds = "; ".join(f"{one.title} ({one.summary.rstrip('.')})" for one in SOURCES)
        raise ModelError(
            f"{model} is no model that is read." if is_there else f"There is no model at {model}.",
            f"Read are: {kinds}.",
        )
    return source


def named(model: str, names: tuple[str, ...]) -> str:
    """A model as it was typed: one of our `names`, or a file or folder beside the person made into a path."""
    if model in names or is_place(model) or ":" in model or not Path(model).exists():
        return model
    return str(Path(model).absolute())


def placed(training: TrainingSpec) -> TrainingSpec:
    """The same model from any folder: paths made absolute, checkpoints of a folder named. Raises `ModelError`."""
    weights = tuple(str(Path(one).expanduser().absolute()) for one in training.weights)
    return source_of(training.model).place(replace(training, weights=weights))


def opened(run_id: str, training: TrainingSpec) -> Callable[..., Any] | Any | None:
    """What makes the network of a run: the person's factory, a `FoundNetwork`, or None for a model of ours.

    Raises `ModelError` for own code that nobody allowed for this run on this machine, and for what cannot be read.
    """
    if is_own_code(training.model):
        return own_factory(run_id, training.model)
    return source_of(training.model).open(training)


def described(training: TrainingSpec) -> ModelFacts:
    """What a model is, without data. Raises `ModelError`."""
    training = placed(training)
    return source_of(training.model).describe(training)


def is_predicted(model: str) -> bool:
    """Whether its outputs are computed by the process with limits, and no network is built here."""
    return is_place(model) and any(one.predict is not None for one in SOURCES if one.sniff(model))


def refuse_unreadable(training: TrainingSpec) -> None:
    """Raise `ModelError` for a model whose small files say already that it is not read; runs and loads nothing."""
    source_of(training.model).check(training)


def format_of(training: TrainingSpec) -> ImageFormat:
    """What the files of a model say of the images it reads; nothing for models that are made by code."""
    return source_of(training.model).image_format(training)


__all__ = [
    "SOURCES",
    "ModelSource",
    "described",
    "format_of",
    "is_predicted",
    "named",
    "opened",
    "placed",
    "refuse_unreadable",
    "source_of",
]
