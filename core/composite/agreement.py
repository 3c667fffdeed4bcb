"""How far scores agree: what a composite's reader should see first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.types.ranks import pearson

from .terms import Terms

_SAMPLE = 20_000  # rows: a correlation over so many has a standard error below 0.01


def agreement_with_others(terms: Terms, orientation: Mapping[str, int], groups: Mapping[str, str]) -> dict[str, float]:
    """Correlation of each oriented score with the mean of the other groups' means; at least 0, and 1 without others.

    Rows beyond 20,000 are thinned. Known faults play no part, only whether separate evidence points the same way.
    """
    step = max(1, terms.rows // _SAMPLE)
    signs = [orientation.get(name, 0) for name in terms.names]
    oriented = {name: terms.matrix[k, ::step] * signs[k] for k, name in enumerate(terms.names) if signs[k]}
    means: dict[str, np.ndarray] = {}
    for group in dict.fromkeys(groups[name] for name in oriented):
        means[group] = np.mean([term for name, term in oriented.items() if groups[name] == group], axis=0)
    out = {}
    for name, term in oriented.items():
        rest = [mean for group, mean in means.items() if group != groups[name]]
        out[name] = max(0.0, pearson(term, np.mean(rest, axis=0))) if rest else 1.0
    return out
