"""From raw examples to what models read; fitted on training rows, stored as JSON and .npy, never pickle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.store.atomic import read_json
from core.types.errors import DataError, ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat
from core.types.methods import Method
from core.types.progress import Progress

from .family import InputShape
from .frozen_encoding import FrozenEncoding
from .image_encoding import ImageEncoder
from .table_encoding import TableEncoder
from .text_encoding import TextEncoder
from .token_encoding import TokenEncoder
from .vector_encoding import VectorEncoder


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


@dataclass(frozen=True, kw_only=True)
class EncoderEntry(Method):
    """A registered kind of encoder; `name` is what `encoder.json` calls it.

    reads(examples): whether it is for these. fit(examples, training rows, what a network asks of images).
    """

    reads: Callable[[ExampleTable], bool] = field(repr=False)
    fit: Callable[[ExampleTable, np.ndarray, ImageFormat], Encoder] = field(repr=False)
    load: Callable[[Path], Encoder] = field(repr=False)


@dataclass(frozen=True)
class FrozenChoice:
    """A frozen encoder to see the examples through ("" = none), and what encoding them may use."""

    name: str = ""
    progress: Progress | None = None
    memory: int | None = None  # bytes


# Order here is order everywhere; the first that reads the examples encodes them.
ENCODERS: tuple[EncoderEntry, ...] = (
    EncoderEntry(
        name="image",
        title="Pixels",
        summary="One common size, channels standardized.",
        reads=lambda examples: examples.modality is Modality.IMAGE,
        fit=ImageEncoder.fit,
        load=ImageEncoder.load,
    ),
    EncoderEntry(
        name="text",
        title="Terms",
        summary="TF-IDF over words and word pairs.",
        reads=lambda examples: examples.modality is Modality.TEXT,
        fit=lambda examples, rows, _: TextEncoder.fit(examples, rows),
        load=TextEncoder.load,
    ),
    EncoderEntry(
        name="tokens",
        title="Tokens",
        summary="Token ids by a transformer's own tokenizer.",
        reads=lambda examples: False,  # chosen by the network that brings the tokenizer, never by the data
        fit=lambda examples, rows, _: TextEncoder.fit(examples, rows),
        load=TokenEncoder.load,
    ),
    EncoderEntry(
        name="table",
        title="Columns",
        summary="Standardized numbers and one-hot categories, with places for what is missing.",
        reads=lambda examples: examples.modality is Modality.TABLE and hasattr(examples.inputs, "columns"),
        fit=lambda examples, rows, _: TableEncoder.fit(examples, rows),
        load=TableEncoder.load,
    ),
    EncoderEntry(
        name="vector",
        title="Vectors",
        summary="Standardized numbers as they are given.",
        reads=lambda examples: True,
        fit=lambda examples, rows, _: VectorEncoder.fit(examples, rows),
        load=VectorEncoder.load,
    ),
    EncoderEntry(
        name="frozen",
        title="A frozen encoder's vectors",
        summary="Their principal components in one scale. Chosen by name, never guessed.",
        reads=lambda examples: False,
        fit=lambda examples, rows, _: FrozenEncoding.fit(examples, rows, ""),
        load=FrozenEncoding.load,
    ),
)


def fit_encoder(
    examples: ExampleTable,
    rows: np.ndarray,
    image_format: ImageFormat = ImageFormat(),
    frozen: FrozenChoice = FrozenChoice(),
) -> Encoder:
    """The encoder of the examples' modality, with statistics of `rows` (training rows) alone.

    image_format: what a network asks of images; what it leaves open is that of our own networks.
    Raises `DataError` without training rows, `ModelError` for a frozen encoder that is not here or does not fit.
    """
    if len(rows) == 0:
        raise DataError("There is no labeled training row.", "Give labels, or mark some rows as training rows.")
    if frozen.name:
        return FrozenEncoding.fit(examples, rows, frozen.name, frozen.progress, frozen.memory)
    return next(entry for entry in ENCODERS if entry.reads(examples)).fit(examples, rows, image_format)


def load_encoder(folder: Path) -> Encoder:
    """The encoder that `save` wrote; `ModelError` when it is of an unknown kind."""
    kind = read_json(Path(folder) / "encoder.json", dict).get("kind")
    entry = next((entry for entry in ENCODERS if entry.name == kind), None)
    if entry is None:
        raise ModelError(
            f"{folder} holds an encoder of unknown kind {kind!r}.", "It was made by a newer version: update Chaffinch."
        )
    return entry.load(folder)


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
    of_rows = ("ids", "labels", "splits", "groups", "source_index", "source_path")
    arrays = {name: array[rows] for name in of_rows if (array := getattr(examples, name)) is not None}
    return replace(examples, inputs=chosen, exact_duplicate_of=None, **arrays)
