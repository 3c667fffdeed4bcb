"""From raw examples to what models read; fitted on training rows, stored as JSON and .npy, never pickle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.store.atomic import read_json
from core.types.errors import DataError, ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat

from .family import InputShape


class Encoded(Protocol):
    """All N examples ready to be cut into batches."""

    def __len__(self) -> int: ...

    def batch(self, rows: np.ndarray) -> Any:
        """Float tensor [b, ...]; for text a pair (ids [b, L] int64, weights [b, L] float32)."""


class Encoder(Protocol):
    """Knows the shape of encoded examples and how to make them. `kind` names the class on disk."""

    kind: str

    @property
    def shape(self) -> InputShape:
        """What one encoded example looks like."""

    def encode(self, examples: ExampleTable, scratch: Path | None = None) -> Encoded:
        """All rows for a network; large results become a memory-mapped file in `scratch`."""

    def matrix(self, examples: ExampleTable) -> Any:
        """[N, d] for scikit-learn: dense float32, or scipy CSR for text."""

    def save(self, folder: Path) -> None:
        """Write into `folder`; `load_encoder` reads it back."""


def fit_encoder(examples: ExampleTable, rows: np.ndarray, image_format: ImageFormat = ImageFormat()) -> Encoder:
    """The encoder of the examples' modality, with statistics of `rows` (training rows) alone.

    image_format: what a network asks of images; what it leaves open is that of our own networks.
    """
    if len(rows) == 0:
        raise DataError("There is no labeled training row.", "Give labels, or mark some rows as training rows.")
    if examples.modality is Modality.IMAGE:
        from .image_encoding import ImageEncoder

        return ImageEncoder.fit(examples, rows, image_format)
    if examples.modality is Modality.TEXT:
        from .text_encoding import TextEncoder

        return TextEncoder.fit(examples, rows)
    if examples.modality is Modality.TABLE and hasattr(examples.inputs, "columns"):
        from .table_encoding import TableEncoder

        return TableEncoder.fit(examples, rows)
    from .vector_encoding import VectorEncoder

    return VectorEncoder.fit(examples, rows)


def subset(examples: ExampleTable, rows: np.ndarray) -> ExampleTable:
    """A table of these rows alone, as far as encoders look."""
    inputs = examples.inputs
    if hasattr(inputs, "iloc"):
        chosen = inputs.iloc[rows]
    elif isinstance(inputs, np.ndarray):
        chosen = inputs[rows]
    else:
        chosen = np.empty(len(rows), dtype=object)
        for place, row in enumerate(rows):
            chosen[place] = inputs[int(row)]
    return replace(
        examples, ids=examples.ids[rows], labels=examples.labels[rows], splits=examples.splits[rows], inputs=chosen
    )


def load_encoder(folder: Path) -> Encoder:
    """The encoder that `save` wrote; `ModelError` when it is of an unknown kind."""
    kind = read_json(Path(folder) / "encoder.json", dict).get("kind")
    if kind == "image":
        from .image_encoding import ImageEncoder

        return ImageEncoder.load(folder)
    if kind == "text":
        from .text_encoding import TextEncoder

        return TextEncoder.load(folder)
    if kind == "table":
        from .table_encoding import TableEncoder

        return TableEncoder.load(folder)
    if kind == "vector":
        from .vector_encoding import VectorEncoder

        return VectorEncoder.load(folder)
    raise ModelError(
        f"{folder} holds an encoder of unknown kind {kind!r}.", "It was made by a newer version: update Chaffinch."
    )
