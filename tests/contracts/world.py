"""A tiny world with every signal that a score may ask for: a numpy softmax regression trained for a few epochs."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from core.scores import ScoreInputs, ScoreMethod
from core.types.evidence import CheckpointEvidence, Evidence, FoldModel
from core.types.examples import UNLABELED, ExampleTable, Modality
from core.types.progress import SilentProgress
from core.types.scores import ScoreResult
from core.types.signals import Signal
from core.types.trace import Checkpoint, TrainingTrace

SEEDS, EPOCHS, KEPT, FOLDS = 2, 6, (1, 3, 6), 3
STAGES = {"early": (1, 3, 6), "late": (1, 3, 6), "all": (1, 3, 6)}


@dataclass(frozen=True, eq=False)
class World:
    examples: ExampleTable
    evidence: Evidence

    def inputs(self, method: ScoreMethod, seed: int = 0) -> ScoreInputs:
        return ScoreInputs(self.examples, self.evidence, method.needs, seed)

    def score(self, method: ScoreMethod, progress=None, seed: int = 0, **params) -> ScoreResult:
        return method.compute(self.inputs(method, seed), method.params(**params), progress or SilentProgress())


def table(labels: np.ndarray, splits: np.ndarray | None = None, classes: int | None = None) -> ExampleTable:
    """A table of nothing but labels and splits."""
    n = len(labels)
    classes = int(labels.max()) + 1 if classes is None else classes
    splits = np.full(n, "train") if splits is None else splits
    return ExampleTable(
        name="tiny",
        modality=Modality.TRACE,
        ids=np.array([f"row{i}" for i in range(n)]),
        inputs=None,
        labels=np.asarray(labels, dtype=np.int64),
        class_names=tuple(str(c) for c in range(classes)),
        splits=splits,
        groups=None,
        source_index=np.arange(n),
        source_path=None,
        columns=pd.DataFrame(index=range(n)),
        fingerprint="tiny",
    )


def tiny_world(
    n: int = 60, classes: int = 3, held_out: int = 12, unlabeled: int = 3, seed: int = 0, only_class: int | None = None
) -> World:
    """n rows around `classes` centers, some with a wrong label; the last ones held out, the first ones unlabeled."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=n)
    points = (3 * np.eye(classes, 5)[truth] + rng.standard_normal((n, 5))).astype(np.float32)
    labels = np.where(rng.random(n) < 0.15, rng.integers(classes, size=n), truth)
    if only_class is not None:
        labels[:] = only_class
    labels[:unlabeled] = UNLABELED
    splits = np.where(np.arange(n) >= n - held_out, "valid", "train")
    examples = table(labels, splits, classes)
    return World(examples, _evidence(examples, points, rng))


def _evidence(examples: ExampleTable, points: np.ndarray, rng: np.random.Generator) -> Evidence:
    n, classes = len(examples), examples.class_count
    features = np.abs(points @ rng.standard_normal((SEEDS, 5, 4))).astype(np.float32)
    paths = [_train(features[s], examples, examples.train_rows, s) for s in range(SEEDS)]
    logits = np.stack([[features[s] @ w for w in paths[s]] for s in range(SEEDS)]).astype(np.float32)
    kept = tuple(_checkpoint(s, e, features[s], logits[s, e - 1], rng) for s in range(SEEDS) for e in KEPT)
    folds = tuple(_fold(f, features[0], examples) for f in range(FOLDS))
    return Evidence(
        trace=TrainingTrace(
            logits,
            tuple(range(SEEDS)),
            tuple(range(1, EPOCHS + 1)),
            (0.1,) * EPOCHS,
            np.isin(np.arange(n), examples.train_rows),
        ),
        checkpoints=kept,
        input_gradient_spread={k: rng.random((SEEDS, n)) for k in STAGES},
        stage_epochs=STAGES,
        out_of_fold=rng.dirichlet(np.ones(classes), n),
        fold_models=folds,
        embedding=points,
        embedding_name="points",
        texts=_texts(examples),
        weight_decay=1e-3,
    )


