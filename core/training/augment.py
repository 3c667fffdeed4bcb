"""Training sees an image a little differently in every epoch: shifted, and mirrored where that keeps its meaning.

Only training steps see moved images; every signal and every score is taken of the image as it was given.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .plan import TrainingPlan

_STREAM = 1  # beside the order of batches, which is drawn from (seed, epoch) alone


def draw_moves(seed: int, epoch: int, rows: int, plan: TrainingPlan) -> np.ndarray | None:
    """[rows, 3] int64: pixels down, pixels right, mirrored or not, of each training row in this epoch; None when the
    plan moves nothing.

    They depend on seed, epoch and the row's place among the training rows, not on batches: a resumed training draws
    the same.
    """
    if plan.shift == 0 and not plan.mirror:
        return None
    rng = np.random.default_rng([seed, epoch, _STREAM])
    moves = rng.integers(-plan.shift, plan.shift + 1, (rows, 3))
    moves[:, 2] = rng.integers(0, 2, rows) if plan.mirror else 0
    return moves


def moved(images: Tensor, moves: np.ndarray) -> Tensor:
    """`images` [b, C, H, W] mirrored, then shifted by `moves` [b, 3]; from outside comes 0, the mean of a standardised
    channel.
    """
    height, width = images.shape[2:]
    reach = int(np.abs(moves[:, :2]).max(initial=0))
    padded = nn.functional.pad(images, (reach,) * 4)
    down, right, mirrored = (torch.from_numpy(moves[:, i]) for i in range(3))
    y = torch.arange(height) + reach - down[:, None]
    x = torch.arange(width) - right[:, None]
    x = torch.where(mirrored[:, None] > 0, width - 1 - x, x) + reach
    channels = torch.arange(images.shape[1])
    return padded[
        torch.arange(len(moves))[:, None, None, None], channels[:, None, None], y[:, None, :, None], x[:, None, None, :]
    ]
