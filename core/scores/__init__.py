"""Floor 4: one number per example. SCORES is the only registration; its order is the order everywhere."""

from __future__ import annotations

from core.scores.aum import AUM
from core.scores.confidence import CONFIDENCE
from core.scores.correctness import CORRECTNESS
from core.scores.el2n import EL2N
from core.scores.entropy import ENTROPY
from core.scores.forgetting import FORGETTING
from core.scores.loss import LOSS
from core.scores.margin import MARGIN
from core.scores.method import ScoreInputs, ScoreMethod
from core.scores.variability import VARIABILITY
from core.types.errors import CurationError

SCORES: tuple[ScoreMethod, ...] = (
    EL2N,
    LOSS,
    MARGIN,
    ENTROPY,
    AUM,
    FORGETTING,
    CONFIDENCE,
    VARIABILITY,
    CORRECTNESS,
)


def score_named(name: str) -> ScoreMethod:
    """The registered score of that name. Raises `CurationError` naming the known ones."""
    for method in SCORES:
        if method.name == name:
            return method
    raise CurationError(f"There is no score called {name!r}.", f"Known scores: {', '.join(m.name for m in SCORES)}.")


__all__ = ["SCORES", "ScoreInputs", "ScoreMethod", "score_named"]
