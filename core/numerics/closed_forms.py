"""What logits say about each row, for many rows at once: classes first, so that every step runs along the rows.

The quick twin of the float64 formulas of the scores: float32, within 1e-5 of them, small values to full relative
precision (sums of the other classes are formed, never 1 - p).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

_BLOCK = 2**15  # rows at a time: some tables of [C, rows] stay in cache
_NOTHING = -87.0  # in place of the label's logit: its exponential, 2e-38, is the least that is not slow to compute


class _Block:
    """What several quantities share for logits [C, n]: exponentials relative to the largest logit, the label's `own`
    and those of the `others`, [C, n] with nothing in place of the label's.
    """

    def __init__(self, logits: Tensor, labels: Tensor, one_norm: Tensor | None, square_norm: Tensor | None):
        self.one_norm, self.square_norm, self.classes = one_norm, square_norm, len(logits)
        self.logits, self.labels = logits, labels
        self.apart = logits - logits.amax(0)
        self.own_apart = self.apart.gather(0, labels[None])[0]
        self.apart.scatter_(0, labels[None], _NOTHING)
        self.own, self.others = self.own_apart.exp(), self.apart.exp()
        self.rest = self.others.sum(0)
        self.total = self.rest + self.own

    @cached_property
    def doubtful(self) -> Tensor:
        """[n] sum of all exponentials but one of the largest, which are 1."""
        largest = (self.apart == 0).float()  # summed as floats: booleans take eight times as long
        ties, below = largest.sum(0), (self.others - largest).sum(0)
        return below + torch.where(self.own_apart == 0, ties, ties - 1 + self.own)

    @cached_property
    def el2n(self) -> Tensor:
        return torch.sqrt(self.rest.square() + self.others.square().sum(0)) / self.total

    def loss(self) -> Tensor:
        far = self.total.log() - self.own_apart
        return torch.where(self.own > 1e-6, torch.log1p(self.rest / self.own), far)

    def margin(self) -> Tensor:
        return (self.own - self.others.amax(0)) / self.total

    def margin_logit(self) -> Tensor:
        others = self.logits.scatter(0, self.labels[None], -torch.inf)
        return self.logits.gather(0, self.labels[None])[0] - others.amax(0)

    def entropy(self) -> Tensor:
        mean = ((self.others * self.apart).sum(0) + self.own * self.own_apart) / self.total
        return torch.log1p(self.doubtful) - mean

    def least_confidence(self) -> Tensor:
        return self.doubtful / self.total

    def gradnorm_ood(self) -> Tensor:
        assert self.one_norm is not None
        even = 1 / self.classes
        pull = (self.others / self.total).sub_(even).abs_().sum(0) - even  # nothing in the label's place adds 1 / C
        return self.one_norm * (pull + (self.own / self.total - even).abs())

    def grand_last(self) -> Tensor:
        assert self.square_norm is not None
        return self.el2n * self.square_norm.sqrt()


_LABEL_FREE = frozenset({"entropy", "least_confidence", "gradnorm_ood"})
_FORMS: dict[str, Callable[[_Block], Tensor]] = {
    "el2n": lambda block: block.el2n,
    "loss": _Block.loss,
    "margin": _Block.margin,
    "margin_logit": _Block.margin_logit,
    "entropy": _Block.entropy,
    "least_confidence": _Block.least_confidence,
    "gradnorm_ood": _Block.gradnorm_ood,
    "grand_last": _Block.grand_last,
}
QUICK = tuple(_FORMS)


def closed_forms(
    names: tuple[str, ...], logits: Tensor, labels: Tensor, one_norm: Tensor | None, square_norm: Tensor | None
) -> dict[str, Tensor]:
    """[N] float32 of each name in `QUICK`, from logits [N, C] and labels [N] (-1: unlabeled, NaN where one is needed).

    one_norm: [N] sum of |h|, for gradnorm_ood; square_norm: [N] sum of h^2, plus 1 with a bias, for grand_last.
    """
    out = {name: logits.new_empty(len(logits), dtype=torch.float32) for name in names}
    for start in range(0, len(logits), _BLOCK):
        part = slice(start, start + _BLOCK)
        norms = (None if norm is None else norm[part] for norm in (one_norm, square_norm))
        block = _Block(logits[part].float().T.contiguous(), labels[part].clamp(min=0), *norms)
        for name in names:
            out[name][part] = _FORMS[name](block)
    unlabeled = labels < 0
    if bool(unlabeled.any()):
        for name in set(names) - _LABEL_FREE:
            out[name][unlabeled] = torch.nan
    return out
