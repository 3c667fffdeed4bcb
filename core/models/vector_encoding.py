"""Numeric vectors (given embeddings, feature arrays): standardised columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.store.atomic import read_array, read_json, write_array, write_json
from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality

from .family import InputShape
from .vector_rows import VectorRows


@dataclass(frozen=True, eq=False)
class VectorEncoder:
    """(x - mean) / std per column; constant columns become 0."""

    mean: np.ndarray
    std: np.ndarray
    kind = "vector"

    @classmethod
    def fit(cls, examples: ExampleTable, rows: np.ndarray) -> VectorEncoder:
        """Statistics of `rows`; `DataError` when there is nothing numeric to read."""
        values = _vectors(examples)[rows].astype(np.float64)
        std = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(std > 0, std, 1.0))

    @property
    def shape(self) -> InputShape:
        """(columns,)."""
        return InputShape(Modality.TABLE, (len(self.mean),))

    def matrix(self, examples: ExampleTable) -> np.ndarray:
        """[N, d] float32. Raises `DataError` for vectors of another width than those it was fitted on."""
        values = _vectors(examples)
        if values.shape[1] != len(self.mean):
            raise DataError(
                f"The vectors have {values.shape[1]} columns, the model reads {len(self.mean)}.",
                "Give the data this model was made for.",
            )
        return ((values - self.mean) / self.std).astype(np.float32)

    def encode(self, examples: ExampleTable, scratch: Path | None = None) -> VectorRows:
        """[N, d] as batches."""
        return VectorRows(self.matrix(examples))

    def save(self, folder: Path) -> None:
        """encoder.json, mean.npy, std.npy."""
        write_array(folder / "mean.npy", self.mean)
        write_array(folder / "std.npy", self.std)
        write_json(folder / "encoder.json", {"kind": self.kind})

    @classmethod
    def load(cls, folder: Path) -> VectorEncoder:
        """The inverse of `save`."""
        read_json(folder / "encoder.json")
        return cls(read_array(folder / "mean.npy"), read_array(folder / "std.npy"))


def _vectors(examples: ExampleTable) -> np.ndarray:
    if examples.inputs is None:
        raise DataError(
            "These examples have no inputs to train on, only recorded outputs.",
            "Give embeddings, or leave out the scores that need a model.",
        )
    values = np.asarray(examples.inputs)
    return values.reshape(len(values), -1)
