"""The registry of ways to solve with the last layer's Hessian: order here is order everywhere.

All solve at the same effective damping, the ridge of `SoftmaxRows`. LiSSA's own damping acts as scale x damping; here
it is part of H, so every solver answers the same question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.scores.shared.last_layer.approximate import ARNOLDI_STEPS, ArnoldiSolver, DataInfSolver
from core.scores.shared.last_layer.ekfac import EKFACSolver
from core.scores.shared.last_layer.exact import DenseSolver
from core.scores.shared.last_layer.iterative import CG_STEPS, LISSA_STEPS, ConjugateGradientSolver, LiSSASolver
from core.scores.shared.last_layer.problem import DENSE_PARAMETERS, SoftmaxRows, Solver
from core.types.progress import Progress
from core.types.registry import find

BuildSolver = Callable[[SoftmaxRows, Float[np.ndarray, "row class"], int, Progress], Solver]


@dataclass(frozen=True)
class SolverEntry:
    """A solver by the name that settings give it.

    build(rows, deltas, steps, progress): deltas [n, C] are the residuals of `rows` at their given labels, read by
    DataInf; steps is a limit, `usual_steps` by default, 0 for a solver that takes none.
    """

    name: str
    build: BuildSolver
    usual_steps: int = 0


SOLVERS: tuple[SolverEntry, ...] = (
    SolverEntry("exact", lambda rows, deltas, steps, progress: DenseSolver(rows, progress)),
    SolverEntry(
        "cg",
        lambda rows, deltas, steps, progress: ConjugateGradientSolver(rows, progress, steps=steps),
        usual_steps=CG_STEPS,
    ),
    SolverEntry(
        "lissa",
        lambda rows, deltas, steps, progress: LiSSASolver(rows, progress, steps=steps),
        usual_steps=LISSA_STEPS,
    ),
    SolverEntry(
        "arnoldi",
        lambda rows, deltas, steps, progress: ArnoldiSolver(rows, progress, steps),
        usual_steps=ARNOLDI_STEPS,
    ),
    SolverEntry("datainf", lambda rows, deltas, steps, progress: DataInfSolver(rows, deltas, progress)),
    SolverEntry("ekfac", lambda rows, deltas, steps, progress: EKFACSolver(rows, progress)),
)
SOLVER_NAMES = tuple(solver.name for solver in SOLVERS)


def build_solver(
    rows: SoftmaxRows, deltas: Float[np.ndarray, "row class"], name: str, steps: int, progress: Progress
) -> Solver:
    """The solver of that name, one of SOLVERS; auto: exact up to 3,000 parameters, then conjugate gradients.

    deltas [n, C]: residuals of `rows` at their given labels, read by DataInf. steps: 0 is each solver's own limit.
    Raises `CurationError` for an unknown name.
    """
    if name == "auto":
        name = "exact" if rows.parameters <= DENSE_PARAMETERS else "cg"
    entry = find(name, SOLVERS, "solver")
    return entry.build(rows, deltas, steps or entry.usual_steps, progress)
