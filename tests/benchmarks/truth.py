"""METHODS: Flipped digits again: which scores find flipped labels of scikit-learn's digits, on an MLP with five seeds.

The mean of five seeds moves by .01 with the seeds at 40 % noise and epoch 60, VoG by .05. So the published draws are
repeated to the last batch (numpy generator of the seed: weights, then batches); `--loop core` trains with the project's
own loop, whose order of batches differs.

`python -m tests.benchmarks.truth` prints the table reached beside the table asked for; `--json FILE` writes it too.
`... truth noise` and `... truth influence` are the other tables (modules truth_noise, truth_influence; own options).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split

from core.models.mlp import Mlp
from core.models.vector_rows import VectorRows
from core.scores import ScoreInputs, score_named
from core.scores.shared.formulas import softmax
from core.training.loop import TrainingRows, train
from core.training.passes import PassOutputs, PassSettings, run_pass
from core.training.plan import TrainingPlan
from core.training.spread import StageSpreads
from core.types.evidence import CheckpointEvidence, Evidence
from core.types.examples import ExampleTable, Modality
from core.types.progress import SilentProgress
from core.types.ranks import average_rank
from core.types.signals import Signal
from core.types.trace import Checkpoint, TrainingTrace

NOISE = (0.1, 0.2, 0.4)
SEEDS, EPOCHS, KEPT = 5, 60, (0, 5, 60)
PLAN = TrainingPlan(epochs=EPOCHS, batch_size=64, learning_rate=0.1, momentum=0.9, weight_decay=5e-4)
STAGES = {"early": tuple(range(1, 21)), "late": tuple(range(41, 61))}
QUIET = SilentProgress()
OTHERS = {"noise": "tests.benchmarks.truth_noise", "influence": "tests.benchmarks.truth_influence"}


@dataclass(frozen=True)
class Row:
    """One row of the table: a score, its settings, the sign that makes flipped labels high, the figures asked for."""

    title: str
    score: str
    params: Mapping[str, object]
    sign: int
    asked: tuple[float, float, float]
    within: float = 0.01


ROWS = (
    Row("GraNd epoch 0", "grand", {"epochs": "0"}, 1, (0.527, 0.475, 0.500)),
    Row("GraNd epoch 5", "grand", {"epochs": "5"}, 1, (0.999, 0.997, 0.990)),
    Row("EL2N epoch 1", "el2n", {"epochs": "1"}, 1, (0.995, 0.995, 0.990)),
    Row("EL2N epoch 5", "el2n", {"epochs": "5"}, 1, (0.999, 0.998, 0.995)),
    Row("EL2N epoch 60", "el2n", {"epochs": "60"}, 1, (0.992, 0.973, 0.863)),
    Row("-AUM (60 epochs)", "aum", {"last_epoch": "all"}, -1, (0.999, 0.997, 0.985)),
    Row("-confidence", "confidence", {}, -1, (0.999, 0.997, 0.979)),
    Row("variability", "variability", {}, 1, (0.946, 0.929, 0.792)),
    Row("forgetting, never = T", "forgetting", {"break_ties": False}, 1, (0.997, 0.987, 0.934)),
    Row("VoG early, in class", "vog", {"stage": "early"}, 1, (0.178, 0.273, 0.346)),
    Row("VoG late, in class", "vog", {"stage": "late"}, 1, (0.961, 0.872, 0.680)),
    Row("last-layer gradient, epoch 60", "grand_last", {"epochs": "60"}, 1, (0.992, 0.974, 0.865)),
    Row("OGA forest, epoch 60", "outlier_gradient", {"epochs": "60", "detector": "forest"}, 1, (0.986, 0.972, 0.873)),
    Row("-GradNorm-OOD, epoch 60", "gradnorm_ood", {"epochs": "60"}, -1, (0.835, 0.779, 0.707)),
    Row("-KNN-Shapley, 200 clean", "knn_shapley", {"k": 10}, -1, (0.995, 0.994, 0.994)),
    Row("-label quality, 5 folds", "label_quality", {}, -1, (0.998, 0.994, 0.984)),
    Row("-AUM (20 epochs)", "aum", {"last_epoch": "20"}, -1, (0.9995, 0.9987, 0.9962), 0.003),
)
COMPOSITE = ("EL2N epoch 5", "-AUM (20 epochs)", "-label quality, 5 folds", "-KNN-Shapley, 200 clean")
COMPOSITE_ASKED = (0.9996, 0.9987, 0.9973)
NO_CLEAN_ASKED = (0.9993, 0.9978, 0.9941)


@dataclass(frozen=True, eq=False)
class Problem:
    """Digits with flipped labels: 1,297 training rows, then 200 clean held-out ones, and which labels are flipped."""

    examples: ExampleTable
    x: np.ndarray
    flipped: np.ndarray


def problem(noise: float) -> Problem:
    """The set-up of METHODS: Flipped digits at one noise rate."""
    x, y = load_digits(return_X_y=True)
    x = x / 16 - (x / 16).mean(axis=0)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=500, stratify=y, random_state=0)
    rng = np.random.default_rng(1)
    flip = rng.random(len(train_y)) < noise
    noisy = train_y.copy()
    noisy[flip] = (train_y[flip] + rng.integers(1, 10, size=flip.sum())) % 10
    labels = np.concatenate([noisy, test_y[:200]]).astype(np.int64)
    n = len(labels)
    examples = ExampleTable(
        name="digits",
        modality=Modality.TRACE,
        ids=np.arange(n).astype(str),
        inputs=None,
        labels=labels,
        class_names=tuple("0123456789"),
        splits=np.where(np.arange(n) < len(noisy), "train", "valid"),
        groups=None,
        source_index=np.arange(n),
        source_path=None,
        columns=pd.DataFrame(index=range(n)),
        fingerprint=f"digits {noise}",
    )
    return Problem(examples, np.concatenate([train_x, test_x[:200]]).astype(np.float32), flip)


def network(rng: np.random.Generator) -> Mlp:
    """MLP 64-128-10: He-normal first layer, N(0, 1/128) head, zero biases."""
    net = Mlp((64, 128), 10)
    first, head = net.hidden[0], net.head
    with torch.no_grad():
        first.weight.copy_(torch.from_numpy(rng.normal(size=(64, 128)).T * (2 / 64) ** 0.5))
        head.weight.copy_(torch.from_numpy(rng.normal(size=(128, 10)).T * (1 / 128) ** 0.5))
        first.bias.zero_()
        head.bias.zero_()
    return net


def train_as_published(net: Mlp, given: Problem, rng: np.random.Generator, look: Callable[[int], None]) -> None:
    """Plain numpy twin of the training loop that draws its batches from the generator of the weights."""
    rows = given.examples.train_rows
    x, y = given.x[rows], np.eye(10, dtype=np.float32)[given.examples.labels[rows]]
    w1, b1, w2, b2 = weights = [p.detach().numpy().T for p in (*net.hidden[0].parameters(), *net.head.parameters())]
    speed = [np.zeros_like(w) for w in weights]
    for epoch in range(1, EPOCHS + 1):
        order = rng.permutation(len(rows))
        for start in range(0, len(rows), PLAN.batch_size):
            part = order[start : start + PLAN.batch_size]
            h = np.maximum(x[part] @ w1 + b1, 0)
            delta = (softmax(h @ w2 + b2) - y[part]) / len(part)
            back = (delta @ w2.T) * (h > 0)
            for w, v, g in zip(weights, speed, (x[part].T @ back, back.sum(0), h.T @ delta, delta.sum(0)), strict=True):
                v[...] = PLAN.momentum * v + g + (PLAN.weight_decay * w if w.ndim > 1 else 0)
                w -= np.float32(PLAN.learning_rate) * v  # the arrays share memory with the network's parameters
        look(epoch)


def train_as_core(net: Mlp, given: Problem, seed: int, look: Callable[[int], None]) -> None:
    """The project's own loop, from the same weights with its own order of batches."""
    train(
        net,
        TrainingRows(VectorRows(given.x), given.examples.labels, given.examples.train_rows),
        seed=seed,
        plan=PLAN,
        progress=QUIET,
        on_epoch=lambda end: look(end.epoch),
    )


