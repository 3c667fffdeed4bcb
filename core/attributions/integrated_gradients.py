"""Integrated gradients: gradients along the straight way from one neutral input."""

from __future__ import annotations

from dataclasses import dataclass

from core.types.attributions import Attribution
from core.types.methods import Paper
from core.types.params import param

from .method import AttributionMethod, Explained, target_param


@dataclass(frozen=True)
class IntegratedGradientsParams:
    """Settings of integrated gradients."""

    target: str = target_param()
    steps: int = param(
        64, label="Steps", low=8, high=4096, help="Midpoints on the way; the gap tells if they are enough."
    )


def explain_by_integrated_gradients(about: Explained, params: IntegratedGradientsParams) -> Attribution:
    """(x - x') * mean of df/dx at the midpoints of `steps` equal pieces between the baseline x' and x.

    values sum to f(x) - f(x') up to the quadrature error, which `gap` shows. Depends on the one baseline chosen.
    """
    from captum.attr import IntegratedGradients

    from .question import ask, baseline_words

    question = ask(about, params.target)
    values = IntegratedGradients(question.forward).attribute(
        question.embedded,
        baselines=question.baseline,
        target=question.target,
        n_steps=params.steps,
        method="riemann_middle",
        internal_batch_size=256,
    )
    base = float(question.outputs(question.baseline)[0])
    notes = (baseline_words(about), f"{params.steps} midpoints.")
    return question.answer(INTEGRATED_GRADIENTS.name, values, base, notes)


INTEGRATED_GRADIENTS = AttributionMethod(
    name="integrated_gradients",
    title="Integrated gradients",
    summary="Gradients on the straight way from a neutral input to this one.",
    paper=Paper(
        "Sundararajan, Taly, Yan", 2017, "Axiomatic Attribution for Deep Networks", "https://arxiv.org/abs/1703.01365"
    ),
    params=IntegratedGradientsParams,
    compute=explain_by_integrated_gradients,
    for_networks=True,
)
