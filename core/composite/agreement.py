"""How far scores agree: what a composite's reader should see first (METHODS 10.2 step 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.types.scores import average_rank

from .terms import Terms

_SAMPLE = 20_000  # rows: a correlation over so many has a standard error below 0.01


def spearman_matrix(columns: Sequence[np.ndarray]) -> np.ndarray:
    """[m, m] Spearman correlation over the rows both scores have; 0 where one of them is constant there."""
    size = len(columns)
    out = np.eye(size)
    for a in range(size):
        for b in range(a):
            both = np.isfinite(columns[a]) & np.isfinite(columns[b])
            out[a, b] = out[b, a] = _correlation(average_rank(columns[a][both]), average_rank(columns[b][both]))
    return out


def kendall_w(columns: Sequence[np.ndarray]) -> float:
    """Kendall's coefficient of concordance over rows that all scores have: 1 = same order, 0 = none.

    Not corrected for ties.
    """
    rows = np.isfinite(np.stack(columns)).all(axis=0)
    ranks = np.stack([average_rank(column[rows]) for column in columns])
    m, n = ranks.shape
    sums = ranks.sum(axis=0)
    return float(12.0 * ((sums - sums.mean()) ** 2).sum() / (m * m * (n**3 - n))) if n > 1 else 1.0


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
        out[name] = max(0.0, _correlation(term, np.mean(rest, axis=0))) if rest else 1.0
    return out


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