def one_seed(
    given: Problem, seed: int, logits: np.ndarray, loop: str
) -> tuple[list[CheckpointEvidence], dict[str, np.ndarray]]:
    """Train once; fill `logits` [T, N, C]; the kept checkpoints and the spread of input gradients of each stage."""
    rng = np.random.default_rng(seed)
    net, rows, labels = network(rng), VectorRows(given.x), given.examples.labels
    spreads, kept = StageSpreads(len(labels), STAGES), []

    def look(epoch: int) -> None:
        signals = {Signal.FEATURES, Signal.GRADIENT_NORM} if epoch in KEPT else set()
        if any(epoch in stage for stage in STAGES.values()):
            signals.add(Signal.INPUT_GRADIENT_SPREAD)
            spreads.begin(epoch)
        into, settings = PassOutputs(input_gradients=spreads.add), PassSettings(batch=2_000)
        seen = run_pass(net, rows, labels, frozenset(signals), progress=QUIET, into=into, settings=settings)
        spreads.end(epoch)
        if epoch > 0:
            logits[epoch - 1] = seen.logits
        if epoch in KEPT:
            kept.append(
                CheckpointEvidence(Checkpoint(seed, epoch, 0.1), seen.logits, seen.features, seen.gradient_norm)
            )

    look(0)
    if loop == "core":
        train_as_core(net, given, seed, look)
    else:
        train_as_published(net, given, rng, look)
    return kept, spreads.results


