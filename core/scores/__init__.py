"""Floor 4: one number per example. SCORES is the only registration; its order is the order everywhere."""

from __future__ import annotations

from core.scores.aum import AUM
from core.scores.confidence import CONFIDENCE
from core.scores.correctness import CORRECTNESS
from core.scores.duplicate_similarity import DUPLICATE_SIMILARITY
from core.scores.el2n import EL2N
from core.scores.entropy import ENTROPY
from core.scores.forgetting import FORGETTING
from core.scores.grand import GRAND
from core.scores.grand_last import GRAND_LAST
from core.scores.influence import INFLUENCE
from core.scores.knn_distance import KNN_DISTANCE
from core.scores.knn_shapley import KNN_SHAPLEY
from core.scores.label_quality import LABEL_QUALITY
from core.scores.loss import LOSS
from core.scores.margin import MARGIN
from core.scores.method import ScoreInputs, ScoreMethod
from core.scores.prototype_distance import PROTOTYPE_DISTANCE
from core.scores.tracin_self import TRACIN_SELF
from core.scores.variability import VARIABILITY
from core.scores.vog import VOG
from core.types.errors import CurationError

SCORES: tuple[ScoreMethod, ...] = (
    *(EL2N, GRAND, GRAND_LAST, LOSS, MARGIN, ENTROPY, VOG),
    *(AUM, FORGETTING, CONFIDENCE, VARIABILITY, CORRECTNESS),
    *(TRACIN_SELF, INFLUENCE),
    *(LABEL_QUALITY, KNN_SHAPLEY),
    *(KNN_DISTANCE, DUPLICATE_SIMILARITY, PROTOTYPE_DISTANCE),
)


def score_named(name: str) -> ScoreMethod:
    """The registered score of that name. Raises `CurationError` naming the known ones."""
    for method in SCORES:
        if method.name == name:
            return method
    raise CurationError(f"There is no score called {name!r}.", f"Known scores: {', '.join(m.name for m in SCORES)}.")


__all__ = ["SCORES", "ScoreInputs", "ScoreMethod", "score_named"]
