"""Other libraries on embeddings, probabilities, gradients and texts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.measure import Work


def pydvl_knn_shapley(points: np.ndarray, labels: np.ndarray, targets: np.ndarray, wanted: np.ndarray) -> Work:
    """pyDVL's exact KNN-Shapley, brute-force neighbors."""
    from pydvl.valuation import Dataset, KNNShapleyValuation
    from sklearn.neighbors import KNeighborsClassifier

    train = Dataset(points, labels)
    method = KNNShapleyValuation(
        KNeighborsClassifier(10, algorithm="brute"), Dataset(targets, wanted), progress=False, clone_before_fit=False
    )
    return lambda: method.fit(train)


def forest(deltas: np.ndarray, features: np.ndarray) -> Work:
    """scikit-learn's isolation forest on the last layer's gradients, as outlier gradient analysis was published."""
    from sklearn.ensemble import IsolationForest

    def work() -> Any:
        gradients = (deltas[:, :, None] * features[:, None, :]).reshape(len(features), -1).astype(np.float32)
        return IsolationForest(random_state=0).fit(gradients).score_samples(gradients)

    return work


def cleanlab_quality(labels: np.ndarray, probabilities: np.ndarray) -> Work:
    """cleanlab called directly."""
    from cleanlab.rank import get_label_quality_scores

    return lambda: get_label_quality_scores(labels, probabilities)


def sklearn_kmeans(points: np.ndarray, clusters: int) -> Work:
    """scikit-learn's k-means from three starts, and the distance to the nearest center."""
    from sklearn.cluster import KMeans

    return lambda: [KMeans(clusters, n_init=1, random_state=s).fit(points).transform(points).min(1) for s in range(3)]


def faiss_kmeans(points: np.ndarray, clusters: int) -> Work:
    """faiss k-means from three starts."""
    import faiss

    def work() -> Any:
        return [
            faiss.Kmeans(points.shape[1], clusters, niter=50, seed=s, max_points_per_centroid=10**6).train(points)
            for s in range(3)
        ]

    return work


def sklearn_neighbors(points: np.ndarray, k: int) -> Work:
    """scikit-learn's exact neighbors, brute force."""
    from sklearn.neighbors import NearestNeighbors

    return lambda: NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors()


def faiss_neighbors(points: np.ndarray, k: int) -> Work:
    """faiss' exact flat index."""
    import faiss

    def work() -> Any:
        index = faiss.IndexFlatL2(points.shape[1])
        index.add(points)
        return index.search(points, k + 1)

    return work


def sklearn_lof(points: np.ndarray, k: int) -> Work:
    """scikit-learn's local outlier factor."""
    from sklearn.neighbors import LocalOutlierFactor

    return lambda: LocalOutlierFactor(n_neighbors=k, algorithm="brute").fit(points).negative_outlier_factor_


def data_selection_dsir(raw: list[str], target: list[str]) -> Work:
    """The published DSIR, on files, in this process."""
    from data_selection import HashedNgramDSIR

    folder = tempfile.TemporaryDirectory()
    files = []
    for name, texts in (("raw", raw), ("target", target)):
        files.append(Path(folder.name) / f"{name}.jsonl")
        files[-1].write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")

    def work() -> None:
        method = HashedNgramDSIR([str(files[0])], [str(files[1])], cache_dir=folder.name + "/cache", num_proc=1)
        method.fit_importance_estimator(num_tokens_to_fit="all")
        method.compute_importance_weights()

    return work
