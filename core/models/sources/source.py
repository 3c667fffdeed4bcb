"""What a model source is: how a kind of model from elsewhere is recognised, described, opened, and what it can give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat
from core.types.methods import Method
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

from .shares import Shares

Place = Callable[[TrainingSpec], TrainingSpec]


def as_named(training: TrainingSpec) -> TrainingSpec:
    """Nothing to look for on disk."""
    return training


def of_one_file(training: TrainingSpec) -> TrainingSpec:
    """The file's path made absolute. Raises `ModelError` for weights beside it: it holds its own."""
    if training.weights:
        raise ModelError(f"{Path(training.model).name} holds its own weights.", "Leave out --weights.")
    return replace(training, model=str(Path(training.model).expanduser().absolute()))


@dataclass(frozen=True, kw_only=True)
class ModelSource(Method):
    """A registered kind of model.

    sniff(model): whether a name or an existing path is of this kind; cheap, and reads at most the first bytes.
    describe(training): what it is, without data; reads files as data and builds nothing that they name.
    open(training): a `FoundNetwork`, None for models that are made by ours or the person's own factory.
    check(training): raises `ModelError` for what its small files say already; needs no torch.
    image_format(training): what its files say of images; needs no torch.
    predict(training, examples): logits [N, C] and perhaps features [N, d] of every row, asked only in the process with
    limits; None for networks that this process may build.
    refitted(training, examples, fold_of): probabilities [N, C] by copies that did not see a row; None where a file does
    not say how its model was made. Asked in that process, too.
    shares(training, examples): how much each column adds, a `Shares`; None where no library says so.
    place(training): paths made absolute, and a folder's checkpoints named as weights, in order of training.
    gives, cannot: the abilities it has, and for others why not. refuses: what is never read, in words.
    extra: of ours, that installs the library behind it.
    """

    sniff: Callable[[str], bool] = field(repr=False)
    describe: Callable[[TrainingSpec], ModelFacts] = field(repr=False)
    open: Callable[[TrainingSpec], Any] = field(repr=False, default=lambda training: None)
    check: Callable[[TrainingSpec], None] = field(repr=False, default=lambda training: None)
    image_format: Callable[[TrainingSpec], ImageFormat] = field(repr=False, default=lambda training: ImageFormat())
    predict: Callable[[TrainingSpec, ExampleTable], dict[str, np.ndarray]] | None = field(repr=False, default=None)
    refitted: Callable[[TrainingSpec, ExampleTable, np.ndarray], np.ndarray] | None = field(repr=False, default=None)
    shares: Callable[[TrainingSpec, ExampleTable], Shares] | None = field(repr=False, default=None)
    place: Place = field(repr=False, default=as_named)
    modalities: tuple[Modality, ...]
    gives: tuple[Ability, ...]
    cannot: Mapping[Ability, str] = field(default_factory=dict)
    refuses: str
    extra: str = ""
