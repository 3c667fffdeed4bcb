"""The Gauss-Newton Hessian of all layers together, by its strongest directions; solved among rows, not weights.

`influence_pairs` runs this unless another method is asked for; over the last layer alone the Hessian is small enough to
be formed, and core/scores/shared/last_layer.py solves it.

    H = (1/N) sum_i J_i' M_i J_i + lambda I,  M_i = diag(p_i) - p_i p_i' = sum_k e_ik v_ik v_ik'
    H ~ (1/N) U'U + lambda I,  U: the R directions sqrt(e_ik) J_i' v_ik with the largest e_ik
    H^-1 g = (1/lambda) (g - U' (U U' + lambda N I)^-1 U g)

Rows of U are gradients like any other, so all that is needed are inner products of factors. A trained network is sure
of most rows, hence few directions carry the curvature; what the others carry is added to lambda as its mean. Unlike
EK-FAC this keeps the covariance within and between layers. Martens 2020 (Gauss-Newton); the Woodbury identity.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Integer
from torch import Tensor

_TINY = 1e-6  # of the mean of U U's diagonal: no damping at all stays solvable in float32
_MOST_CLASSES = 64  # of a row, the most likely first: the others carry next to nothing


@dataclass(frozen=True, eq=False)
class Directions:
    """rows [R] they belong to, cotangents [R, C] on the logits; share: of the sum of all eigenvalues e_ik, 0..1."""

    rows: Integer[Tensor, " direction"]
    cotangents: Float[Tensor, "direction class"]
    share: float


def strongest_directions(logits: Float[Tensor, "example class"], count: int) -> Directions:
    """The `count` largest curvatures that the softmax of logits [N, C] gives the training loss, over all rows."""
    p, classes = logits.double().softmax(1).topk(min(_MOST_CLASSES, logits.shape[1]), dim=1)
    values, vectors = torch.linalg.eigh(torch.diag_embed(p) - p[:, :, None] * p[:, None, :])
    values = values.clamp(min=0.0)
    best = values.flatten().topk(min(count, values.numel()))
    rows, which = best.indices // values.shape[1], best.indices % values.shape[1]
    scaled = vectors[rows, :, which] * best.values.sqrt()[:, None]
    cotangents = logits.new_zeros(len(rows), logits.shape[1]).scatter_(1, classes[rows], scaled.to(logits.dtype))
    total = float(values.sum())
    return Directions(rows, cotangents, float(best.values.sum()) / total if total > 0 else 1.0)


@dataclass(frozen=True, eq=False)
class Woodbury:
    """H^-1 by the factor of U U' + lambda N I [R, R]."""

    factor: Float[Tensor, "direction direction"]
    damping: float  # lambda

    def coefficients(self, products: Float[Tensor, "query direction"]) -> Float[Tensor, "query direction"]:
        """[V, R] (U U' + lambda N I)^-1 U g for products U g [V, R]."""
        return torch.cholesky_solve(products.T, self.factor).T

    def reduction(self, products: Float[Tensor, "query direction"]) -> Float[Tensor, " query"]:
        """[V] squared length of L^-1 U g: what H^-1 takes off g'g."""
        return torch.linalg.solve_triangular(self.factor, products.T, upper=False).square().sum(0)


def factorized(
    kernel: Float[Tensor, "direction direction"], rows: int, parameters: int, share: float, damping: float, ridge: float
) -> Woodbury:
    """From U U' [R, R] of `rows` rows: lambda = damping x mean eigenvalue + ridge + the mean of what U leaves out."""
    trace = float(kernel.diagonal().sum()) / rows
    mean = trace / max(share, _TINY) / parameters
    lift = (damping + 1.0 - share) * mean + ridge
    lift = max(lift, _TINY * trace / len(kernel), torch.finfo(torch.float32).tiny)
    damped = kernel.clone()
    damped.diagonal().add_(lift * rows)
    return Woodbury(torch.linalg.cholesky(damped), lift)
