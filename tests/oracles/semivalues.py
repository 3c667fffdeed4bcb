"""Semivalues by their definition, over every subset: slow and obvious. For ten players or fewer."""

from itertools import combinations
from math import comb

import numpy as np
from scipy.special import beta as beta_function


def semivalue_by_enumeration(n, value, weights) -> np.ndarray:
    """[n] sum over j of weights[j] times the mean gain of joining a set of j others; value(bool mask) -> float."""
    known = {s: value(np.isin(np.arange(n), s)) for size in range(n + 1) for s in combinations(range(n), size)}
    out = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            for chosen in combinations(others, size):
                gain = known[tuple(sorted((*chosen, i)))] - known[chosen]
                out[i] += weights[size] * gain / comb(n - 1, size)
    return out


def shapley_weights(n):
    return np.full(n, 1.0 / n)


def banzhaf_weights(n):
    return np.array([comb(n - 1, j) / 2 ** (n - 1) for j in range(n)])


def beta_weights(n, a, b):
    """METHODS: Semivalues: C(N-1, j) B(j + b, N - 1 - j + a) / B(a, b)."""
    return np.array([comb(n - 1, j) * beta_function(j + b, n - 1 - j + a) / beta_function(a, b) for j in range(n)])


class TableGame:
    """A game with any values, one for each set; a player of weight 0 in `gains_of` adds nothing anywhere."""

    empty = 0.0

    def __init__(self, n, seed, dummy=None, twins=None):
        random = np.random.default_rng(seed).standard_normal(2**n)
        self.n, self.dummy, self.twins, self.table = n, dummy, twins, random
        self.table[0] = 0.0

    def __len__(self):
        return self.n

    def value(self, chosen):
        chosen = np.array(chosen, dtype=bool)
        if self.dummy is not None:
            chosen[self.dummy] = False
        if self.twins is not None and chosen[self.twins[1]] and not chosen[self.twins[0]]:
            chosen[list(self.twins)] = True, False
        return float(self.table[(chosen * 2 ** np.arange(self.n)).sum()])

    def gains(self, order):
        chosen, before, out = np.zeros(self.n, dtype=bool), 0.0, []
        for player in order:
            chosen[player] = True
            after = self.value(chosen)
            out.append(after - before)
            before = after
        return np.array(out)
