"""Maps and groups."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.embeddings import CLUSTERINGS, PROJECTIONS, HdbscanParams, KMeansParams, cluster, default_k, project
from core.embeddings import clusters as clusters_module
from core.embeddings import umap as umap_module
from core.types.errors import CurationError, DataError


def blobs(sizes=(60, 40, 20), dimensions=8, seed=0):
    rng = np.random.default_rng(seed)
    # each blob far out on its own axis: distance sqrt(2) * 20 standard deviations between any two
    centres = 20 * np.eye(dimensions)[: len(sizes)]
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return (centres[truth] + rng.normal(size=(len(truth), dimensions))).astype(np.float32), truth


def nearest_is_same(flat, truth):
    distance = ((flat[:, None] - flat[None]) ** 2).sum(-1)
    np.fill_diagonal(distance, np.inf)
    return (truth[distance.argmin(1)] == truth).mean()


def test_pca_equals_the_singular_vectors():
    vectors, _ = blobs()
    flat = project("pca", vectors)
    centred = vectors - vectors.mean(0)
    _, _, axes = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    expected = centred @ axes[:2].T
    signs = np.sign((flat * expected).sum(0))
    assert np.allclose(flat, expected * signs, atol=1e-3)  # float32 input


@pytest.mark.parametrize("shape", [(1, 4), (2, 4), (5, 1)])
def test_pca_gives_two_coordinates_whatever_there_is(shape):
    flat = project("pca", np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    assert flat.shape == (shape[0], 2)
    assert np.isfinite(flat).all()


def test_umap_keeps_neighbors_and_repeats_itself(monkeypatch):
    vectors, truth = blobs()
    flat = project("umap", vectors)
    assert nearest_is_same(flat, truth) == 1
    assert (flat == project("umap", vectors)).all()
    monkeypatch.setattr(umap_module, "FIT_LIMIT", 100)  # twenty rows are placed among the fitted ones
    assert nearest_is_same(project("umap", vectors), truth) > 0.95


def test_what_umap_compiles_is_kept_for_the_next_process():
    from umap.umap_ import smooth_knn_dist

    project("umap", blobs()[0])
    assert smooth_knn_dist.signatures
    assert list(Path(smooth_knn_dist.stats.cache_path).glob("umap_.smooth_knn_dist-*.nbi"))


@pytest.mark.parametrize("count", [5, 9])
def test_umap_of_a_handful(count):
    assert np.isfinite(project("umap", blobs()[0][:count])).all()


def test_umap_of_too_few_is_refused():
    with pytest.raises(DataError, match="at least 5 examples; there are 4"):
        project("umap", blobs()[0][:4])


def test_vectors_must_be_finite():
    vectors = blobs()[0]
    vectors[3, 2] = np.inf
    for method in PROJECTIONS:
        with pytest.raises(DataError, match="row 3 is not finite"):
            project(method.name, vectors)


def test_kmeans_finds_the_blobs_largest_first():
    vectors, truth = blobs()
    assert (cluster("kmeans", vectors, KMeansParams(k=3)) == truth).all()


def test_kmeans_never_makes_more_clusters_than_distinct_vectors():
    vectors = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    assert sorted(np.bincount(cluster("kmeans", vectors)).tolist()) == [5, 5, 5]


def test_hdbscan_finds_the_blobs_and_leaves_the_lonely(monkeypatch):
    vectors, truth = blobs()
    lonely = np.full((1, 8), -300, dtype=np.float32)
    labels = cluster("hdbscan", np.concatenate([vectors, lonely]))
    assert labels[-1] == -1
    assert (labels[:-1] == truth).mean() > 0.9
    monkeypatch.setattr(clusters_module, "DENSITY_ROWS", 80)  # the others join their nearest fitted row
    assert (cluster("hdbscan", vectors) == truth).mean() > 0.8


def test_hdbscan_of_fewer_rows_than_a_cluster():
    assert cluster("hdbscan", blobs()[0][:3]).tolist() == [-1, -1, -1]
    assert cluster("hdbscan", blobs()[0][:9], HdbscanParams(min_cluster_size=50)).tolist() == [-1] * 9


def test_default_k():
    assert default_k(2) == 10
    assert default_k(77) == 77


def test_unknown_names_are_said():
    with pytest.raises(CurationError, match='Unknown projection "tsne"'):
        project("tsne", blobs()[0])
    with pytest.raises(CurationError, match='Unknown clustering "x"'):
        cluster("x", blobs()[0])
    assert all(m.title and m.summary for m in (*PROJECTIONS, *CLUSTERINGS))


def test_importing_is_light():
    code = "import sys, core.embeddings; print(sorted({'torch', 'umap', 'sklearn', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
