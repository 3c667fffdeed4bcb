"""What was recorded elsewhere and lies beside the inputs: which files, and what the columns of own scores hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float32

LOW = "low"  # after a colon: small values of this own score are the suspicious ones


@dataclass(frozen=True)
class RecordedFiles:
    """Paths of files with a row for each example; None where there is none.

    logits: [(S,) T, N, C] or [N, C]. probabilities: [N, C], out of fold. embeddings: [N, d]. features: what the last
    layer read when it made the logits, [(S,) T, N, d] or [N, d]. score_columns: a table, one column for each own score.
    own_scores: which of its columns, "name" or "name:low"; () = every column of numbers, high values suspicious.
    """

    logits: str | None = None
    probabilities: str | None = None
    embeddings: str | None = None
    features: str | None = None
    score_columns: str | None = None
    own_scores: tuple[str, ...] = ()

    def paths(self) -> Iterator[tuple[str, str]]:
        """(kind, path) of each file that was given."""
        for spec in fields(self):
            path = getattr(self, spec.name)
            if isinstance(path, str):
                yield spec.name, path

    def __bool__(self) -> bool:
        return self != RecordedFiles()


@dataclass(frozen=True, eq=False)
class OwnScore:
    """A number for each example that the person computed themselves.

    values: NaN where they gave none. low_is_suspicious: which end deserves a look first. file, joined: where it came
    from and how its rows were found, in words.
    """

    name: str
    values: Float32[np.ndarray, " example"]
    low_is_suspicious: bool = False
    file: str = ""
    joined: str = ""
