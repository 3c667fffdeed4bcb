"""Examples as a frozen encoder sees them: its vectors, turned to their principal components, in one common scale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np

from core.store.atomic import damaged, read_array, read_json, write_array, write_json
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress

from .family import InputShape
from .frozen import frozen_named
from .frozen.features import features_of
from .vector_rows import VectorRows

COMPONENTS = 256  # of 1,280: what the others hold is mostly noise to a linear head, and costs five times the time
_FIT_ROWS = 10_000  # the components of ten thousand rows are as good as those of all
_BLOCK = 1_000  # rows turned at once: 5 MB
_NORM = 4.0  # root mean square length of a vector: learning rate and decay mean the same for every encoder
_TINY = 1e-12  # of vectors that are all alike: anything but a division by zero


class _Saved(TypedDict):
    encoder: str
    digest: str


@dataclass(frozen=True, eq=False)
class FrozenEncoding:
    """(features - mean) @ components, [width] -> [k]. digest: of the encoder's weights that the numbers belong to."""

    encoder: str
    digest: str
    mean: np.ndarray
    components: np.ndarray
    kind = "frozen"

    @classmethod
    def fit(
        cls,
        examples: ExampleTable,
        rows: np.ndarray,
        name: str,
        progress: Progress | None = None,
        memory: int | None = None,
    ) -> FrozenEncoding:
        """Mean, components and scale of `rows`. Raises `ModelError` for an encoder that is not here or does not fit."""
        encoder = frozen_named(name, examples.modality)
        picked = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _FIT_ROWS)).astype(int))]
        sample = features_of(encoder, examples, progress, memory)[picked].astype(np.float64)
        mean = sample.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov((sample - mean).T, bias=True).reshape(len(mean), len(mean)))
        components = directions[:, ::-1][:, : min(COMPONENTS, len(mean), max(1, len(picked) - 1))]
        length = np.sqrt(max(variances[::-1][: components.shape[1]].sum(), _TINY))
        signs = np.sign(components[np.abs(components).argmax(0), np.arange(components.shape[1])])
        return cls(name, encoder.digest, mean, components * (signs * _NORM / length))

    @property
    def shape(self) -> InputShape:
        """(components,): whatever the examples are, what is read is a vector."""
        return InputShape(Modality.TABLE, (self.components.shape[1],))

    def matrix(self, examples: ExampleTable) -> np.ndarray:
        """[N, k] float32. Raises `ModelError` where the encoder has gone or has other weights now."""
        encoder = frozen_named(self.encoder, examples.modality)
        if encoder.digest != self.digest:
            raise ModelError(
                f"This run's head belongs to other weights of {self.encoder} than those of the package installed here.",
                f"Install the version of {encoder.distribution} that the run was made with, or score again.",
            )
        features = features_of(encoder, examples)
        out = np.empty((len(features), self.components.shape[1]), np.float32)
        for start in range(0, len(out), _BLOCK):
            out[start : start + _BLOCK] = (features[start : start + _BLOCK] - self.mean) @ self.components
        return out

    def encode(self, examples: ExampleTable, scratch: Path | None = None) -> VectorRows:
        """[N, k] as batches."""
        return VectorRows(self.matrix(examples))

    def save(self, folder: Path) -> None:
        """encoder.json, mean.npy, components.npy; the encoder's own weights stay in their package."""
        write_array(folder / "mean.npy", self.mean)
        write_array(folder / "components.npy", self.components)
        write_json(folder / "encoder.json", {"kind": self.kind, "encoder": self.encoder, "digest": self.digest})

    @classmethod
    def load(cls, folder: Path) -> FrozenEncoding:
        """The inverse of `save`. Raises `RunError` for arrays that do not belong together."""
        plain = read_json(folder / "encoder.json", _Saved)
        mean, components = read_array(folder / "mean.npy"), read_array(folder / "components.npy")
        if mean.ndim != 1 or components.ndim != 2 or len(mean) != len(components) or not components.shape[1]:
            raise damaged(folder / "components.npy", "its shape is not that of its mean.")
        return cls(plain["encoder"], plain["digest"], mean, components)
