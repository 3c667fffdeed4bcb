"""One call per kind of recorded array: logits per epoch, probabilities, embeddings, texts. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.runs.execute.traces import trace_of
from core.types.errors import DataError
from core.types.evidence import Evidence
from core.types.examples import ExampleTable
from core.types.progress import Progress
from core.types.signals import Signal

from .arrays import examples_from, output_names
from .scored import Scored, ScoreNames, Settings, score_all


def score_logits(
    logits: Any,
    labels: Any,
    *,
    held_out: Any = None,
    ids: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    scores: ScoreNames = "all",
    params: Settings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scored:
    """Difficulty and training dynamics (EL2N, loss, margins, AUM, forgetting, cartography, ...) of recorded logits.

    logits: [T, N, C] end-of-epoch logits, eval mode, or [S, T, N, C] over seeds, or [N, C] of one moment.
    labels: [N] as the outputs count them, 0 to C-1, or names with class_names= (one per output, in their order).
    Rows of `held_out` (bool [N]) were not trained on. Raises `DataError` where shapes disagree or a label is no class.
    """
    values = np.asarray(logits)
    if not 2 <= values.ndim <= 4:
        raise DataError(f"The logits have the shape {values.shape}.", "Give [epochs, N, classes].")
    values = values.reshape((1,) * (4 - values.ndim) + values.shape)
    names = output_names(labels, values.shape[-1], class_names)
    examples = examples_from(None, labels, ids=ids, held_out=held_out, class_names=names)
    return _scored(examples, Evidence(trace=trace_of(values, examples)), Signal.LOGITS, scores, params, seed, progress)


def score_probabilities(
    probabilities: Any,
    labels: Any,
    *,
    ids: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    scores: ScoreNames = "all",
    params: Settings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scored:
    """Label quality from out-of-fold probabilities [N, C] of models that did not see the row.

    labels: [N] as the columns count them, 0 to C-1, or names with class_names= (one per column, in their order).
    Raises `DataError` for rows that do not sum to 1, and where shapes disagree or a label is no class.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    known = values[np.isfinite(values).all(axis=1)] if values.ndim == 2 else values  # the others get no value
    if values.ndim != 2 or not np.allclose(known.sum(axis=1), 1.0, atol=1e-2) or (known < 0).any():
        raise DataError(
            f"These are not probabilities of N rows: shape {values.shape}, or rows that do not sum to 1.",
            "Give softmax outputs [N, classes].",
        )
    examples = examples_from(None, labels, ids=ids, class_names=output_names(labels, values.shape[1], class_names))
    evidence = Evidence(out_of_fold=values, out_of_fold_model="given probabilities")
    return _scored(examples, evidence, Signal.OUT_OF_FOLD, scores, params, seed, progress)


def score_embeddings(
    embeddings: Any,
    labels: Any = None,
    *,
    held_out: Any = None,
    ids: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    scores: ScoreNames = "all",
    params: Settings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scored:
    """Density, duplicates and, with labels, KNN-Shapley, kNN label agreement and other values of embeddings [N, d].

    labels: [N] whole numbers or names, or None; class_names: for classes that they may not show. held_out: bool [N],
    the rows that serve as targets of the valuation scores; without any, every labeled row is a target of the others.
    Raises `DataError` where shapes disagree.
    """
    values = np.asarray(embeddings)
    if values.ndim != 2:
        raise DataError(f"The embeddings have the shape {values.shape}.", "Give one vector per example: [N, d].")
    classes = labels if labels is not None else np.full(len(values), -1)
    examples = examples_from(None, classes, ids=ids, held_out=held_out, class_names=class_names)
    evidence = Evidence(embedding=values.astype(np.float32), embedding_name="given embeddings")
    _same_length(examples, len(values), "embeddings")
    return _scored(examples, evidence, Signal.EMBEDDING, scores, params, seed, progress)


def score_texts(
    texts: Sequence[str],
    labels: Any = None,
    *,
    held_out: Any = None,
    ids: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    scores: ScoreNames = "all",
    params: Settings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scored:
    """Feature density and, with `held_out` texts (bool [N]) as the target corpus, DSIR importance weights."""
    examples = examples_from(list(texts), labels, ids=ids, held_out=held_out, class_names=class_names)
    return _scored(examples, Evidence(texts=examples.inputs), Signal.TEXTS, scores, params, seed, progress)


def _same_length(examples: ExampleTable, count: int, what: str) -> None:
    if len(examples) != count:
        raise DataError(f"The {what} have {count:,} rows, the labels {len(examples):,}.", "Give one row per example.")


def _scored(
    examples: ExampleTable,
    evidence: Evidence,
    signal: Signal,
    scores: ScoreNames,
    params: Settings | None,
    seed: int,
    progress: Progress | None,
) -> Scored:
    return score_all(
        examples, evidence, frozenset({signal}), scores=scores, params=params, seed=seed, progress=progress
    )
