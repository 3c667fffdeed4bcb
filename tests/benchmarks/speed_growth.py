"""How time grows with the data: one member of each family at N, 4 N and 16 N."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from core.library import score_embeddings, score_logits, score_probabilities, score_texts
from tests.benchmarks import speed_arrays, speed_pairs, speed_passes
from tests.benchmarks.measure import Work, alternate, growth
from tests.benchmarks.workloads import digits, table

ROUNDS = 3


def _passes(name: str) -> Callable[[int], Work]:
    load = table()
    return lambda size: partial(speed_passes.Bench.of(load.first(size)).score, [name])


def _pairs(size: int) -> Work:
    load = digits().first(size)
    return speed_pairs.ours(load, [load.build(0).eval()], "ekfac")


def _neighbors(size: int) -> Work:
    points, labels = speed_arrays.gaussian(size)
    return partial(score_embeddings, points, labels, scores=["knn_distance"])


def _quality(size: int) -> Work:
    rng = np.random.default_rng(0)
    return partial(
        score_probabilities, rng.dirichlet(np.ones(10), size), rng.integers(0, 10, size), scores=["label_quality"]
    )


def _trace(size: int) -> Work:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((10, size, 10)).astype(np.float32)
    return partial(score_logits, logits, rng.integers(0, 10, size), scores=["forgetting", "aum"])


def _texts(size: int) -> Work:
    every = speed_arrays.texts(size)
    return partial(score_texts, every, held_out=np.arange(size) % 6 == 0, scores=["dsir"])


# family, what grows, smallest size, size -> work
FAMILIES: tuple[tuple[str, str, int, Callable[[int], Work]], ...] = (
    ("difficulty: loss", "rows of W3", 6_250, lambda size: _passes("loss")(size)),
    ("difficulty: grand", "rows of W3", 6_250, lambda size: _passes("grand")(size)),
    ("dynamics: forgetting, aum", "rows x 10 epochs", 2_500, _trace),
    ("influence: ekfac pairs", "rows of W1, 100 targets", 500, _pairs),
    ("valuation: knn_shapley", "points, 100 targets", 3_125, lambda size: speed_arrays.shapley(size, 100)),
    ("density: knn_distance", "points", 1_000, _neighbors),
    ("label quality: label_quality", "rows x 10 classes", 6_250, _quality),
    ("text: dsir", "texts of 150 words", 375, _texts),
)


def measured() -> list[dict[str, Any]]:
    """family, sizes, median seconds and the fitted exponent of each."""
    out = []
    for family, what, smallest, make in FAMILIES:
        print(f"growth  {family} ...", file=sys.stderr, flush=True)
        sizes = [smallest, 4 * smallest, 16 * smallest]
        seen = alternate({str(size): make(size) for size in sizes}, ROUNDS)
        seconds = [seen[str(size)].figures()["wall_min"] for size in sizes]
        exponent = growth(sizes, seconds)
        out.append(
            {
                "family": family,
                "what": f"{what}: {smallest:,}",
                "sizes": sizes,
                "seconds": seconds,
                "exponent": exponent,
            }
        )
    return out
