"""Kept checkpoints, seed by seed, and scores that are a formula of single checkpoints averaged over chosen epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import agreement_check, fit_check, masked_result, skill, without_label
from core.scores.shared.epochs import Fit, choose_epochs
from core.scores.shared.formulas import residual
from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence
from core.types.progress import Progress, track
from core.types.scores import AssumptionCheck, Light, ScoreResult

_BLOCK_NUMBERS = 2**18  # features at a time: 2 MB of float64 stay in a second-level cache, 4 times as fast as 32 MB


def by_seed(checkpoints: Iterable[CheckpointEvidence]) -> list[list[CheckpointEvidence]]:
    """One list per seed, in order of epoch. Raises `CurationError` when seeds were kept at different epochs."""
    seeds: dict[int, list[CheckpointEvidence]] = {}
    for one in checkpoints:
        seeds.setdefault(one.checkpoint.seed, []).append(one)
    grouped = [sorted(group, key=lambda c: c.checkpoint.epoch) for _, group in sorted(seeds.items())]
    if len({tuple(c.checkpoint.epoch for c in group) for group in grouped}) > 1:
        raise CurationError("The seeds kept checkpoints at different epochs.", "Keep the same epochs for each seed.")
    return grouped


def features_of(one: CheckpointEvidence) -> Float[np.ndarray, "example feature"]:
    """[N, d] inputs of the last layer. Raises `CurationError` when this checkpoint has none."""
    if one.features is None:
        raise CurationError(
            f"The checkpoint of epoch {one.checkpoint.epoch} has no features.",
            "Run it with a network, or leave this score out.",
        )
    return one.features


def feature_blocks(one: CheckpointEvidence) -> Iterator[slice]:
    """All rows in order, so few at a time that their features in float64 stay in cache."""
    features = features_of(one)
    size = max(1, _BLOCK_NUMBERS // max(1, features.shape[1]))
    return (slice(start, start + size) for start in range(0, len(features), size))


def last_layer_squares(
    one: CheckpointEvidence, labels: Integer[np.ndarray, " example"]
) -> Float64[np.ndarray, " example"]:
    """[N] float64 squared norm of the loss gradient of the last layer: ||p - onehot||^2 (||h||^2 + 1 with bias)."""
    features, out = features_of(one), np.empty(len(labels))
    for part in feature_blocks(one):
        delta = residual(np.asarray(one.logits[part], dtype=np.float64), labels[part])
        h = np.asarray(features[part], dtype=np.float64)
        out[part] = (delta**2).sum(axis=1) * ((h**2).sum(axis=1) + one.has_bias)
    return out


def accuracy_of(
    checkpoints: Iterable[CheckpointEvidence],
    labels: Integer[np.ndarray, " example"],
    rows: Integer[np.ndarray, " row"],
) -> float:
    """Mean share of `rows` whose given label is predicted; 0.0 without rows."""
    shares = (
        [(np.asarray(c.logits)[rows].argmax(axis=1) == labels[rows]).mean() for c in checkpoints] if len(rows) else []
    )
    return float(np.mean(shares)) if shares else 0.0


def score_checkpoints(
    inputs: ScoreInputs,
    formula: Callable[[CheckpointEvidence, Integer[np.ndarray, " example"]], Float[np.ndarray, " example"]],
    epochs: str,
    progress: Progress,
    title: str,
    *,
    needs_label: bool = True,
    more_checks: tuple[AssumptionCheck, ...] = (),
) -> ScoreResult:
    """Mean of `formula(checkpoint, labels)` [N] over the chosen kept epochs and then over seeds.

    Unlabeled rows are NaN when it needs a label.
    """
    grouped, labels = by_seed(inputs.checkpoints), np.maximum(inputs.labels, 0)
    train, held_out = inputs.examples.train_rows, inputs.examples.held_out_rows
    last = [group[-1] for group in grouped]
    fitted = Fit(accuracy_of(last, labels, train), accuracy_of(last, labels, held_out) if len(held_out) else None)
    choice = choose_epochs(epochs, [c.checkpoint.epoch for c in grouped[0]], fitted)
    chosen = [(s, group[p]) for s, group in enumerate(grouped) for p in choice.positions]
    per_seed = np.zeros((len(grouped), len(labels)))
    for seed, one in track(progress, chosen, title):
        per_seed[seed] += checked(formula(one, labels), inputs, one) / len(choice.positions)
    accuracy = accuracy_of([one for _, one in chosen], labels, held_out if len(held_out) else train)
    checks = (choice.check, fit_check(fitted.training, inputs.labels), agreement_check(per_seed), *more_checks)
    meta = {"epochs": choice.how, "epochs_read": [grouped[0][p].checkpoint.epoch for p in choice.positions]}
    return masked_result(
        per_seed,
        without_label(inputs.examples) if needs_label else {},
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta=meta,
    )


def checked(
    values: Float[np.ndarray, " example"], inputs: ScoreInputs, one: CheckpointEvidence
) -> Float[np.ndarray, " example"]:
    """`values` if they are all finite, else `CurationError` naming the first bad row."""
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise CurationError(
            f"Row {bad[0]} (id {inputs.examples.ids[bad[0]]}) has no finite value at epoch "
            f"{one.checkpoint.epoch}, seed {one.checkpoint.seed}.",
            "Look at that row's input, or lower the learning rate if training diverged.",
        )
    return values


def checkpoints_check(count: int, rates_known: bool, how: str, of: str) -> AssumptionCheck:
    """Are there enough checkpoints to add up, weighted by the learning rates they were trained with?

    how, of: "Read at" so many "of each network".
    """
    text = f"{how} {count} checkpoint{'s' * (count != 1)} {of}; 3 or more are advised."
    if not rates_known:
        return AssumptionCheck(Light.AMBER, text + " Learning rates were not recorded: all count alike.", "checkpoints")
    return AssumptionCheck(Light.GREEN if count >= 3 else Light.AMBER, text, "checkpoints")
