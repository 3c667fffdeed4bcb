"""The flags for what was recorded elsewhere and lies in files beside the inputs."""

from __future__ import annotations

import argparse

from core.types.recorded import RecordedFiles

from .flag_types import names, path_words


def recorded_flags(own: argparse.ArgumentParser) -> None:
    """Files of what was recorded elsewhere, with a row for each example."""
    for kind, said in (
        ("logits", "of a model of yours, [epochs, N, classes]: its training dynamics, no training here"),
        ("probabilities", "out of fold, [N, classes]"),
        ("embeddings", "vectors [N, d] for neighbors, duplicates and the map"),
        (
            "last-features",
            "what the last layer read when it made --logits, [epochs, N, d]: influence and gradients of it",
        ),
        ("score-columns", "a table with a column for each score of your own, ranked and combined like ours"),
    ):
        told = f"{said}; joined by id, or row by row (NPY, NPZ, CSV, Parquet)" if kind == "logits" else said
        own.add_argument(f"--{kind}", type=path_words, metavar="FILE", help=told)
    own.add_argument(
        "--own-scores",
        type=names,
        default=(),
        metavar="A,B:low",
        help="which of --score-columns are scores; NAME:low where low values are suspicious (default: all, high)",
    )


def recorded_from(asked: argparse.Namespace) -> RecordedFiles:
    """What was recorded elsewhere and lies beside the inputs."""
    return RecordedFiles(
        asked.logits, asked.probabilities, asked.embeddings, asked.last_features, asked.score_columns, asked.own_scores
    )
