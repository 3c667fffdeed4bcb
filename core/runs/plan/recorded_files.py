"""Files of what was recorded elsewhere, looked at before anything is read: are they there, do they contradict?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.datasets.score_columns import chosen_names
from core.types.errors import DataError
from core.types.runs import RunSpec


def check_recorded(spec: RunSpec) -> None:
    """Refuse files beside the inputs that are not there, and two answers to one question. Raises `DataError`."""
    for _, path in spec.recorded.paths():
        if not Path(path).expanduser().is_file():
            raise DataError(f"No such file: {path}.", "Check the path.")
    chosen_names(spec.recorded.own_scores)
    for is_wrong, what, hint in _contradictions(spec):
        if is_wrong:
            raise DataError(what, hint)


def _contradictions(spec: RunSpec) -> Iterator[tuple[bool, str, str]]:
    """(whether it is one, what, what to do)."""
    files, training = spec.recorded, spec.training
    yield (
        bool(files.own_scores) and files.score_columns is None,
        "Own scores are named, and no file that has them.",
        "Say in which file: --score-columns.",
    )
    yield (
        files.features is not None and files.logits is None,
        "Features of the last layer say nothing without its outputs.",
        "Give the logits of the same moments (--logits); vectors for the map and for neighbors are --embeddings.",
    )
    yield (
        files.logits is not None and bool(training.weights or training.as_it_is),
        "--logits and the weights of a network both say what its outputs are.",
        "Leave out one.",
    )
    yield (
        files.embeddings is not None and spec.embedding != "auto",
        f"--embeddings gives vectors, and --embedding {spec.embedding} others.",
        "Leave out one.",
    )
