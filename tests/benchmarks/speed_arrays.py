"""Speed of scores of arrays: valuation, density, label quality, outlier gradients, dynamics, texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from core.library import score_embeddings, score_logits, score_probabilities, score_texts
from core.scores.knn_shapley import knn_shapley
from core.scores.outlier_gradient import distance_to_mean
from core.scores.shared.text_features import words_and_marks
from core.types.evidence import CheckpointEvidence
from core.types.trace import Checkpoint
from tests.benchmarks import peers_arrays as others
from tests.benchmarks.comparison import Comparison, Peer
from tests.benchmarks.measure import Work
from tests.benchmarks.peers import PEERS
from tests.benchmarks.workloads import product

POINTS, TARGETS, WIDTH, CLASSES = 50_000, 1_000, 64, 10
_FEW_TARGETS = 10  # for a peer that loops in Python over all points


def gaussian(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(points [rows, 64] float32, labels [rows]): ten overlapping classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, rows)
    centers = np.random.default_rng(99).normal(size=(CLASSES, WIDTH)).astype(np.float32)
    return rng.standard_normal((rows, WIDTH), dtype=np.float32) + 0.5 * centers[labels], labels


def texts(rows: int, words: int = 150) -> list[str]:
    """Random texts over 5,000 words whose frequencies fall as in language."""
    rng = np.random.default_rng(0)
    share = 1.0 / np.arange(1, 5_001)
    drawn = rng.choice(5_000, (rows, words), p=share / share.sum())
    return [" ".join(f"w{word}" for word in row) for row in drawn]


def shapley(rows: int = POINTS, targets: int = TARGETS) -> Work:
    """KNN-Shapley of `rows` points for `targets` targets."""
    (points, labels), (to, wanted) = gaussian(rows), gaussian(targets, 1)
    return lambda: knn_shapley(points, labels, to, wanted, 10)


def memory_of_shapley(threads: int) -> Work:
    """Set-up for the memory figure."""
    torch.set_num_threads(threads)
    return shapley()


def shapley_row() -> Comparison:
    """50,000 x 1,000 against its bare float32 matrix product."""
    (points, labels), (to, wanted) = gaussian(POINTS), gaussian(TARGETS, 1)
    few = (points, labels, to[:_FEW_TARGETS], wanted[:_FEW_TARGETS])
    peer = Peer(
        "pyDVL",
        "pydvl",
        PEERS["pydvl"],
        partial(others.pydvl_knn_shapley, *few),
        lambda: knn_shapley(*few, 10),
        f"both at {_FEW_TARGETS} targets",
    )
    return Comparison(
        "knn_shapley 50,000 x 1,000",
        f"{WIDTH} columns",
        lambda: knn_shapley(points, labels, to, wanted, 10),
        lambda: product(points, to),
        "float32 matrix product",
        7.0,
        [peer],
        ("tests.benchmarks.speed_arrays:memory_of_shapley", {"threads": torch.get_num_threads()}),
    )


def rows() -> list[Comparison]:
    """Every row on arrays."""
    return [shapley_row(), _outlier_gradient(), _label_quality(), *_density(), _valuation(), _dynamics(), _dsir()]


def _outlier_gradient() -> Comparison:
    """W1's shape: 1,497 rows, last layer 128 + 1 by 10."""
    rng = np.random.default_rng(0)
    features = np.abs(rng.standard_normal((1_497, 128))).astype(np.float32)
    logits, labels = rng.standard_normal((1_497, 10)).astype(np.float32), rng.integers(0, 10, 1_497)
    one, everyone = CheckpointEvidence(Checkpoint(0, 1, 0.1), logits, features), np.arange(1_497)
    peer = Peer("isolation forest", "sklearn", PEERS["sklearn"], partial(others.forest, logits, features))
    work = partial(distance_to_mean, one, labels, everyone)
    return Comparison("outlier_gradient, distance", "1,497 x 129 x 10", work, peers=[peer])


def _label_quality() -> Comparison:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(CLASSES), POINTS), rng.integers(0, CLASSES, POINTS)
    peer = Peer("cleanlab", "cleanlab", PEERS["cleanlab"], partial(others.cleanlab_quality, labels, probabilities))
    work = partial(score_probabilities, probabilities, labels, scores=["label_quality"])
    return Comparison(
        "label_quality",
        "50,000 x 10",
        work,
        peers=[peer],
        note="with checks and issue estimate, which the call alone lacks",
    )


def _density() -> list[Comparison]:
    points, labels = gaussian(10_000)

    def ours(*names: str) -> Work:
        return partial(score_embeddings, points, labels, scores=list(names))

    def row(name: str, made: Sequence[tuple[str, str, Any]], limit: bool = True) -> Comparison:
        peers = [Peer(title, module, PEERS[module], make) for title, module, make in made]
        bare = partial(product, points, points) if limit else None
        return Comparison(name, "10,000 x 64", ours(name), bare, "float32 matrix product" if limit else "", peers=peers)

    return [
        row(
            "knn_distance",
            [
                ("scikit-learn", "sklearn", partial(others.sklearn_neighbors, points, 10)),
                ("faiss", "faiss", partial(others.faiss_neighbors, points, 10)),
            ],
        ),
        row("lof", [("scikit-learn", "sklearn", partial(others.sklearn_lof, points, 20))]),
        row(
            "prototype_distance",
            [
                ("scikit-learn", "sklearn", partial(others.sklearn_kmeans, points, CLASSES)),
                ("faiss", "faiss", partial(others.faiss_kmeans, points, CLASSES)),
            ],
            limit=False,
        ),
        row("duplicate_similarity", []),
        row("mahalanobis", [], limit=False),
    ]


def _valuation() -> Comparison:
    """The other two exact values of the same game, 5,000 rows for 500 targets."""
    points, labels = gaussian(5_500)
    held_out = np.arange(5_500) >= 5_000
    names = ["knn_banzhaf", "retrieval_importance"]
    return Comparison(
        "knn_banzhaf and retrieval_importance",
        "5,000 x 500",
        partial(score_embeddings, points, labels, held_out=held_out, scores=names),
        partial(product, points[:5_000], points[5_000:]),
        "float32 matrix product",
    )


def _dynamics() -> Comparison:
    """All scores of training dynamics over 10 epochs of 20,000 rows; the limit reads the logits once as float64."""
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((1, 10, 20_000, 10)).astype(np.float32), rng.integers(0, 10, 20_000)
    names = ["forgetting", "first_learned", "aum", "confidence", "variability", "correctness"]
    return Comparison(
        "six scores of training dynamics",
        "10 x 20,000 x 10",
        partial(score_logits, logits, labels, scores=names),
        lambda: [np.exp(part.astype(np.float64)).sum(axis=1) for part in logits[0]],
        "one exponential of every logit",
    )


def _dsir() -> Comparison:
    every = texts(6_000)
    held_out = np.arange(6_000) >= 5_000
    make = partial(others.data_selection_dsir, every[:5_000], every[5_000:])
    return Comparison(
        "dsir",
        "6,000 x 150 words",
        partial(score_texts, every, held_out=held_out, scores=["dsir"]),
        lambda: [words_and_marks(text) for text in every],
        "splitting into words",
        2.0,
        [Peer("data-selection", "data_selection", PEERS["data_selection"], make)],
    )
