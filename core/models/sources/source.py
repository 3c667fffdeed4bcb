"""What a model source is: how a kind of model from elsewhere is recognised, described, opened, and what it can give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.types.examples import Modality
from core.types.image_format import ImageFormat
from core.types.methods import Method
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

Place = Callable[[TrainingSpec], TrainingSpec]


def as_named(training: TrainingSpec) -> TrainingSpec:
    """Nothing to look for on disk."""
    return training


@dataclass(frozen=True, kw_only=True)
class ModelSource(Method):
    """A registered kind of model.

    sniff(model): whether a name or an existing path is of this kind; cheap, and reads at most the first bytes.
    describe(training): what it is, without data; reads files as data and builds nothing that they name.
    open(training): a `FoundNetwork`, None for models that are made by ours or the person's own factory.
    check(training): raises `ModelError` for what its small files say already; needs no torch.
    image_format(training): what its files say of images; needs no torch.
    place(training): paths made absolute, and a folder's checkpoints named as weights, in order of training.
    gives, cannot: the abilities it has, and for others why not. refuses: what is never read, in words.
    extra: of ours, that installs the library behind it.
    """

    sniff: Callable[[str], bool] = field(repr=False)
    describe: Callable[[TrainingSpec], ModelFacts] = field(repr=False)
    open: Callable[[TrainingSpec], Any] = field(repr=False, default=lambda training: None)
    check: Callable[[TrainingSpec], None] = field(repr=False, default=lambda training: None)
    image_format: Callable[[TrainingSpec], ImageFormat] = field(repr=False, default=lambda training: ImageFormat())
    place: Place = field(repr=False, default=as_named)
    modalities: tuple[Modality, ...]
    gives: tuple[Ability, ...]
    cannot: Mapping[Ability, str] = field(default_factory=dict)
    refuses: str
    extra: str = ""
