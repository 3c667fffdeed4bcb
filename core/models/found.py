"""A network that was trained elsewhere and is read as data: what every source of such networks promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat

from .family import InputShape


class FoundNetwork(ABC):
    """Takes the place of a person's factory wherever networks are made; nothing of it is code of theirs.

    name: as it was named. modalities: what it can read. image_format: what its files say of that. class_names: of its
    outputs in order, () where they have none.
    """

    name: str
    modalities: tuple[Modality, ...]
    image_format: ImageFormat = ImageFormat()
    class_names: tuple[str, ...] = ()

    @abstractmethod
    def network(self, shape: InputShape, classes: int, seed: int) -> Any:
        """An `AdaptedNetwork` with fresh weights. Raises `ModelError` where its outputs are not so many."""

    @abstractmethod
    def state(self, path: Path) -> Mapping[str, Any]:
        """Name -> tensor of one checkpoint, named as in the module. Raises `ModelError` for any other file."""

    def encoder(self, examples: ExampleTable, rows: np.ndarray, image_format: ImageFormat) -> Any:
        """How examples become what it reads; statistics, where there are any, are those of `rows`."""
        from .encoding import fit_encoder

        return fit_encoder(examples, rows, image_format)

    def rate(self, path: Path) -> float | None:
        """The learning rate at that checkpoint, where something beside it says so."""
        return None

    def order(self, names: Sequence[str]) -> tuple[int, ...] | None:
        """Which output stands for each class of the data; None where they are counted alike. Raises `ModelError`."""
        return output_order(self.class_names, names)

    def check(self, examples: ExampleTable) -> None:
        """Raise `ModelError` for data of a kind that it does not read."""
        if examples.modality not in self.modalities:
            kinds = " or ".join(kind.value for kind in self.modalities)
            raise ModelError(
                f"{self.name} reads {kind_words(kinds)}, and the data are of the kind {examples.modality.value}.",
                "Give data of its kind, or another model.",
            )


def kind_words(kinds: str) -> str:
    """The kinds of examples in a sentence."""
    return f"examples of the kind {kinds}"


def output_order(outputs: Sequence[str], names: Sequence[str]) -> tuple[int, ...] | None:
    """Where each of `names` stands among `outputs`, capitals aside; None where one of them has no names, only numbers.

    Raises `ModelError` where both have names and they are not the same: outputs would be taken for other classes.
    """
    known = [_plain(name) for name in outputs]
    asked = [_plain(name) for name in names]
    if not known or known == asked or all(map(_is_number, known)) or all(map(_is_number, asked)):
        return None
    if sorted(known) != sorted(asked):
        raise ModelError(
            f"The model's classes are {_listed(outputs)}; those of the data are {_listed(names)}.",
            "Name them alike (--class-map FILE says which class is which), or give labels as numbers of the outputs.",
        )
    return tuple(known.index(name) for name in asked)


def _plain(name: str) -> str:
    return str(name).strip().casefold()


def _is_number(name: str) -> bool:
    return name.removeprefix("label_").isdigit()


def _listed(names: Sequence[str]) -> str:
    few = ", ".join(map(str, names[:6]))
    return few + (f" and {len(names) - 6} more" if len(names) > 6 else "")
