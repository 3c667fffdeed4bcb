"""Many scores, one number per example (METHODS 10.2)."""

from .agreement import agreement_with_others, kendall_w, spearman_matrix
from .combine import Composite, coefficients, combine, composite
from .correlation import RankCorrelation, TopOverlap, rank_correlation, top_overlap
from .normalise import TRANSFORMS, normalise
from .terms import Terms, build_terms

__all__ = [
    "TRANSFORMS",
    "Composite",
    "RankCorrelation",
    "Terms",
    "TopOverlap",
    "agreement_with_others",
    "build_terms",
    "coefficients",
    "combine",
    "composite",
    "kendall_w",
    "normalise",
    "rank_correlation",
    "spearman_matrix",
    "top_overlap",
]
