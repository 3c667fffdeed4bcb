"""The composite (METHODS: The composite), one row and one score at a time."""

from __future__ import annotations

import math

import numpy as np


def ranks(values) -> list[float]:
    """u - 0.5 with u = (average rank - 0.5) / n; NaN where there is no value."""
    finite = [v for v in values if not math.isnan(v)]
    out = []
    for v in values:
        below, equal = sum(w < v for w in finite), sum(w == v for w in finite)
        average = below + (equal + 1) / 2
        out.append(math.nan if math.isnan(v) else (average - 0.5) / len(finite) - 0.5)
    return out


def composite_rows(values: dict, orientation: dict, groups: dict, group_weights: dict, score_weights: dict):
    """(c, coverage) as plain loops."""
    terms = {name: ranks([float(v) for v in column]) for name, column in values.items()}
    size = len(next(iter(values.values())))
    out = []
    for row in range(size):
        means, possible = {}, set()
        for group in set(groups.values()):
            top = bottom = 0.0
            for name in values:
                weight = score_weights.get(name, 1.0) * abs(orientation[name])
                if groups[name] != group or weight == 0 or group_weights.get(group, 1.0) == 0:
                    continue
                possible.add(group)
                if not math.isnan(terms[name][row]):
                    top += weight * orientation[name] * terms[name][row]
                    bottom += weight
            if bottom:
                means[group] = top / bottom
        there = sum(group_weights.get(g, 1.0) for g in means)
        whole = sum(group_weights.get(g, 1.0) for g in possible)
        total = sum(group_weights.get(g, 1.0) * m for g, m in means.items())
        out.append((total / there if there else math.nan, there / whole if whole else 0.0))
    return np.array(out).T
