"""ReAGent: what the prediction loses when random sets of words give way to words drawn from the corpus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.attributions import Attribution
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.methods import Paper
from core.types.params import param

from .method import AttributionMethod, Explained, Language, target_param

CERTAIN = 1 - 1e-6  # a change of the probability by 1 would have an infinite logit
BLOCK = 256  # texts read at once


@dataclass(frozen=True)
class ReagentParams:
    """Settings of ReAGent."""

    target: str = target_param()
    steps: int = param(
        512,
        label="Steps",
        low=16,
        high=20_000,
        help="Random sets of words to replace. The error falls with their root.",
    )
    replaced: float = param(
        0.3, label="Share of words replaced", low=0.01, high=0.9, help="At each step; at least one word."
    )


def explain_by_reagent(about: Explained, params: ReagentParams) -> Attribution:
    """ReAGent's update, averaged over `steps`: replaced words get +logit((1 + d) / 2), the others the negative of it.

    d = p(target) - p(target with a random share of the words replaced). The published importance is the softmax of the
    sum over steps, which does not change when all words shift alike: values here are means per step with the mean over
    words taken off, so that 0 is an ordinary word. `errors`: their standard error over steps. Unlike the paper, which
    asks a language model for replacements and stops when the target survives, words are drawn from the training
    texts as often as they stand there, and the number of steps is fixed. No additivity is promised. Raises
    `ModelError` for a model that reads no texts.
    """
    if about.language is None:
        raise ModelError("ReAGent replaces words: this model reads none.", "Use another method.")
    words = list(about.parts.names)
    before = _probabilities(about, about.example)[0]
    target = about.target(before, params.target)
    values, errors, output = np.zeros(len(words)), np.zeros(len(words)), float(before[target])
    base = output
    if words:
        replaced, after = _replaced(about, about.language, words, target, params)
        values, errors = importance(output - after, replaced)
        base = float(after.mean())
    notes = (
        "Words are replaced by words drawn from the training texts, as often as they stand there.",
        f"{params.steps} random sets of words; the error is that of their mean.",
    )
    return Attribution(
        REAGENT.name,
        about.class_names[target],
        values.astype(np.float32),
        about.parts.names,
        base,
        output,
        None,
        "probability",
        notes,
        errors.astype(np.float32),
    )


def importance(change: np.ndarray, replaced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(values, standard errors) [n] of changes of the probability [T] and which words were replaced, bool [T, n].

    The update of a step is antisymmetric: what replaced words gain the others lose.
    """
    step = 2 * np.arctanh(np.clip(change, -CERTAIN, CERTAIN))  # logit((1 + d) / 2)
    updates = np.where(replaced, step[:, None], -step[:, None])
    if replaced.shape[1] > 1:
        updates -= updates.mean(axis=1, keepdims=True)
    return updates.mean(axis=0), updates.std(axis=0, ddof=1) / np.sqrt(len(updates))


def _replaced(
    about: Explained, language: Language, words: list[str], target: int, params: ReagentParams
) -> tuple[np.ndarray, np.ndarray]:
    """Which words were replaced, bool [T, n], and the target's probability then, [T]."""
    rng = np.random.default_rng(about.seed)
    count, size = len(words), max(1, round(params.replaced * len(words)))
    chosen = np.argsort(rng.random((params.steps, count)), axis=1)[:, :size]
    replaced = np.zeros((params.steps, count), dtype=bool)
    np.put_along_axis(replaced, chosen, values=True, axis=1)
    drawn = rng.choice(language.words, (params.steps, count))
    texts = np.where(replaced, drawn, np.array(words, dtype=object))
    after = [
        _probabilities(about, language.read(texts[start : start + BLOCK].tolist()))[:, target]
        for start in range(0, params.steps, BLOCK)
    ]
    return replaced, np.concatenate(after)


def _probabilities(about: Explained, read: object) -> np.ndarray:
    """float64 [b, C]."""
    import torch

    with torch.no_grad():
        return torch.softmax(about.model(read).double(), dim=1).numpy()


REAGENT = AttributionMethod(
    name="reagent",
    title="ReAGent",
    summary="What the prediction loses when random sets of words give way to words from the corpus.",
    paper=Paper(
        "Zhao, Shan",
        2024,
        "ReAGent: A Model-agnostic Feature Attribution Method for Generative Language Models",
        "https://arxiv.org/abs/2402.00794",
    ),
    params=ReagentParams,
    compute=explain_by_reagent,
    modalities=(Modality.TEXT,),
    for_networks=True,
    others=4,
)
