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
