"""What leaving out one row does to a classifier, in closed form: nearest neighbors and nearest class means.

Both are paid like the ridge classifier of `ridge_game`: v = 1 - mean over targets ||f(x) - onehot(y)||^2, and give
[n] v(all) - v(all but the row), equal to refitting without it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.numerics.neighbors import nearest_neighbors
from core.scores.shared.ridge_game import RidgeGame

_BLOCK_CELLS = 4_000_000  # of the [targets, rows] table of one class held at a time: 32 MB


def neighbor_removals(game: RidgeGame, k: int) -> Float64[np.ndarray, " row"]:
    """f: the share of K votes of the K nearest (the divisor stays K). O(V K) after the search.

    Leaving out one of the K lets the next one in, so f moves by (onehot of its label - onehot of the row's) / K.
    """
    count = min(k + 1, len(game))
    order = nearest_neighbors(game.x.astype(np.float32), count, queries=game.targets.astype(np.float32)).rows
    label, voters = game.y.argmax(axis=1)[order], order[:, :k]
    votes = game.y[voters].sum(axis=1) / k
    residual = votes - game.target_labels
    change = np.zeros((*voters.shape, game.y.shape[1]))
    if count > k:
        change += game.y[order[:, k]][:, None, :] / k
    np.put_along_axis(
        change, label[:, :k, None], np.take_along_axis(change, label[:, :k, None], axis=2) - 1.0 / k, axis=2
    )
    gain = 2.0 * np.einsum("vkc,vc->vk", change, residual) + (change**2).sum(axis=2)
    return np.bincount(voters.ravel(), weights=gain.ravel(), minlength=len(game)) / len(game.target_labels)


def class_mean_removals(game: RidgeGame) -> Float64[np.ndarray, " row"]:
    """f: softmax over classes of -||x - mean of class c||^2 / (2 s), s the mean squared distance to the own mean.

    s is that of all rows throughout. A class whose only row is left out gets no share. O(V n) and V C d.
    """
    label = game.y.argmax(axis=1)
    present = np.flatnonzero(game.y.any(axis=0))
    size = game.y.sum(axis=0)
    means = (game.y.T @ game.x) / np.maximum(size, 1.0)[:, None]
    scale = 2.0 * float(((game.x - means[label]) ** 2).sum(axis=1).mean()) or 1.0
    logits = np.full((len(game.targets), len(size)), -np.inf)
    logits[:, present] = -_squares(game.targets, means[present]) / scale
    labels, before = game.target_labels.argmax(axis=1), _errors(logits, game.target_labels)
    out = np.zeros(len(game))
    for c in present:
        rows = np.flatnonzero(label == c)
        step = max(1, _BLOCK_CELLS // max(1, len(game.targets)))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            moved = -_without(game, part, means[c], size[c]) / scale
            out[part] = (_errors_with(logits, int(c), moved, labels) - before[:, None]).mean(axis=0)
    return out


def _without(
    game: RidgeGame, rows: Integer[np.ndarray, " left_out"], mean: Float[np.ndarray, " feature"], size: float
) -> Float64[np.ndarray, "target left_out"]:
    """[V, rows] squared distance of each target to the class mean without each of `rows`; inf when none is left."""
    if size <= 1:
        return np.full((len(game.targets), len(rows)), np.inf)
    return _squares(game.targets, (size * mean - game.x[rows]) / (size - 1.0))


def _errors(
    logits: Float[np.ndarray, "target class"], labels: Float[np.ndarray, "target class"]
) -> Float64[np.ndarray, " target"]:
    """[V] squared error of the softmax of `logits` [V, C] against one-hot labels."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return ((shares / shares.sum(axis=1, keepdims=True) - labels) ** 2).sum(axis=1)


def _errors_with(
    logits: Float[np.ndarray, "target class"],
    c: int,
    moved: Float[np.ndarray, "target left_out"],
    labels: Integer[np.ndarray, " target"],
) -> Float64[np.ndarray, "target left_out"]:
    """[V, rows] squared error when column `c` of `logits` [V, C] is each column of `moved` [V, rows] in turn.

    The other classes keep their proportions q and share what class c leaves: only their sum of squares is needed.
    """
    rest = np.delete(logits, c, axis=1)
    top = rest.max(axis=1, initial=-np.inf, keepdims=True)
    is_label = (labels == c)[:, None]
    if not np.isfinite(top).all():  # no other class: without its last row, nothing is predicted
        own = np.where(np.isfinite(moved), 1.0, 0.0)
        return np.where(is_label, (1.0 - own) ** 2, own**2 + 1.0)
    shares = np.exp(rest - top)
    total = shares.sum(axis=1, keepdims=True)
    q = np.insert(shares / total, c, 0.0, axis=1)
    squares, of_wanted = (q**2).sum(axis=1)[:, None], q[np.arange(len(q)), labels][:, None]
    own = 1.0 / (1.0 + np.exp(np.clip(top + np.log(total) - moved, -700.0, 700.0)))
    rest_share = 1.0 - own
    return np.where(
        is_label, rest_share**2 * (1.0 + squares), own**2 + rest_share**2 * squares - 2.0 * rest_share * of_wanted + 1.0
    )


def _squares(
    a: Float[np.ndarray, "left feature"], b: Float[np.ndarray, "right feature"]
) -> Float64[np.ndarray, "left right"]:
    """[len(a), len(b)] squared distances, never below 0."""
    products = a @ b.T
    return np.maximum((a**2).sum(axis=1)[:, None] - 2.0 * products + (b**2).sum(axis=1), 0.0)
