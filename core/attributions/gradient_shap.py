"""Gradient SHAP: gradients averaged between ordinary examples and this one."""

from __future__ import annotations

from dataclasses import dataclass

from core.types.attributions import Attribution
from core.types.methods import Paper
from core.types.params import param

from .method import AttributionMethod, Explained, target_param


@dataclass(frozen=True)
class GradientShapParams:
    """Settings of gradient SHAP."""

    target: str = target_param()
    samples: int = param(
        64,
        label="Samples",
        low=2,
        high=4096,
        help="Draws of a background example and a point on the way. The gap shrinks with their root.",
    )


def explain_by_gradient_shap(about: Explained, params: GradientShapParams) -> Attribution:
    """E[(x - x') * df/dx at x' + a (x - x')] over background examples x' and a uniform on [0, 1] (expected gradients).

    values sum to f(x) - mean f(x') up to the Monte Carlo error, which `gap` shows. High = pushes towards the target.
    Fails where the background does not represent the data; random draws: same seed, same values.
    """
    from captum.attr import GradientShap

    from .question import ask, baseline_words, seeded_globals

    question = ask(about, params.target)
    with seeded_globals(about.seed):
        values = GradientShap(question.forward).attribute(
            question.embedded, baselines=question.background, n_samples=params.samples, target=question.target
        )
    base = float(question.outputs(question.background).mean())
    count = len(question.background)
    words = f"Compared with {count} random training examples." if count > 1 else baseline_words(about)
    return question.answer(GRADIENT_SHAP.name, values, base, (words, f"{params.samples} random draws."))


GRADIENT_SHAP = AttributionMethod(
    name="gradient_shap",
    title="Gradient SHAP",
    summary="Gradients averaged on the way from random training examples to this one.",
    paper=Paper(
        "Erion, Janizek, Sturmfels, Lundberg, Lee",
        2021,
        "Improving performance of deep learning models with axiomatic attribution priors and expected gradients",
        "https://arxiv.org/abs/1906.10670",
    ),
    params=GradientShapParams,
    compute=explain_by_gradient_shap,
    for_networks=True,
)
