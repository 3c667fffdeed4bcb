"""How well a ranking finds wrong labels: figures, bootstrap intervals over examples, and the spread over seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.models import model_named
from core.models.stored import CARD, load_card
from core.runs.execute.traces import trace_of
from core.scores import ScoreInputs, score_named
from core.store import Run
from core.training.plan import plan_from
from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence, Evidence
from core.types.params import params_from_dict
from core.types.progress import SilentProgress
from core.types.signals import Signal

MEASURES = ("auroc", "average_precision", "precision_at_k")
_TAILS = (0.025, 0.975)
_BLOCK = 100  # resamples held in memory at a time
_STREAM = 111  # no stream that faults were planted with: resamples would follow the faults


def resamples(rows: int, draws: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Blocks [b, rows] of how often each row is drawn: `draws` bootstrap samples in all, the same for every score."""
    rng = np.random.default_rng([_STREAM, seed])
    for start in range(0, draws, _BLOCK):
        yield rng.multinomial(rows, np.full(rows, 1 / rows), size=min(_BLOCK, draws - start))


def weighted_figures(suspicion: np.ndarray, fault: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[b, 3] AUROC, average precision and precision at k (k = number of faults) of each row of `weights` [b, n].

    The figures of `core.evaluation.fault_detection` on a sample in which row i occurs weights[i] times; ties alike.
    """
    order = np.argsort(-suspicion, kind="stable")
    value, w = suspicion[order], weights[:, order]
    ends = np.flatnonzero(np.append(value[1:] != value[:-1], True))
    hits, seen = (np.cumsum(part, axis=1)[:, ends].astype(np.float64) for part in (w * fault[order], w))
    faults, sound = hits[:, -1:], seen[:, -1:] - hits[:, -1:]
    gained, passed = np.diff(hits, axis=1, prepend=0.0), np.diff(seen - hits, axis=1, prepend=0.0)
    above = (gained * (sound - (seen - hits) + passed / 2)).sum(1) / (faults * sound)[:, 0]
    precision = (gained * hits / np.maximum(seen, 1)).sum(1) / faults[:, 0]
    return np.stack([above, precision, _at_k(hits, seen, faults[:, 0])], axis=1)


def _at_k(hits: np.ndarray, seen: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Precision among the k first, a level that straddles the k-th place counting in part. [b]."""
    border = (seen >= k[:, None]).argmax(1)
    rows = np.arange(len(k))
    before = np.maximum(border - 1, 0)
    hits_before, seen_before = (np.where(border > 0, part[rows, before], 0.0) for part in (hits, seen))
    share = (hits[rows, border] - hits_before) / (seen[rows, border] - seen_before)
    return (hits_before + share * (k - seen_before)) / k


def intervals(suspicion: np.ndarray, fault: np.ndarray, draws: int) -> dict[str, list[float]]:
    """measure -> [low, high], the central 95 % of `draws` bootstrap samples of the examples; rows without a score
    (NaN) are left out.
    """
    there = np.isfinite(suspicion)
    value, truth = suspicion[there].astype(np.float64), fault[there]
    found = np.concatenate([weighted_figures(value, truth, w) for w in resamples(len(value), draws)])
    ends = np.quantile(found, _TAILS, axis=0)
    return {name: [float(ends[0, i]), float(ends[1, i])] for i, name in enumerate(MEASURES)}


def kept_evidence(run: Run) -> Evidence:
    """What the run's arrays hold of its trainings, read again without training: logits, kept checkpoints, spreads."""
    logits = run.array("logits")
    if logits is None or not (run.path / "model" / CARD).is_file():
        return Evidence()
    card, _ = load_card(run.path / "model")
    seeds = tuple(dict.fromkeys(c.seed for c in card.checkpoints))
    kept = tuple(
        CheckpointEvidence(
            c,
            logits[seeds.index(c.seed), c.epoch - 1],
            run.array(f"features-s{seeds.index(c.seed)}-e{c.epoch}"),
            run.array(f"gradient_norm-s{seeds.index(c.seed)}-e{c.epoch}"),
        )
        for c in card.checkpoints
    )
    trace = trace_of(logits, run.examples)
    assert trace is not None
    trace = replace(trace, seeds=seeds, checkpoints=card.checkpoints, seen_correct=run.array("seen_correct"))
    plan = plan_from(run.spec.training, model_named(card.family, card.shape.modality).defaults)
    return Evidence(trace=trace, checkpoints=kept, weight_decay=plan.weight_decay)


def values_of_each_seed(run: Run, names: list[str]) -> dict[str, np.ndarray]:
    """score -> [S, N], computed again from the run's arrays, for the scores that are a mean over seeds of what those
    hold; the mean is checked against the run's own values.
    """
    evidence = kept_evidence(run)
    have = {Signal.LOGITS} if evidence.trace is not None else set()
    if evidence.checkpoints and all(c.features is not None for c in evidence.checkpoints):
        have.add(Signal.FEATURES)
    if evidence.checkpoints and all(c.gradient_norm is not None for c in evidence.checkpoints):
        have.add(Signal.GRADIENT_NORM)
    found = {}
    for name in names:
        score, method = run.score(name), score_named(name)
        if score.seed_count < 2 or not have.issuperset(method.needs):
            continue
        inputs = ScoreInputs(run.examples, evidence, method.needs, run.spec.seed)
        result = method.compute(inputs, params_from_dict(method.params, dict(score.params)), SilentProgress())
        if result.per_seed is not None:
            _refuse_another(name, result.values, score.values)
            found[name] = result.per_seed
    return found


def _refuse_another(name: str, found: np.ndarray, stored: np.ndarray) -> None:
    if not np.allclose(found, stored, rtol=1e-3, atol=1e-5, equal_nan=True):  # other batches, other last digits
        raise CurationError(f"{name} computed again differs from the run's.", "The run is of another version: redo it.")
