"""Is influence true? Against exact retraining of a convex model, and against perceptrons trained on random subsets.

`python -m tests.benchmarks.truth_influence [--quick] [--json FILE or -]` prints two tables, the first beside the
figures of METHODS: Influence against retraining, and keeps both in results/. LDS on W1: the recipe of METHODS, Flipped
digits on 1,497 digits; 100 held-out digits; 100 random halves of six models each (quick: 50 of four); margins; CPU
seconds on one thread for one checkpoint.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.library.influence_pairs import InfluenceSettings, influence_pairs
from core.models.mlp import Mlp
from core.scores.shared.subset_runs import influence_of_runs
from tests.benchmarks.measure import environment, keep, markdown_table
from tests.benchmarks.subset_models import DECAY, SubsetRuns, checkpoints, subset_runs
from tests.benchmarks.truth_convex import ASKED, convex_figures
from tests.benchmarks.workloads import Workload, digits

TARGETS, LATE, FEW = 100, (40, 50, 60), 5


@dataclass(frozen=True, eq=False)
class Method:
    """A way to take influence on W1; targets: fewer for those that iterate once per target."""

    title: str
    settings: dict[str, Any]
    targets: int = TARGETS


def whole(method: str, **settings: Any) -> dict[str, Any]:
    return {"method": method, "weight_decay": DECAY, **settings}


def last(method: str) -> dict[str, Any]:
    return {"method": method, "weight_decay": DECAY, "layers": "last"}


METHODS = (
    Method("Gauss-Newton, all layers", whole("gauss_newton")),
    Method("Gauss-Newton, 500 directions", whole("gauss_newton", directions=500)),
    Method("EK-FAC, all layers, damping 1 x", {"method": "ekfac", "damping": 1.0}),
    Method("EK-FAC, all layers, damping 3 x", {"method": "ekfac", "damping": 3.0}),
    Method("EK-FAC, all layers, damping 1 x and weight decay", whole("ekfac")),
    Method("DataInf, all layers", whole("datainf")),
    Method("TracIn, all layers", {"method": "tracin"}),
    Method("TracIn, all layers, normalized", {"method": "tracin_normalized"}),
    Method("TRAK, no projection", whole("trak")),
    Method("TRAK, k = 512", whole("trak", k=512)),
    Method("exact, last layer", last("exact")),
    Method("conjugate gradients, last layer", last("cg"), FEW),
    Method("LiSSA, last layer", last("lissa"), FEW),
    Method("Arnoldi, last layer", last("arnoldi")),
    Method("EK-FAC, last layer", last("ekfac")),
    Method("DataInf, last layer", last("datainf")),
    Method("TracIn, last layer", last("tracin")),
)


def pairs(load: Workload, networks: Sequence[Mlp], method: Method) -> np.ndarray:
    """[V, N]; several networks count alike."""
    train = (load.x, load.targets)
    held_out = (load.held_out_x[: method.targets], load.held_out_labels[: method.targets])
    return influence_pairs(list(networks), train, held_out, settings=InfluenceSettings(**method.settings)).values


def timed(work: Callable[[], np.ndarray], repeats: int) -> tuple[np.ndarray, float]:
    """(result, CPU seconds of the fastest of the calls)."""
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        found = work()
        spent.append(time.process_time() - began)
    return found, min(spent)


def method_figures(
    load: Workload, runs: SubsetRuns, late: Sequence[Mlp], ends: Sequence[Mlp], method: Method
) -> dict[str, float]:
    """LDS of the last checkpoint, of three late ones of one training, of the ends of three trainings; CPU seconds."""
    one, cpu = timed(lambda: pairs(load, late[-1:], method), 3 if method.targets == TARGETS else 1)
    print(method.title, file=sys.stderr, flush=True)
    found = {"targets": method.targets, "one": runs.lds(one), "cpu": cpu}
    if method.targets == TARGETS:
        found["late"] = runs.lds(pairs(load, late, method))
        found["seeds"] = runs.lds(pairs(load, ends, method))
    return found


def subset_figures(load: Workload, runs: SubsetRuns, count: int) -> dict[str, dict[str, float]]:
    """LDS of the subset estimator (Feldman & Zhang) from `count` other runs."""
    began = time.process_time()
    others = subset_runs(load, count, 1, 0.7, seed=77)
    spent = time.process_time() - began
    outcomes = others.targets[:, 0, :TARGETS]
    return {
        f"subset influence, margins, {count} runs": {
            "targets": TARGETS,
            "one": runs.lds(influence_of_runs(others.inside, outcomes)),
            "cpu": spent,
        },
        f"subset influence, right or wrong, {count} runs": {
            "targets": TARGETS,
            "one": runs.lds(influence_of_runs(others.inside, outcomes > 0)),
            "cpu": spent,
        },
    }


def lds_figures(quick: bool) -> dict[str, Any]:
    """Every method's LDS on W1 and the ceiling."""
    load = digits()
    runs = subset_runs(load, *((50, 4) if quick else (100, 6)), 0.5, seed=5)
    late = checkpoints(load, 1, LATE)
    ends = [late[-1], *(checkpoints(load, seed, LATE[-1:])[0] for seed in (2, 3))]
    methods = {one.title: method_figures(load, runs, late, ends, one) for one in METHODS}
    methods.update(subset_figures(load, runs, 100 if quick else 200))
    half = runs.split_half()
    return {
        "subsets": len(runs.inside),
        "models_per_subset": runs.targets.shape[1],
        "split_half": half,
        "ceiling": float(np.sqrt(2 * half / (1 + half))),
        "accuracy": float((runs.targets > 0).mean()),
        "methods": methods,
    }


def lds_table(found: dict[str, Any]) -> str:
    """The LDS table with its ceiling in words."""
    cells = [
        [title, *(f"{row[name]:.3f}" if name in row else "-" for name in ("one", "late", "seeds")), f"{row['cpu']:.3g}"]
        for title, row in found["methods"].items()
    ]
    head = ("W1, method", "one checkpoint", "mean of epochs 40, 50, 60", "mean of three trainings", "CPU s")
    words = (
        f"{found['subsets']} random halves, {found['models_per_subset']} models each; one half of the models orders "
        f"the subsets like the other with {found['split_half']:.3f}: no method can pass about {found['ceiling']:.3f}. "
        f"Conjugate gradients and LiSSA: {FEW} targets.\n"
    )
    return markdown_table(head, cells) + "\n" + words


def convex_table(found: dict[str, dict[str, float]]) -> str:
    """The convex table beside the published figures."""
    cells = []
    for title, row in found.items():
        asked = ASKED.get(title, {})
        cells.append([title, *(_beside(row, asked, name) for name in ("pearson", "spearman", "slope", "lds"))])
    return markdown_table(("digits 3 or 8, method", "Pearson (asked)", "Spearman", "slope", "LDS"), cells)


def _beside(row: dict[str, float], asked: dict[str, float], name: str) -> str:
    reached = f"{row[name]:.4f}" if name in row else "-"
    return f"{reached} ({asked[name]:g})" if name in asked else reached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer subsets, within three minutes")
    parser.add_argument("--json", help="write the figures to this file, or to the standard output: -")
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures = {"convex": convex_figures(100 if options.quick else 200), "w1": lds_figures(options.quick)}
    figures["environment"] = environment()
    table = convex_table(figures["convex"]) + "\n" + lds_table(figures["w1"])
    print(table, file=sys.stderr if options.json == "-" else sys.stdout)
    if not options.quick:
        keep("truth_influence", figures, table)
    if options.json == "-":
        print(json.dumps(figures, indent=1))
    elif options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
