"""Floor 4: one number per example. SCORES is the only registration; its order is the order everywhere."""

from __future__ import annotations

from core.scores.accumulated_margin import ACCUMULATED_MARGIN
from core.scores.aum import AUM
from core.scores.averaged_margin import AVERAGED_MARGIN
from core.scores.banzhaf import BANZHAF
from core.scores.beta_shapley import BETA_SHAPLEY
from core.scores.cluster_rarity import CLUSTER_RARITY
from core.scores.confidence import CONFIDENCE
from core.scores.correctness import CORRECTNESS
from core.scores.data_shapley import DATA_SHAPLEY
from core.scores.dsir import DSIR
from core.scores.dual import DUAL
from core.scores.duplicate_similarity import DUPLICATE_SIMILARITY
from core.scores.dyn_unc import DYN_UNC
from core.scores.el2n import EL2N
from core.scores.el2n_sum import EL2N_SUM
from core.scores.entropy import ENTROPY
from core.scores.feature_density import FEATURE_DENSITY
from core.scores.first_learned import FIRST_LEARNED
from core.scores.forgetting import FORGETTING
from core.scores.gradient_shapley import GRADIENT_SHAPLEY
from core.scores.gradnorm_ood import GRADNORM_OOD
from core.scores.grand import GRAND
from core.scores.grand_last import GRAND_LAST
from core.scores.grand_predicted import GRAND_PREDICTED
from core.scores.influence import INFLUENCE
from core.scores.influence_self import INFLUENCE_SELF
from core.scores.knn_banzhaf import KNN_BANZHAF
from core.scores.knn_distance import KNN_DISTANCE
from core.scores.knn_label_agreement import KNN_LABEL_AGREEMENT
from core.scores.knn_shapley import KNN_SHAPLEY
from core.scores.label_quality import LABEL_QUALITY
from core.scores.least_confidence import LEAST_CONFIDENCE
from core.scores.leave_one_out import LEAVE_ONE_OUT
from core.scores.lof import LOF
from core.scores.loss import LOSS
from core.scores.loss_reduction import LOSS_REDUCTION
from core.scores.mahalanobis import MAHALANOBIS
from core.scores.margin import MARGIN
from core.scores.margin_logit import MARGIN_LOGIT
from core.scores.memorization import MEMORIZATION
from core.scores.method import ScoreInputs, ScoreMethod
from core.scores.outlier_gradient import OUTLIER_GRADIENT
from core.scores.own import is_own, method_of, own_method
from core.scores.prototype_distance import PROTOTYPE_DISTANCE
from core.scores.retrieval_importance import RETRIEVAL_IMPORTANCE
from core.scores.robust_suspicion import ROBUST_SUSPICION
from core.scores.tdds import TDDS
from core.scores.threshold_closeness import THRESHOLD_CLOSENESS
from core.scores.tracin import TRACIN
from core.scores.tracin_self import TRACIN_SELF
from core.scores.trak import TRAK
from core.scores.variability import VARIABILITY
from core.scores.vog import VOG, VOG_EARLY
from core.types.methods import Use
from core.types.registry import find
from core.types.scores import Score

SCORES: tuple[ScoreMethod, ...] = (
    *(EL2N, EL2N_SUM, GRAND, GRAND_LAST, LOSS, MARGIN, MARGIN_LOGIT, ENTROPY, LEAST_CONFIDENCE, VOG, VOG_EARLY),
    *(GRADNORM_OOD, GRAND_PREDICTED),
    *(AUM, ACCUMULATED_MARGIN, FORGETTING, FIRST_LEARNED),
    *(CONFIDENCE, VARIABILITY, THRESHOLD_CLOSENESS, CORRECTNESS),
    *(AVERAGED_MARGIN, DUAL, DYN_UNC, TDDS, LOSS_REDUCTION),
    *(TRACIN_SELF, INFLUENCE, OUTLIER_GRADIENT),
    *(TRACIN, INFLUENCE_SELF, TRAK, MEMORIZATION),
    *(LABEL_QUALITY, ROBUST_SUSPICION, KNN_LABEL_AGREEMENT),
    *(KNN_SHAPLEY, KNN_BANZHAF, RETRIEVAL_IMPORTANCE),
    *(LEAVE_ONE_OUT, DATA_SHAPLEY, GRADIENT_SHAPLEY, BETA_SHAPLEY, BANZHAF),
    *(KNN_DISTANCE, LOF, MAHALANOBIS, DUPLICATE_SIMILARITY, PROTOTYPE_DISTANCE, CLUSTER_RARITY),
    *(FEATURE_DENSITY, DSIR),
)


def score_named(name: str) -> ScoreMethod:
    """The registered score of that name. Raises `CurationError` naming the known ones."""
    return find(name, SCORES, "score")


def method_of_score(score: Score) -> ScoreMethod:
    """The entry behind a finished score of a run; for a person's own score, one made of what they declared."""
    return method_of(score, SCORES)


def name_used_for(use: Use) -> str:
    """The name of the score that is taken for this."""
    return next(method.name for method in SCORES if use in method.uses)


def coverage_scores() -> tuple[str, ...]:
    """Names of the scores whose strata coverage selection spreads over, the first choice first."""
    ranked = [method for method in SCORES if method.coverage_rank]
    return tuple(method.name for method in sorted(ranked, key=lambda method: method.coverage_rank))


__all__ = [
    "SCORES",
    "ScoreInputs",
    "ScoreMethod",
    "coverage_scores",
    "is_own",
    "method_of_score",
    "name_used_for",
    "own_method",
    "score_named",
]
