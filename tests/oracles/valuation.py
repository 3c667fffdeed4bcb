"""Shapley values by full enumeration, and KNN-Shapley by its recursion read aloud: slow and obvious."""

from itertools import combinations
from math import comb

import numpy as np


def shapley_by_enumeration(n: int, utility) -> np.ndarray:
    """[n] exact values of the game `utility(tuple of players) -> float`; 2^n evaluations."""
    values = {subset: utility(subset) for size in range(n + 1) for subset in combinations(range(n), size)}
    out = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            weight = 1.0 / (n * comb(n - 1, size))
            for subset in combinations(others, size):
                out[i] += weight * (values[tuple(sorted((*subset, i)))] - values[subset])
    return out


def knn_utility(points, labels, target, target_label, k):
    """The vote share that the k nearest members of a coalition give the right label (divisor stays k)."""
    distances = np.linalg.norm(points - target, axis=1)

    def utility(subset: tuple[int, ...]) -> float:
        nearest = sorted(subset, key=lambda j: (distances[j], j))[:k]
        return sum(labels[j] == target_label for j in nearest) / k

    return utility


def knn_shapley_by_loop(points, labels, targets, target_labels, k) -> np.ndarray:
    """[N] the recursion of the paper with the right start, one target and one rank at a time."""
    n, total = len(points), np.zeros(len(points))
    for target, wanted in zip(targets, target_labels, strict=True):
        order = np.argsort(((points.astype(float) - target) ** 2).sum(axis=1), kind="stable")
        match = (labels[order] == wanted).astype(float)
        value = np.zeros(n)
        value[n - 1] = match[n - 1] * min(k, n) / (k * n)
        for r in range(n - 1, 0, -1):  # r is the 1-based rank of entry r - 1
            value[r - 1] = value[r] + (match[r - 1] - match[r]) / k * min(k, r) / r
        total[order] += value
    return total / len(targets)


def banzhaf_by_enumeration(n: int, utility) -> np.ndarray:
    """[n] mean gain of joining, over all subsets of the others alike; 2^n evaluations."""
    return inclusion_gradient_by_enumeration(np.full(n, 0.5), utility)


def inclusion_gradient_by_enumeration(p: np.ndarray, utility) -> np.ndarray:
    """[n] d/dp_i of the expected utility when player j is present with probability p_j, all subsets summed."""
    n, out = len(p), np.zeros(len(p))
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            for subset in combinations(others, size):
                chance = np.prod([p[j] if j in subset else 1.0 - p[j] for j in others])
                out[i] += chance * (utility(tuple(sorted((*subset, i)))) - utility(subset))
    return out


def ranked_utility(contribution, k):
    """The k first present of a ranking contribute; the divisor stays k."""
    return lambda subset: float(sum(contribution[j] for j in sorted(subset)[:k])) / k
