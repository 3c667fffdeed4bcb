"""Total Sobol indices: which share of a function's variance is lost to know without one of its inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def total_indices(function: Callable[[np.ndarray], np.ndarray], inputs: int, designs: int, seed: int) -> np.ndarray:
    """[outputs, inputs] total index S_T of each input, independent and uniform on [0, 1], for each output.

    function: [n, inputs] -> [n, outputs]. designs: a power of two; it is asked designs * (inputs + 2) points.
    Jansen's estimator, E[(f(A) - f(A with one column of B))^2] / (2 Var f), on Sobol points (Saltelli et al. 2010). An
    output that does not vary has no index: 0. S_T adds up to 1 where the function is additive and to more otherwise.
    """
    from scipy.stats import sobol_indices, uniform

    varies = np.zeros(0)

    def asked(points: np.ndarray) -> np.ndarray:
        nonlocal varies
        outputs = np.atleast_2d(function(points.T).T)
        varies = np.ptp(outputs, axis=1) > 0 if not len(varies) else varies
        return outputs

    with np.errstate(invalid="ignore", divide="ignore"):
        found = sobol_indices(func=asked, n=designs, dists=[uniform()] * inputs, rng=np.random.default_rng(seed))
    total = np.atleast_2d(found.total_order)
    return np.where(varies[:, None], np.nan_to_num(total), 0.0)
