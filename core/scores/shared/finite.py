"""Rows for which a model's outputs are NaN or infinite: they get no value, and the others are scored without them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from core.scores.method import ScoreInputs, ScoreMethod
from core.scores.shared.assumptions import UNLABELED_ROW
from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence, Evidence, FoldModel
from core.types.examples import UNLABELED
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import trained_for

REASON = "output of the model is not finite"
_BLOCK = 65_536  # rows looked at at once: 5 MB of ten classes in float64
_IN_MEMORY = 2**30  # bytes; a larger copy goes to a file that vanishes with it


def with_finite_outputs(evidence: Evidence) -> Evidence:
    """The same evidence where all outputs are finite; else one whose `not_finite` [N] names the rows that have such
    outputs anywhere, with zeros in their place. Raises `CurationError` when no row is left.
    """
    bad = None
    for array in _outputs(evidence):
        rows = ~_finite_rows(array)
        bad = rows if bad is None else bad | rows
    if bad is None or not bad.any():
        return evidence
    if bad.all():
        raise CurationError(
            "The model's outputs are NaN or infinite for every row.", "Look at its weights, or at how it was recorded."
        )
    return _cleaned(evidence, bad)


def computed(method: ScoreMethod, inputs: ScoreInputs, params: Any, progress: Progress) -> ScoreResult:
    """`method.compute`; rows whose outputs are not finite are as good as unlabeled to it, and have no value."""
    bad = inputs.evidence.not_finite
    if bad is None or not trained_for(inputs.needs):
        return method.compute(inputs, params, progress)
    labels = np.where(bad, UNLABELED, inputs.labels)
    result = method.compute(replace(inputs, examples=replace(inputs.examples, labels=labels)), params, progress)
    values = np.where(bad, np.float32(np.nan), result.values)
    per_seed = None if result.per_seed is None else np.where(bad, np.float32(np.nan), result.per_seed)
    text = f"The model's outputs are not finite for {int(bad.sum()):,} of {len(bad):,} rows: these have no value."
    return replace(
        result,
        values=values,
        per_seed=per_seed,
        undefined=_reasons(result, bad),
        checks=(AssumptionCheck(Light.AMBER, text, "finite"), *result.checks),
        flags=None if result.flags is None else result.flags & ~bad,
    )


def _reasons(result: ScoreResult, bad: Bool[np.ndarray, " example"]) -> dict[str, int]:
    """Rows that were left out as unlabeled, and are not, count under their own reason."""
    left = int(np.isnan(result.values[bad]).sum())
    reasons = dict(result.undefined)
    for name in sorted(reasons, key=lambda name: name != UNLABELED_ROW):
        taken = min(left, reasons[name])
        reasons[name], left = reasons[name] - taken, left - taken
    return {name: count for name, count in reasons.items() if count} | {REASON: int(bad.sum())}


def _outputs(evidence: Evidence) -> Iterator[Float[np.ndarray, "... example column"]]:
    """Every array of outputs, rows on the second axis from the end, or the only one."""
    if evidence.trace is not None:
        yield evidence.trace.logits
    if evidence.out_of_fold is not None:
        yield evidence.out_of_fold
    every: tuple[CheckpointEvidence | FoldModel, ...] = (*evidence.checkpoints, *evidence.fold_models)
    for one in every:
        yield from (array for array in (one.logits, one.features) if array is not None)
    for checkpoint in evidence.checkpoints:
        if checkpoint.gradient_norm is not None:
            yield checkpoint.gradient_norm[:, None]
    for spread in evidence.input_gradient_spread.values():
        yield np.asarray(spread)[..., None]


def _finite_rows(array: Float[np.ndarray, "... example column"]) -> Bool[np.ndarray, " example"]:
    """[N] bool, read block by block."""
    rows = np.moveaxis(array, -2, 0)
    parts = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    return np.concatenate([np.isfinite(part).reshape(len(part), -1).all(1) for part in parts] or [np.zeros(0, bool)])


def _cleaned(evidence: Evidence, bad: Bool[np.ndarray, " example"]) -> Evidence:
    trace = evidence.trace
    return replace(
        evidence,
        not_finite=bad,
        trace=trace and replace(trace, logits=_zeroed(trace.logits, bad), trained=trace.trained & ~bad),
        out_of_fold=_even(evidence.out_of_fold, bad),
        checkpoints=tuple(_of_one(one, bad) for one in evidence.checkpoints),
        fold_models=tuple(_of_one(one, bad) for one in evidence.fold_models),
        input_gradient_spread={k: np.where(bad, 0.0, v) for k, v in evidence.input_gradient_spread.items()},
    )


def _of_one(one: Any, bad: Bool[np.ndarray, " example"]) -> Any:
    """A checkpoint or a fold's network with zeros for those rows."""
    changed: dict[str, Any] = {"logits": _zeroed(one.logits, bad)}
    if one.features is not None:
        changed["features"] = _zeroed(one.features, bad)
    if isinstance(one, CheckpointEvidence) and one.gradient_norm is not None:
        changed["gradient_norm"] = np.where(bad, 0.0, one.gradient_norm)
    if isinstance(one, FoldModel):
        changed["trained"] = one.trained & ~bad
    return replace(one, **changed)


def _even(
    probabilities: Float[np.ndarray, "example class"] | None, bad: Bool[np.ndarray, " example"]
) -> Float[np.ndarray, "example class"] | None:
    if probabilities is None:
        return None
    return np.where(bad[:, None], 1.0 / probabilities.shape[1], probabilities)


def _zeroed(
    array: Float[np.ndarray, "... example column"], bad: Bool[np.ndarray, " example"]
) -> Float[np.ndarray, "... example column"]:
    """A copy with zeros where `bad` [N]; rows on the second axis from the end."""
    out: np.ndarray
    if array.nbytes <= _IN_MEMORY:
        out = np.empty(array.shape, array.dtype)
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - gone with the array that is mapped to it
        out = np.memmap(file, array.dtype, "w+", shape=array.shape)
    for place in _places(array.shape[:-2]):
        out[place] = array[place]
        out[place][bad] = 0
    return out


def _places(axes: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    return np.ndindex(*axes) if axes else [()]