def _texts(examples: ExampleTable) -> np.ndarray:
    """[N] texts of common words, of words of a class, and of some words that no other text has."""
    rng = np.random.default_rng(7)
    words = [
        [*rng.choice(["the", "a", "of", "to", "it"], 4), f"class{label}", *(f"only{row}x{j}" for j in range(row % 3))]
        for row, label in enumerate(examples.labels)
    ]
    return np.array([" ".join(one) for one in words], dtype=object)


def _train(features: np.ndarray, examples: ExampleTable, rows: np.ndarray, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    weights = 0.1 * rng.standard_normal((features.shape[1], examples.class_count))
    path, x = [], features[rows].astype(np.float64)
    for _ in range(EPOCHS):
        z = np.exp(x @ weights - (x @ weights).max(axis=1, keepdims=True))
        delta = z / z.sum(axis=1, keepdims=True) - np.eye(examples.class_count)[examples.labels[rows]]
        weights = weights - 0.3 * x.T @ delta / max(len(rows), 1)
        path.append(weights)
    return path


def _checkpoint(seed: int, epoch: int, features: np.ndarray, logits: np.ndarray, rng) -> CheckpointEvidence:
    return CheckpointEvidence(
        Checkpoint(seed, epoch, 0.1), logits, features, rng.random(len(features)).astype(np.float32)
    )


def _fold(fold: int, features: np.ndarray, examples: ExampleTable) -> FoldModel:
    rows = examples.train_rows[np.arange(len(examples.train_rows)) % FOLDS != fold]
    weights = _train(features, examples, rows, fold)[-1]
    return FoldModel(
        fold, (features @ weights).astype(np.float32), features, np.isin(np.arange(len(features)), rows), 1e-3
    )


def take(world: World, order: np.ndarray) -> World:
    """The same world with its rows in another order."""
    e, t = world.evidence, world.evidence.trace
    examples = replace(
        world.examples,
        ids=world.examples.ids[order],
        labels=world.examples.labels[order],
        splits=world.examples.splits[order],
        source_index=world.examples.source_index[order],
    )
    return World(
        examples,
        replace(
            e,
            trace=replace(t, logits=t.logits[:, :, order], trained=t.trained[order]),
            checkpoints=tuple(
                replace(c, logits=c.logits[order], features=c.features[order], gradient_norm=c.gradient_norm[order])
                for c in e.checkpoints
            ),
            input_gradient_spread={k: v[:, order] for k, v in e.input_gradient_spread.items()},
            out_of_fold=e.out_of_fold[order],
            embedding=e.embedding[order],
            texts=e.texts[order],
            fold_models=tuple(
                replace(f, logits=f.logits[order], features=f.features[order], trained=f.trained[order])
                for f in e.fold_models
            ),
        ),
    )


def as_float64(world: World) -> World:
    """The same world with every array of numbers in double precision."""
    e = world.evidence
    wide = {f.name: _wide(getattr(e, f.name)) for f in fields(e) if f.name != "trace"}
    return replace(world, evidence=replace(e, **wide, trace=replace(e.trace, logits=e.trace.logits.astype(np.float64))))


def _wide(value):
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value.astype(np.float64)
    if isinstance(value, tuple) and value and isinstance(value[0], (CheckpointEvidence, FoldModel)):
        return tuple(replace(one, **{f.name: _wide(getattr(one, f.name)) for f in fields(one)}) for one in value)
    return value


PARTS: dict[Signal, dict] = {
    Signal.LOGITS: {"trace": None},
    Signal.FEATURES: {"checkpoints": ()},
    Signal.GRADIENT_NORM: {"checkpoints": ()},
    Signal.INPUT_GRADIENT_SPREAD: {"input_gradient_spread": {}},
    Signal.OUT_OF_FOLD: {"out_of_fold": None},
    Signal.FOLD_MODELS: {"fold_models": ()},
    Signal.EMBEDDING: {"embedding": None},
    Signal.TEXTS: {"texts": None},
    Signal.THRESHOLD_SAMPLES: {"threshold_runs": ()},
}


def only_declared(world: World, method: ScoreMethod) -> World:
    """The world without the parts that `method` did not ask for."""
    lacking: dict = {}
    kept = {part for signal in method.needs for part in PARTS[signal]}
    for signal in Signal:
        lacking |= {part: empty for part, empty in PARTS[signal].items() if part not in kept}
    return replace(world, evidence=replace(world.evidence, **lacking))
