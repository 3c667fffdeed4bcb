"""Occlusion: how much the output falls when a part is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.types.attributions import Attribution
from core.types.methods import Paper
from core.types.params import param

from .method import AttributionMethod, Explained, target_param
from .parts import ImageParts, TableParts

if TYPE_CHECKING:
    from .question import Question


@dataclass(frozen=True)
class OcclusionParams:
    """Settings of occlusion."""

    target: str = target_param()
    patch: int = param(
        4, label="Patch (pixels)", low=1, high=64, help="Side of the square that is hidden; images only."
    )
    stride: int = param(2, label="Stride (pixels)", low=1, high=64, help="Distance between two squares; images only.")


def explain_by_occlusion(about: Explained, params: OcclusionParams) -> Attribution:
    """f(x) - f(x with the part replaced by its neutral value), one part at a time; overlapping patches are averaged.

    Parts are square patches, words (with every term that contains them) or original columns. No additivity is
    promised: parts that stand in for each other all show little. Term weights are not renormalized without the word.
    """
    from .question import ask, baseline_words

    question = ask(about, params.target)
    if isinstance(about.parts, ImageParts):
        values = _patches(question, about.parts, params)
    elif isinstance(about.parts, TableParts):
        values = _columns(question, about.parts)
    else:
        values = _words(question, about.parts.needs)
    shown = about.parts.spread(values) if values.ndim == 1 else values
    base = float(question.outputs(question.baseline)[0])
    notes = (baseline_words(about), "Parts are hidden one at a time.")
    return Attribution(
        OCCLUSION.name,
        about.class_names[question.target],
        shown.astype(np.float32),
        about.parts.names,
        base,
        question.output,
        None,
        notes=notes,
    )


def _patches(question: Question, parts: ImageParts, params: OcclusionParams) -> np.ndarray:
    from captum.attr import Occlusion

    side = (min(params.patch, parts.height), min(params.patch, parts.width))
    step = (min(params.stride, side[0]), min(params.stride, side[1]))
    values = Occlusion(question.forward).attribute(
        question.embedded,
        sliding_window_shapes=(parts.channels, *side),
        strides=(parts.channels, *step),
        baselines=question.baseline,
        target=question.target,
        perturbations_per_eval=64,
    )
    # captum gives each channel the whole difference of its patch
    return values[0, 0].detach().double().numpy()


def _columns(question: Question, parts: TableParts) -> np.ndarray:
    import torch
    from captum.attr import FeatureAblation

    mask = torch.full(question.embedded.shape, len(parts.groups), dtype=torch.long)
    for index, group in enumerate(parts.groups):
        mask[0, list(group)] = index
    values = FeatureAblation(question.forward).attribute(
        question.embedded,
        baselines=question.baseline,
        target=question.target,
        feature_mask=mask,
        perturbations_per_eval=64,
    )
    flat = values[0].detach().double().numpy()
    return np.array([flat[group[0]] if group else 0.0 for group in parts.groups])


def _words(question: Question, needs: np.ndarray) -> np.ndarray:
    """One flat batch: captum's masks cannot say that a word pair falls with either of its words."""
    import torch

    if needs.shape[1] == 0:
        return np.zeros(0)
    present = torch.from_numpy(~needs.T).to(question.embedded.dtype)  # [players, slots]
    return question.output - question.outputs(question.embedded * present[:, :, None])


OCCLUSION = AttributionMethod(
    name="occlusion",
    title="Occlusion",
    summary="How much the output falls when a patch, a word or a column is hidden.",
    paper=Paper(
        "Zeiler, Fergus",
        2014,
        "Visualizing and Understanding Convolutional Networks",
        "https://arxiv.org/abs/1311.2901",
    ),
    params=OcclusionParams,
    compute=explain_by_occlusion,
    for_networks=True,
)
