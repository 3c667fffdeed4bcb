"""Kernel SHAP: Shapley values of any classifier, over the parts that people see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.types.attributions import Attribution
from core.types.methods import Paper
from core.types.params import param

from .estimators import dense, estimator_outputs, import_shap
from .method import AttributionMethod, Explained, additivity_gap, target_param
from .parts import TextParts

BLOCK_NUMBERS = 2_000_000  # encoded numbers handed to the estimator at once: 16 MB


@dataclass(frozen=True)
class KernelShapParams:
    """Settings of kernel SHAP."""

    target: str = target_param()
    samples: int = param(
        0,
        label="Coalitions",
        low=0,
        high=1_000_000,
        help="Sets of parts to try; all of them where there are no more. 0: 2 x parts + 512.",
    )
    background: int = param(
        20, label="Background rows", low=1, high=1000, help="Training rows that stand in for hidden parts."
    )


def explain_by_kernel_shap(about: Explained, params: KernelShapParams) -> Attribution:
    """Shapley values of the game v(S) = mean output with the parts outside S taken from background rows.

    Players are original columns, blocks of pixels, or distinct words (hidden: left out of the text). Weighted least
    squares over coalitions with the empty and the full one as constraints, so `gap` is rounding only; exact when all
    2^M - 2 coalitions fit into `samples`. Cost: samples x background rows predictions.
    """
    from .question import seeded_globals

    outputs, unit = estimator_outputs(about.model, about.example)
    target = about.target(outputs[0], params.target)
    background = _background(about, params.background)
    game = _game(about, background, target)
    players = about.parts.needs.shape[1]
    base, output = float(game(np.zeros((1, players)))[0]), float(outputs[0, target])
    values = np.zeros(0)
    if players:
        with seeded_globals(about.seed):
            values = _solve(game, players, params.samples or 2 * players + 512)
    shown = about.parts.spread(values)
    words = (
        "Compared with an empty text."
        if isinstance(about.parts, TextParts)
        else f"Compared with {len(background)} random training rows."
    )
    gap = additivity_gap(shown, base, output)
    return Attribution(
        KERNEL_SHAP.name,
        about.class_names[target],
        shown.astype(np.float32),
        about.parts.names,
        base,
        output,
        gap,
        unit,
        (words,),
    )


def _solve(game: Callable[[np.ndarray], np.ndarray], players: int, samples: int) -> np.ndarray:
    """shap sees the game over 0/1 vectors: so the one-hot places of a column are hidden together, as they should be."""
    shap = import_shap()
    explainer = shap.KernelExplainer(game, np.zeros((1, players)))
    # l1_reg off: the library's default keeps ten parts and calls the others zero
    values = explainer.shap_values(np.ones((1, players)), nsamples=samples, l1_reg=False, silent=True)
    return np.asarray(values, dtype=np.float64).reshape(players)


def _background(about: Explained, limit: int) -> np.ndarray:
    """[B, K] values of the parts' columns where they are hidden; nothing for words."""
    columns = about.parts.columns
    if isinstance(about.parts, TextParts):
        return np.zeros((1, len(columns)))
    return dense(about.background)[:limit][:, columns]


def _game(about: Explained, background: np.ndarray, target: int) -> Callable[[np.ndarray], np.ndarray]:
    columns, needs = about.parts.columns, about.parts.needs
    example = dense(about.example)[0, columns]
    needed = needs.sum(axis=1)
    size = max(1, BLOCK_NUMBERS // (len(background) * max(len(columns), 1)))

    def value(present: np.ndarray) -> np.ndarray:
        """[n] mean output for coalitions [n, players] of 0 and 1."""
        means = []
        for start in range(0, len(present), size):
            alive = np.asarray(present[start : start + size], dtype=np.float64) @ needs.T > needed - 0.5
            rows = np.where(alive[:, None], example, background[None])  # [n, B, K]
            outputs, _ = estimator_outputs(about.model, _widen(rows, about, columns))
            means.append(outputs[:, target].reshape(len(alive), -1).mean(axis=1))
        return np.concatenate(means)

    return value


def _widen(rows: np.ndarray, about: Explained, columns: np.ndarray) -> Any:
    """Rows [n, B, K] as the estimator reads them: [n B, all columns], sparse where the example is."""
    rows, width = rows.reshape(rows.shape[0] * rows.shape[1], len(columns)), about.example.shape[1]
    if hasattr(about.example, "todense"):
        from scipy.sparse import csr_matrix

        place = np.broadcast_to(columns, rows.shape).ravel()
        ends = np.arange(len(rows) + 1) * len(columns)
        return csr_matrix((rows.ravel(), place, ends), shape=(len(rows), width))
    wide = np.zeros((len(rows), width))
    wide[:, columns] = rows
    return wide


KERNEL_SHAP = AttributionMethod(
    name="kernel_shap",
    title="Kernel SHAP",
    summary="Shapley values of columns, words or blocks of pixels, for any classifier.",
    paper=Paper(
        "Lundberg, Lee",
        2017,
        "A Unified Approach to Interpreting Model Predictions",
        "https://arxiv.org/abs/1705.07874",
    ),
    params=KernelShapParams,
    compute=explain_by_kernel_shap,
    for_sklearn=True,
)
