"""Shapley values by their definition: every subset, every part. For few parts only."""

from itertools import combinations
from math import comb

import numpy as np


def exact_shapley(game, players):
    """float64 [players]: the mean over subset sizes of the mean gain of joining a subset of that size."""
    values = np.zeros(players)
    for player in range(players):
        others = [p for p in range(players) if p != player]
        for size in range(players):
            for chosen in combinations(others, size):
                gain = game(frozenset(chosen) | {player}) - game(frozenset(chosen))
                values[player] += gain / (players * comb(players - 1, size))
    return values


def replacing_game(model, example, background):
    """v(S) = mean of model(example on S, background row elsewhere) over the background rows."""

    def game(subset):
        rows = np.array(background, dtype=float)
        columns = sorted(subset)
        rows[:, columns] = example[columns]
        return float(np.mean(model(rows)))

    return game


def descending_game(tree, example, output):
    """v(S) = expectation of a fitted sklearn tree: on columns in S follow the example, else both ways by weight."""

    def expect(node, subset):
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            return output(node)
        column = tree.feature[node]
        if column in subset:
            return expect(left if np.float32(example[column]) <= tree.threshold[node] else right, subset)
        weight = tree.weighted_n_node_samples
        return (weight[left] * expect(left, subset) + weight[right] * expect(right, subset)) / weight[node]

    return lambda subset: expect(0, subset)
