"""Why this prediction: heat map over an image, weight of each token, bar of each column."""

from __future__ import annotations

import numpy as np

from core.types.attributions import Attribution


def attribution_plot(attribution: Attribution, *, key: str, image: np.ndarray | None = None,
                     cells: dict[str, str] | None = None, opacity: float = 0.6, limit: int = 15) -> None:
    """Draw by shape: [H, W] over `image` (uint8), names in order as tokens, or columns as bars when `cells` is given.

    Shows target, base and output, the additivity gap and the notes. Blue pushes towards the target, orange away.
    """


def token_weights(tokens: tuple[str, ...], weights: np.ndarray, *, key: str) -> None:
    """The text with each token shaded by its signed weight; tokens are drawn as text."""


def column_bars(names: tuple[str, ...], weights: np.ndarray, *, key: str, cells: dict[str, str] | None = None,
                limit: int = 15) -> None:
    """Bars of the strongest columns, signed, with the example's own value beside each name."""


def image_heat(image: np.ndarray | None, values: np.ndarray, *, key: str, opacity: float = 0.6, width: int = 280) -> None:
    """values [H, W] signed over image [h, w(, C)] uint8, enlarged without blur."""