def evidence(given: Problem, seeds: int = SEEDS, loop: str = "published") -> Evidence:
    """Everything the rows of the table read."""
    n, train_rows = len(given.examples), given.examples.train_rows
    logits = np.empty((seeds, EPOCHS, n, 10), np.float32)
    seen = [one_seed(given, seed, logits[seed], loop) for seed in range(seeds)]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    out_of_fold = np.full((n, 10), np.nan)
    out_of_fold[train_rows] = cross_val_predict(
        LogisticRegression(max_iter=2_000),
        given.x[train_rows],
        given.examples.labels[train_rows],
        cv=folds,
        method="predict_proba",
    )
    return Evidence(
        trace=TrainingTrace(
            logits, tuple(range(seeds)), tuple(range(1, EPOCHS + 1)), (0.1,) * EPOCHS, np.isin(np.arange(n), train_rows)
        ),
        checkpoints=tuple(c for kept, _ in seen for c in kept),
        input_gradient_spread={name: np.stack([spread[name] for _, spread in seen]) for name in STAGES},
        stage_epochs=STAGES,
        out_of_fold=out_of_fold,
        embedding=given.x,
        embedding_name="pixels",
        weight_decay=5e-4,
    )


def measure(noise: float, seeds: int = SEEDS, loop: str = "published") -> dict[str, dict[str, float]]:
    """title -> AUROC and average precision of the seeds' mean, and mean AUROC of single seeds."""
    given = problem(noise)
    seen, train_rows, values = evidence(given, seeds, loop), given.examples.train_rows, {}
    out: dict[str, dict[str, float]] = {}
    for row in ROWS:
        method = score_named(row.score)
        result = method.compute(ScoreInputs(given.examples, seen, method.needs), method.params(**row.params), QUIET)
        values[row.title] = row.sign * result.values[train_rows]
        out[row.title] = found(given.flipped, values[row.title])
        if result.per_seed is not None:
            single = [found(given.flipped, row.sign * one[train_rows])["auroc"] for one in result.per_seed]
            out[row.title]["one_seed"] = float(np.mean(single))
    ranks = {title: average_rank(values[title]) for title in COMPOSITE}
    out["composite of four"] = found(given.flipped, np.mean(list(ranks.values()), axis=0))
    out["composite without clean rows"] = found(given.flipped, np.mean([ranks[t] for t in COMPOSITE[:3]], axis=0))
    return out


def found(flipped: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """How well high values point at the flipped labels."""
    return {
        "auroc": float(roc_auc_score(flipped, values)),
        "average_precision": float(average_precision_score(flipped, values)),
    }


def asked() -> tuple[Row, ...]:
    """All rows with the figures asked for, composites last."""
    last = replace(ROWS[-1], params={}, within=0.003)
    return (
        *ROWS,
        replace(last, title="composite of four", asked=COMPOSITE_ASKED),
        replace(last, title="composite without clean rows", asked=NO_CLEAN_ASKED),
    )


def line(row: Row, cells: list[dict[str, float]]) -> str:
    """One row of the printed table; OFF where a figure is further away than it may be."""
    auroc = [cell["auroc"] for cell in cells]
    off = any(abs(a - b) > row.within for a, b in zip(auroc, row.asked, strict=True))
    single = _slashed([cell["one_seed"] for cell in cells], 3) if "one_seed" in cells[0] else "-"
    return f"{row.title:32} {_slashed(auroc, 4):24} {'OFF' if off else '':9} {_slashed(row.asked, 4):24} {single}"


def _slashed(figures: Sequence[float], digits: int) -> str:
    return " / ".join(f"{one:.{digits}f}" for one in figures)


def main() -> None:
    if sys.argv[1:2] and sys.argv[1] in OTHERS:
        module = import_module(OTHERS[sys.argv.pop(1)])
        module.main()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument(
        "--loop",
        choices=("published", "core"),
        default="published",
        help="The published order of batches (a numpy twin), or the project's own training loop.",
    )
    options = parser.parse_args()
    reached = {noise: measure(noise, loop=options.loop) for noise in NOISE}
    print(f"{'score':32} {'reached (10 / 20 / 40 % flipped)':34} {'asked':24} one seed")
    for row in asked():
        print(line(row, [reached[noise][row.title] for noise in NOISE]))
    if options.json:
        options.json.write_text(json.dumps({str(noise): figures for noise, figures in reached.items()}, indent=1))


if __name__ == "__main__":
    main()
