"""EK-FAC: the Fisher of each layer in a Kronecker eigenbasis with corrected eigenvalues, and its inverse.

`influence_pairs` with `InfluenceSettings("ekfac")` runs this, over all layers of a network. The scores
`influence` and `influence_self` of a run, and `layers="last"`, take its twin over the last layer in float64
(core/scores/shared/last_layer.py).

    A = E[a a'],  S = E[g g'],  Q_A, Q_S their eigenvectors,  L = E[(Q_S' g a' Q_A)^2],
    H^-1 V = Q_S ((Q_S' V Q_A) / (L + damping)) Q_A'

Expectations over rows and over labels drawn from the model (the true Fisher). Statistics, eigenvectors and eigenvalues
are float64. George et al. 2018; Grosse et al. 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from .factors import Factors

_TINY = 1e-9  # of the mean eigenvalue: no damping at all stays finite
SampledPass = Callable[[], Iterable[Mapping[str, Factors]]]  # all rows once, batch by batch, at labels from the model


@dataclass(frozen=True, eq=False)
class LayerCurvature:
    """One layer: eigenvectors inputs [I, I] and outputs [O, O] in columns, inverse [O, I] = 1 / (L + damping)."""

    inputs: Float[Tensor, "input input"]
    outputs: Float[Tensor, "output output"]
    inverse: Float[Tensor, "output input"]

    def solved(self, gradients: Factors | Float[Tensor, "query output input"]) -> Float[Tensor, "query output input"]:
        """[V, O, I] H^-1 G; factors with one position are turned before they are multiplied out."""
        turned = _turned(self.inputs, self.outputs, gradients)
        return self.outputs.to(turned) @ (turned * self.inverse.to(turned)) @ self.inputs.to(turned).T

    def quadratic(self, factors: Factors) -> Float[Tensor, " batch"]:
        """[b] G' H^-1 G of each gradient."""
        if factors.single:
            a, g = _turned_vectors(self.inputs, self.outputs, factors)
            return ((g.square() @ self.inverse.to(g)) * a.square()).sum(1)
        turned = _turned(self.inputs, self.outputs, factors)
        return (turned.square() * self.inverse.to(turned)).sum((1, 2))


def fit_curvature(sampled_pass: SampledPass, damping: float, ridge: float = 0.0) -> dict[str, LayerCurvature]:
    """The curvature of every layer from two passes; damping in units of the layer's mean eigenvalue, plus `ridge`."""
    bases = {name: (_eigenvectors(a), _eigenvectors(s)) for name, (a, s) in _covariances(sampled_pass).items()}
    curvature = {}
    for name, eigenvalues in _corrected(sampled_pass, bases).items():
        mean = max(float(eigenvalues.mean()), torch.finfo(torch.float32).tiny)
        curvature[name] = LayerCurvature(*bases[name], 1.0 / (eigenvalues + max(damping, _TINY) * mean + ridge))
    return curvature


def _covariances(sampled_pass: SampledPass) -> dict[str, tuple[Float64[Tensor, "_ _"], Float64[Tensor, "_ _"]]]:
    """name -> (sum of a a' [I, I], sum of g g' [O, O]) in float64; their scale does not matter to the eigenvectors."""
    sums: dict[str, tuple[Tensor, Tensor]] = {}
    for layers in sampled_pass():
        for name, one in layers.items():
            grown, before = (_gram(one.inputs), _gram(one.cotangents)), sums.get(name)
            sums[name] = grown if before is None else (before[0] + grown[0], before[1] + grown[1])
    return sums


def _gram(x: Float[Tensor, "batch width position"]) -> Float64[Tensor, "width width"]:
    flat = x.transpose(0, 1).flatten(1).double()
    return flat @ flat.T


def _corrected(
    sampled_pass: SampledPass, bases: Mapping[str, tuple[Float[Tensor, "_ _"], Float[Tensor, "_ _"]]]
) -> dict[str, Float64[Tensor, "_ _"]]:
    """name -> [O, I] float64 mean square of the gradients in the eigenbasis."""
    sums: dict[str, Tensor] = {}
    rows = 0
    for layers in sampled_pass():
        rows += max(len(one) for one in layers.values())
        for name, one in layers.items():
            squares = _squares(*bases[name], one).double()
            sums[name] = sums[name] + squares if name in sums else squares
    return {name: total / rows for name, total in sums.items()}


def _squares(
    inputs: Float[Tensor, "input input"], outputs: Float[Tensor, "output output"], factors: Factors
) -> Float[Tensor, "output input"]:
    """[O, I] sum over rows of the squared entries of the turned gradients."""
    if factors.single:
        a, g = _turned_vectors(inputs, outputs, factors)
        return g.square().T @ a.square()
    return _turned(inputs, outputs, factors).square().sum(0)


def _turned(
    inputs: Float[Tensor, "input input"],
    outputs: Float[Tensor, "output output"],
    gradients: Factors | Float[Tensor, "batch output input"],
) -> Float[Tensor, "batch output input"]:
    """[b, O, I] gradients in the eigenbasis."""
    if isinstance(gradients, Factors) and gradients.single:
        a, g = _turned_vectors(inputs, outputs, gradients)
        return g[:, :, None] * a[:, None, :]
    whole = gradients.matrices() if isinstance(gradients, Factors) else gradients
    return outputs.to(whole).T @ whole @ inputs.to(whole)


def _turned_vectors(
    inputs: Float[Tensor, "input input"], outputs: Float[Tensor, "output output"], factors: Factors
) -> tuple[Float[Tensor, "batch input"], Float[Tensor, "batch output"]]:
    a, g = factors.vectors()
    return a @ inputs.to(a), g @ outputs.to(g)


def _eigenvectors(covariance: Float[Tensor, "width width"]) -> Float[Tensor, "width width"]:
    """[n, n] in columns; LAPACK's divide and conquer, several times faster here than the default driver."""
    from scipy.linalg import eigh

    vectors = eigh(covariance.cpu().numpy(), driver="evd", check_finite=False)[1]
    return torch.from_numpy(vectors).to(covariance.device)
